"""A real HTTP server on this machine that answers by script: well, sloppily, or not at all.

It speaks the protocol of OpenAI, and Anthropic's of messages and events.

    with ModelServer(good("It rained [1].")) as server:
        config = load_config(llm_url=server.url, llm_model="scripted")

Each call takes the next reply of the script; the last one is given for ever. `server.requests` keeps what was asked.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """One answer of the server, and how it goes wrong."""

    text: str = ""
    status: int = 200
    pause: float = 0.0
    """Seconds before each piece."""
    cut: int | None = None
    """Pieces after which the connection is dropped."""
    abrupt: bool = True
    """Whether the drop is an error of the protocol, or looks like an orderly end."""
    endless: bool = False
    garbage: bool = False
    """Send what is no JSON."""
    finish: str = "stop"
    usage: bool = True
    body: dict[str, Any] = field(default_factory=dict)
    """Of an error; with status 200, of one that ends an answer that began well."""
    size: int = 7
    """Characters in a piece: words and markers are cut anywhere."""


Script = Reply | Callable[[dict[str, Any]], Reply]
"""A reply, or what makes one of the request."""


def good(text: str, **options: Any) -> Reply:
    """The text, in small pieces, with usage, and an orderly end."""
    return Reply(text, **options)


def slow(text: str, pause: float = 0.2) -> Reply:
    """As `good`, waiting before each piece."""
    return Reply(text, pause=pause)


def cut(text: str, after: int, *, abrupt: bool = True) -> Reply:
    """The connection drops after so many pieces."""
    return Reply(text, cut=after, abrupt=abrupt)


def limited() -> Reply:
    """Too many requests."""
    return Reply(status=429, body={"error": {"message": "slow down", "type": "rate_limit"}})


def overloaded(key: str = "") -> Reply:
    """As Anthropic says it."""
    return Reply(status=529, body={"type": "error", "error": {"type": "overloaded_error", "message": f"busy {key}"}})


def failing(text: str) -> Reply:
    """The text, and then the words that the server fails, in the same stream."""
    return Reply(text, body={"error": {"type": "overloaded_error", "message": "busy"}})


def broken() -> Reply:
    """The server fails."""
    return Reply(status=500, body={"error": {"message": "oops"}})


def refused(key: str = "") -> Reply:
    """The key is wrong; a careless server repeats it."""
    return Reply(status=401, body={"error": {"message": f"Incorrect API key provided: {key}"}})


def garbage() -> Reply:
    """What is no JSON."""
    return Reply(garbage=True)


def empty() -> Reply:
    """Not a word."""
    return Reply("")


def endless(text: str = "It rains and rains [1]. ") -> Reply:
    """The text again and again, without end."""
    return Reply(text, endless=True)


def copying(sentences: int = 1, passages: int = 2) -> Callable[[dict[str, Any]], Reply]:
    """The first sentences of the first passages it was sent, each with its number: right whatever the corpus."""

    def reply(request: dict[str, Any]) -> Reply:
        lines = []
        for number, text in passages_of(request)[:passages]:
            first = re.findall(r"[^.!?]+[.!?]+[”\"]?", " ".join(text.split()))[:sentences]
            lines += [f"{sentence.strip()} [{number}]" for sentence in first]
        return Reply("\n".join(lines) or "NONE")

    return reply


def obedient(*orders: str) -> Callable[[dict[str, Any]], Reply]:
    """A model that does what any text tells it: says each of the orders that it finds, and cites all passages."""

    def reply(request: dict[str, Any]) -> Reply:
        prompt = prompt_of(request)
        numbers = "".join(f"[{n}]" for n, _ in passages_of(request)) or "[1]"
        said = [order for order in orders if order.casefold() in prompt.casefold()]
        return Reply(" ".join(f"{order} {numbers}" for order in said) or "NONE")

    return reply


def passages_of(request: dict[str, Any]) -> list[tuple[int, str]]:
    """Number and text of the passages in a request, read as a model would read them."""
    prompt = "\n".join(_text(m["content"]) for m in request["messages"] if m["role"] == "user")
    found = re.findall(r"<<<passage (\d+) (\w+)>>>\n(.*?)\n<<<end \1 \2>>>", prompt, re.S)
    return [(int(n), text.split("\n", 1)[-1]) for n, _, text in found]


def prompt_of(request: dict[str, Any]) -> str:
    """All that a request says, as one text; Anthropic's rules stand beside the messages."""
    return "\n".join(_text(part) for part in [request.get("system", ""), *(m["content"] for m in request["messages"])])


