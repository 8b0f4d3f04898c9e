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
import math
import os
import re
import secrets
import time
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

COOKIE: Final = "qa"
"""Holds the secret by which a browser is known again where nobody signs in."""

_SCRIPT: Final = re.compile(rb"<script(?=[\s>])")

GUESSES, PLACES, PERIOD = 5, 50, 60.0
"""Wrong passwords for one account from one address, and from one address for any, before it must wait; seconds."""
HASHING: Final = 2
"""Passwords that are checked at the same time; each takes a core and 64 MB."""


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

    def known(self, name: str, password: str) -> bool:
        """Whether this pair was found right before; costs next to nothing."""
        return self._digest(name, password) in self._known

    def knows(self, name: str, password: str) -> bool:
        """Whether this is the user's password. Takes as long for a user who is not there."""
        hashed = self._hashes.get(name)
        try:
            self._hasher.verify(hashed or self._nobody, password)
        except (Argon2Error, InvalidHashError):
            return False
        if hashed is None:
            return False
        self._known.add(self._digest(name, password))
        return True

    def _digest(self, name: str, password: str) -> bytes:
        return hmac.digest(self._key, hashlib.sha256(f"{name}\0{password}".encode()).digest(), "sha256")


class Misses:
    """Counts wrong passwords by account and address, so that guessing stops and nobody else waits."""

    def __init__(self) -> None:
        self._missed: dict[tuple[str, str], list[float]] = {}

    def wait(self, name: str, address: str, now: float) -> float:
        """Seconds until this address may try this account again; 0 where it may."""
        return max(self._left((name, address), GUESSES, now), self._left(("", address), PLACES, now))

    def add(self, name: str, address: str, now: float) -> None:
        """A wrong password."""
        if len(self._missed) > 10_000:
            self._missed = {key: times for key, times in self._missed.items() if now - times[-1] < PERIOD}
        for key in ((name, address), ("", address)):
            self._missed.setdefault(key, []).append(now)

    def _left(self, key: tuple[str, str], most: int, now: float) -> float:
        times = [time for time in self._missed.get(key, ()) if now - time < PERIOD]
        return PERIOD - (now - times[-most]) if len(times) >= most else 0.0


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


def refuse_unguarded(settings: Settings) -> None:
    """Refuses settings under which strangers would get in unasked.

    Raises:
        GuardError: what is wrong and what to do.
    """
    if not (is_loopback(settings.host) or settings.users or settings.proxy_header or settings.open):
        raise GuardError(
            f"on {settings.host} other machines reach the page and nobody signs in; give --users FILE or "
            "--proxy-header NAME, or --open if everybody may use it"
        )
    if settings.mcp and not find_spec("mcp"):
        raise GuardError("--mcp needs a library: pip install 'qa[mcp]'")


class Guard:
    """ASGI middleware: host, origin, who it is, then security headers on whatever goes out.

    Who it is goes on in the scope as `qa.owner`: the user, or, where nobody signs in, a digest of the browser's secret;
    empty for a program that has neither.

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
        self._misses = Misses()
        self._hashing = asyncio.Semaphore(HASHING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        shown = "text/html" in headers.get("accept", "")
        if shown:
            # the nonce is written into the page, which must not come compressed
            kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        outward = _Outward(send, secrets.token_urlsafe(16))
        refusal: PlainTextResponse | None = self._misplaced(scope, headers)
        owner = ""
        if refusal is None and scope["path"] not in OPEN:
            named = await self._signed_in(headers, (scope.get("client") or ("",))[0])
            if isinstance(named, PlainTextResponse):
                refusal = named
            elif named:
                owner = f"user {named}"
            else:
                secret = _cookie(headers)
                if not secret and shown:
                    secret = secrets.token_urlsafe(32)
                    outward.cookie = _remembered(secret, safe=scope["scheme"] == "https")
                owner = secret and f"browser {hashlib.sha256(secret.encode()).hexdigest()}"
        await (refusal or self.app)({**scope, "qa.owner": owner}, receive, outward)

    def _misplaced(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        origin = headers.get("origin")
        try:
            host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
            elsewhere = origin is not None and urlsplit(origin).netloc != headers.get("host")
        except ValueError:
            return PlainTextResponse("the header Host or Origin is no address", 400)
        if "*" not in self.hosts and host not in self.hosts:
            return PlainTextResponse(f"this page does not answer to the name {host!r}; start it with --allow-host", 421)
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and elsewhere:
            return PlainTextResponse("requests from other sites are refused", 403)
        return None

    async def _signed_in(self, headers: Headers, address: str) -> str | PlainTextResponse:
        """The user's name, empty where nobody signs in; or why they do not come in."""
        if self.proxy_header:
            return headers.get(self.proxy_header, "").strip() or PlainTextResponse("sign in", 401)
        if self.users is None:
            return ""
        ask = PlainTextResponse("sign in", 401, {"WWW-Authenticate": 'Basic realm="qa", charset="UTF-8"'})
        pair = _credentials(headers.get("authorization", ""))
        if pair is None:
            return ask
        name = pair[0]
        if self.users.known(*pair):
            return name
        if not self._misses.wait(name, address, time.monotonic()):  # whoever must wait takes no place
            async with self._hashing:
                # asked once more: of many who came at the same time, the first few have been wrong by now
                if not self._misses.wait(name, address, time.monotonic()):
                    if await asyncio.to_thread(self.users.knows, *pair):
                        return name
                    self._misses.add(name, address, time.monotonic())
                    return ask
        wait = max(1, math.ceil(self._misses.wait(name, address, time.monotonic())))
        return PlainTextResponse("too many wrong passwords", 429, {"Retry-After": str(wait)})


def _cookie(headers: Headers) -> str:
    """The browser's secret; empty where it has none, or one that we would not have made."""
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE and re.fullmatch(r"[\w-]{43}", value):
            return value
    return ""


def _remembered(secret: str, *, safe: bool) -> str:
    year = 400 * 24 * 3600
    return f"{COOKIE}={secret}; Path=/; Max-Age={year}; HttpOnly; SameSite=Lax" + ("; Secure" if safe else "")


class _Outward:
    """Adds headers to a response, and the nonce to the scripts of an HTML page."""

    def __init__(self, send: Send, nonce: str) -> None:
        self.cookie = ""
        self._send = send
        self._nonce = nonce
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers["Content-Security-Policy"] = POLICY.format(nonce=self._nonce)
            if self.cookie:
                headers.append("Set-Cookie", self.cookie)
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
