"""Who may come in, and what the browser is told it may do.

Users stand in a file, a line each: `name:$argon2id$...`. They sign in by HTTP Basic, so that the page, its
API, MCP and the OpenAI-compatible endpoint share one door; a program may send `Bearer name:password`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa import QAError
from qa.page.settings import Settings

OPEN: Final = ("/health",)
"""Paths that answer without signing in."""

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

# Gradio builds its templates with `new Function`, hence unsafe-eval; a script that is written into the page
# needs the nonce, so markup that slipped through could not run an `onerror`.
POLICY: Final = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

_SCRIPT: Final = re.compile(rb"<script(?=[\s>])")
_FAILURE_PAUSE: Final = 1.0
"""Seconds that a wrong password costs."""


class GuardError(QAError):
    """A setting under which the page must not be served; the message says what to do."""


class Users:
    """Names and Argon2 hashes from a file."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))
        self._key = secrets.token_bytes(32)
        self._known: set[bytes] = set()

    @classmethod
    def read(cls, path: Path) -> Users:
        """The users of a file.

        Raises:
            GuardError: it cannot be read, is empty, or holds a line that is not `name:$argon2...`.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise GuardError(f"the file of users {path} cannot be read: {error}") from error
        hashes = {}
        for number, line in enumerate(lines, start=1):
            name, colon, hashed = line.strip().partition(":")
            if not line.strip() or line.startswith("#"):
                continue
            if not (name and colon and hashed.startswith("$argon2")):
                raise GuardError(
                    f"line {number} of {path} is not name:$argon2...; make one with `qa serve --add-user NAME`"
                )
            hashes[name] = hashed
        if not hashes:
            raise GuardError(f"{path} names no user; add one with `qa serve --add-user NAME`")
        return cls(hashes)

    def check(self, name: str, password: str) -> bool:
        """Whether this is the user's password. Takes as long for a user who is not there."""
        digest = hmac.digest(self._key, hashlib.sha256(f"{name}\0{password}".encode()).digest(), "sha256")
        if digest in self._known:
            return True
        hashed = self._hashes.get(name)
        try:
            self._hasher.verify(hashed or self._nobody, password)
        except (Argon2Error, InvalidHashError):
            return False
        if hashed is None:
            return False
        self._known.add(digest)
        return True


def hash_line(name: str, password: str) -> str:
    """The line of a user for the file.

    Raises:
        GuardError: the name cannot stand in the file, or the password is short.
    """
    if not re.fullmatch(r"[\w.@-]{1,64}", name):
        raise GuardError(f"the name {name!r} must be letters, digits and . _ - @ only")
    if len(password) < 10:
        raise GuardError(f"the password has {len(password)} characters; take at least 10")
    return f"{name}:{PasswordHasher().hash(password)}"


def add_user(path: Path, name: str, password: str) -> None:
    """Writes a user into the file, in the place of one of that name. The file is made for its owner alone."""
    line = hash_line(name, password)
    kept = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [old for old in kept if old.partition(":")[0] != name]
    new = path.with_name(f".{path.name}.new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join([*kept, line]) + "\n")
    new.replace(path)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check(settings: Settings) -> None:
    """Refuses settings under which strangers would get in unasked.

    Raises:
        GuardError: what is wrong and what to do.
    """
    if not (is_loopback(settings.host) or settings.users or settings.proxy_header or settings.open):
        raise GuardError(
            f"on {settings.host} other machines reach the page and nobody signs in; give --users FILE or "
            "--proxy-header NAME, or --open if everybody may use it"
        )
    if settings.mcp and not find_spec("mcp"):  # an optional part: without it Gradio would go on silently
        raise GuardError("--mcp needs a library: pip install 'qa[mcp]'")


class Guard:
    """ASGI middleware: host, origin, sign-in, then security headers on whatever goes out.

    Args:
        hosts: names by which the page may be asked for; anything else is refused (DNS rebinding).
        users: who may sign in; None: everybody.
        proxy_header: header in which a proxy in front names who signed in there; empty: none.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], users: Users | None = None, proxy_header: str = "") -> None:
        self.app = app
        self.hosts = hosts
        self.users = users
        self.proxy_header = proxy_header
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "text/html" in headers.get("accept", ""):
            # the nonce is written into the page, which must not come compressed
            kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        nonce = secrets.token_urlsafe(16)
        outward = _Outward(send, nonce)
        refusal = self._misplaced(scope, headers)
        if refusal is None and scope["path"] not in OPEN and not await self._signed_in(headers):
            ask = {} if self.proxy_header else {"WWW-Authenticate": 'Basic realm="qa", charset="UTF-8"'}
            refusal = PlainTextResponse("sign in", 401, ask)
        await (refusal or self.app)(scope, receive, outward)

    def _misplaced(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        if "*" not in self.hosts and host not in self.hosts:
            return PlainTextResponse(f"this page does not answer to the name {host!r}; start it with --allow-host", 421)
        origin = headers.get("origin")
        if (
            scope["method"] not in ("GET", "HEAD", "OPTIONS")
            and origin is not None
            and urlsplit(origin).netloc != headers.get("host")
        ):
            return PlainTextResponse("requests from other sites are refused", 403)
        return None

    async def _signed_in(self, headers: Headers) -> bool:
        if self.proxy_header:
            return bool(headers.get(self.proxy_header, "").strip())
        if self.users is None:
            return True
        pair = _credentials(headers.get("authorization", ""))
        if pair is None:
            return False
        async with self._one_at_a_time:
            if await asyncio.to_thread(self.users.check, *pair):
                return True
            await asyncio.sleep(_FAILURE_PAUSE)
        return False


class _Outward:
    """Adds headers to a response, and the nonce to the scripts of an HTML page."""

    def __init__(self, send: Send, nonce: str) -> None:
        self._send = send
        self._nonce = nonce
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers["Content-Security-Policy"] = POLICY.format(nonce=self._nonce)
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = _SCRIPT.sub(f'<script nonce="{self._nonce}"'.encode(), self._body)
            headers = MutableHeaders(scope=self._start)
            headers["content-length"] = str(len(body))
            headers["cache-control"] = "no-store"
            await self._send(self._start)
            message = {"type": "http.response.body", "body": body}
            self._start = None
        await self._send(message)


def _credentials(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return None
    elif scheme.lower() != "bearer":
        return None
    name, colon, password = value.partition(":")
    return (name, password) if colon else None