def _text(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(block["text"] for block in content)


class ModelServer:
    """The server; a context manager. Serves `/v1/chat/completions`, `/v1/messages` and `/v1/models` on a free port."""

    def __init__(self, *script: Script) -> None:
        self.script: Sequence[Script] = script or (copying(),)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Its OpenAI-compatible address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def settings(self, provider: str) -> dict[str, str]:
        """What leads `qa` here; Anthropic's client wants the address without its version."""
        address = self.url.removesuffix("/v1") if provider == "anthropic" else self.url
        return {"llm_provider": provider, "llm_url": address, "llm_model": "scripted"}

    @property
    def prompts(self) -> list[str]:
        """All that was asked, each request as one text."""
        return [prompt_of(request) for request in self.requests]

    def next(self, request: dict[str, Any], headers: dict[str, str]) -> Reply:
        """The reply to a request, which is noted."""
        with self._lock:
            place = min(len(self.requests), len(self.script) - 1)
            self.requests.append(request)
            self.headers.append(headers)
        reply = self.script[place]
        return reply if isinstance(reply, Reply) else reply(request)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ModelServer

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = self.owner.next(request, dict(self.headers))
        try:
            if reply.status != 200:
                self._json(reply.status, reply.body)
            elif request.get("stream"):
                self._stream(reply, self._events(reply, request))
            else:
                self._whole(reply)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # whoever asked has left

    def _whole(self, reply: Reply) -> None:
        if reply.pause:
            self._wait(reply.pause)
        if reply.garbage:
            self._send(200, b"{not json", "application/json")
            return
        if self._anthropic:
            ended = {"content": [{"type": "text", "text": reply.text}], "stop_reason": _ended(reply)}
            self._json(200, _message(reply) | ended)
            return
        message = {"role": "assistant", "content": reply.text}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish}
        self._json(200, _envelope("chat.completion", [choice]) | _usage(reply))

    @property
    def _anthropic(self) -> bool:
        return self.path == "/v1/messages"

    def _events(self, reply: Reply, request: dict[str, Any]) -> Iterator[bytes]:
        if self._anthropic:
            yield from _anthropic_events(reply)
            return
        for piece in _pieces(reply):
            yield b"data: {not json\n\n" if reply.garbage else _data(_chunk(piece))
        if reply.body:
            yield _data(reply.body)
            return
        yield _data(_chunk("", reply.finish))
        if reply.usage and (request.get("stream_options") or {}).get("include_usage"):
            yield _data(_envelope("chat.completion.chunk", []) | _usage(reply))
        yield b"data: [DONE]\n\n"

    def _stream(self, reply: Reply, events: Iterator[bytes]) -> None:
        orderly = reply.cut is not None and not reply.abrupt
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if orderly:  # without a length, the end of the connection is the end of the body
            self.send_header("Connection", "close")
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        for n, event in enumerate(events):  # as many as there are pieces, and those that end
            if reply.cut is not None and n == reply.cut:
                return
            self._wait(reply.pause)
            if self.owner._closing.is_set():
                return
            self.wfile.write(event if orderly else b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _wait(self, seconds: float) -> None:
        if seconds:
            self.owner._closing.wait(seconds)

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _pieces(reply: Reply) -> Iterator[str]:
    if reply.garbage:
        yield "x"
    while True:
        for i in range(0, len(reply.text), reply.size):
            yield reply.text[i : i + reply.size]
        if not reply.endless:
            return


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _envelope(kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "x", "object": kind, "created": int(time.time()), "model": "scripted", "choices": choices}


def _chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    delta = {"role": "assistant", "content": text} if finish is None else {}
    return _envelope("chat.completion.chunk", [{"index": 0, "delta": delta, "finish_reason": finish}])


def _message(reply: Reply) -> dict[str, Any]:
    usage = {"input_tokens": 100, "output_tokens": len(reply.text.split())}
    about = {"id": "x", "type": "message", "role": "assistant", "model": "scripted"}
    return about | {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}


def _anthropic_events(reply: Reply) -> Iterator[bytes]:
    """As the documentation of the Messages API draws a stream; what opens it goes with the first piece."""

    def event(kind: str, **rest: Any) -> bytes:
        data = "{not json" if reply.garbage else json.dumps({"type": kind} | rest)
        return f"event: {kind}\ndata: {data}\n\n".encode()

    opening = event("message_start", message=_message(reply))
    opening += event("content_block_start", index=0, content_block={"type": "text", "text": ""}) + event("ping")
    for piece in _pieces(reply):
        yield opening + event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        opening = b""
    if reply.body:
        yield event("error", **reply.body)
        return
    yield opening + event("content_block_stop", index=0)
    ended = {"stop_reason": _ended(reply), "stop_sequence": None}
    yield event("message_delta", delta=ended, usage={"output_tokens": len(reply.text.split())})
    yield event("message_stop")


def _ended(reply: Reply) -> str:
    return {"stop": "end_turn", "length": "max_tokens"}[reply.finish]


def _usage(reply: Reply) -> dict[str, Any]:
    words = len(reply.text.split())
    return {"usage": {"prompt_tokens": 100, "completion_tokens": words, "total_tokens": 100 + words}}
