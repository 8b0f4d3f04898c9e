"""A real OpenAI-compatible HTTP server on this machine, which answers by script: well, sloppily, or not at all.

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
    """Of an error."""
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
        prompt = "\n".join(str(m["content"]) for m in request["messages"])
        numbers = "".join(f"[{n}]" for n, _ in passages_of(request)) or "[1]"
        said = [order for order in orders if order.casefold() in prompt.casefold()]
        return Reply(" ".join(f"{order} {numbers}" for order in said) or "NONE")

    return reply


def passages_of(request: dict[str, Any]) -> list[tuple[int, str]]:
    """Number and text of the passages in a request, read as a model would read them."""
    prompt = "\n".join(str(m["content"]) for m in request["messages"] if m["role"] == "user")
    found = re.findall(r"<<<passage (\d+) (\w+)>>>\n(.*?)\n<<<end \1 \2>>>", prompt, re.S)
    return [(int(n), text.split("\n", 1)[-1]) for n, _, text in found]


class ModelServer:
    """The server; a context manager. Serves `/v1/chat/completions` and `/v1/models` on a free port of this machine."""

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

    @property
    def prompts(self) -> list[str]:
        """All that was asked, each request as one text."""
        return ["\n".join(str(m["content"]) for m in r["messages"]) for r in self.requests]

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
                self._stream(reply, request)
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
        message = {"role": "assistant", "content": reply.text}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish}
        self._json(200, _envelope("chat.completion", [choice]) | _usage(reply))

    def _stream(self, reply: Reply, request: dict[str, Any]) -> None:
        orderly = reply.cut is not None and not reply.abrupt
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if orderly:  # without a length, the end of the connection is the end of the body
            self.send_header("Connection", "close")
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        for n, piece in enumerate(_pieces(reply)):
            if reply.cut is not None and n == reply.cut:
                return
            self._wait(reply.pause)
            if self.owner._closing.is_set():
                return
            data = b"{not json" if reply.garbage else json.dumps(_chunk(piece)).encode()
            self._event(data, chunked=not orderly)
        self._event(json.dumps(_chunk("", reply.finish)).encode(), chunked=not orderly)
        if reply.usage and (request.get("stream_options") or {}).get("include_usage"):
            self._event(
                json.dumps(_envelope("chat.completion.chunk", []) | _usage(reply)).encode(),
                chunked=not orderly,
            )
        self._event(b"[DONE]", chunked=not orderly)
        self.wfile.write(b"0\r\n\r\n")

    def _wait(self, seconds: float) -> None:
        if seconds:
            self.owner._closing.wait(seconds)

    def _event(self, data: bytes, *, chunked: bool) -> None:
        line = b"data: " + data + b"\n\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line) if chunked else line)
        self.wfile.flush()

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


def _envelope(kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "x", "object": kind, "created": int(time.time()), "model": "scripted", "choices": choices}


def _chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    delta = {"role": "assistant", "content": text} if finish is None else {}
    return _envelope("chat.completion.chunk", [{"index": 0, "delta": delta, "finish_reason": finish}])


def _usage(reply: Reply) -> dict[str, Any]:
    words = len(reply.text.split())
    return {"usage": {"prompt_tokens": 100, "completion_tokens": words, "total_tokens": 100 + words}}
