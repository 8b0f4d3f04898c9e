"""What of Gradio can be reached from outside: what the page and its programs need, and no file by its path."""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API: Final = "/gradio_api/"
OFFERED: Final = ("info", "startup-events", "heartbeat", "queue", "call", "run", "cancel", "reset", "app_id")
"""What lies below `/gradio_api/` and may be asked for; its uploads, files, proxy and dashboards may not."""
CLOSED: Final = ("/monitoring", "/svelte", "/login", "/logout", "/custom_component", "/dev", "/pwa_icon")
LONGEST: Final = 1_000_000
"""Bytes of a request to Gradio; what is larger is no question."""
SESSIONS: Final = 10_000


class Gate:
    """ASGI middleware in front of Gradio, behind the guard that says whose a request is.

    Gradio takes a path in a request for a file that was uploaded, and whoever knows a session's name may read what is
    sent to it. Here no request carries a file, and a session belongs to whoever first used it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._owners: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith((API, *CLOSED)):
            await self.app(scope, receive, send)
            return
        first, _, rest = path.removeprefix(API).strip("/").partition("/")
        if not path.startswith(API) or first not in OFFERED:
            await PlainTextResponse("there is no such page", 404)(scope, receive, send)
            return
        sessions = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
        sessions += [rest] if first == "heartbeat" else []
        if scope["method"] == "POST":
            body = await _whole(receive)
            try:
                data = json.loads(body) if body is not None and body.strip() else None
            except (ValueError, RecursionError):
                data, body = None, None
            if body is None or _carries_file(data):
                why = "a request is JSON of at most a megabyte, and carries no file; the page has its own upload"
                await PlainTextResponse(why, 400)(scope, receive, send)
                return
            if isinstance(data, dict) and data.get("session_hash") is not None:
                sessions.append(str(data["session_hash"]))
            receive = _again(body, receive)
        if (first, rest) == ("queue", "data") and not all(session in self._owners for session in sessions):
            await PlainTextResponse("nothing was asked under this session", 404)(scope, receive, send)
            return
        if not all(self._belongs(session, scope.get("qa.owner", "")) for session in sessions):
            await PlainTextResponse("this session is somebody else's", 403)(scope, receive, send)
            return

        answered = False

        async def answer(message: Message) -> None:
            nonlocal answered
            answered = True
            # Gradio calls it its own fault when a call lacks a value, or has one that cannot be used
            if message["type"] == "http.response.start" and message["status"] == 500:
                message = {**message, "status": 400}
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception as error:  # let through, it would end the caller's connection, and with it the next call
            logging.getLogger(__name__).warning("%s: %s: %r", path, type(error).__name__, str(error)[:200])
            if not answered:
                await PlainTextResponse("this call cannot be understood", 400)(scope, receive, send)

    def _belongs(self, session: str, owner: str) -> bool:
        first = self._owners.setdefault(session, owner)
        self._owners.move_to_end(session)
        if len(self._owners) > SESSIONS:
            self._owners.popitem(last=False)
        return first == owner


def _carries_file(data: Any) -> bool:
    """Whether Gradio would take anything in it for a file: an object with a path and what it is."""
    found = [data]
    while found:
        one = found.pop()
        if isinstance(one, dict):
            if "path" in one or "_type" in one:
                return True
            found += one.values()
        elif isinstance(one, list):
            found += one
    return False


async def _whole(receive: Receive) -> bytes | None:
    """The body; None where it is too long or breaks off."""
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or len(body) > LONGEST:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever comes."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return left.pop() if left else await receive()

    return replay
