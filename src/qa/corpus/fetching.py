"""Pages from the web only: an address that leads into this machine or its network is refused."""

from __future__ import annotations

import ipaddress
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from qa.corpus.blocks import Unreadable

_REDIRECTS = 5
_SECONDS = 30.0
_HEADERS = (("User-Agent", "qa (document reader)"), ("Accept", "*/*"), ("Accept-Encoding", "identity"))
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Page:
    """What an address gave: bytes, content type with its parameters, and the address after redirects."""

    data: bytes
    content_type: str
    address: str


def fetch(address: str, *, max_bytes: int, allow_private: bool = False, seconds: float = _SECONDS) -> Page:
    """The document at `address`.

    Every connection goes to an address that was checked when its name was resolved, so that a name cannot change
    its meaning in between. Proxies and credentials in the environment are not used.

    Args:
        address: http or https.
        max_bytes: more is refused, however it is compressed.
        allow_private: permit loopback, private and link-local addresses.
        seconds: for everything together, however slowly it comes.

    Raises:
        Unreadable: with reason and remedy.
    """
    deadline = time.monotonic() + seconds
    with httpcore.ConnectionPool(network_backend=_Backend(deadline, allow_private), retries=0) as pool:
        for _ in range(_REDIRECTS + 1):
            try:
                with pool.stream("GET", _url(address), headers=_HEADERS) as response:
                    headers = httpx.Headers(response.headers)
                    if response.status in _MOVED and "location" in headers:
                        address = _moved(address, headers["location"])
                        continue
                    if response.status != 200:
                        raise Unreadable(f"the server answered {response.status}", "Check the address in a browser")
                    body = _body(response.iter_stream(), headers.get("content-encoding", ""), max_bytes)
                    return Page(body, headers.get("content-type", ""), address)
            except httpcore.TimeoutException as error:
                raise Unreadable(f"no answer within {seconds:g} s", "Try again, or save the page as a file") from error
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
                detail = str(error) or type(error).__name__
                raise Unreadable(f"it cannot be reached: {detail}", "Check the address and the network") from error
    raise Unreadable(f"it redirects more than {_REDIRECTS} times", "Give the address it ends at")


class _Backend(httpcore.SyncBackend):
    """Connects to checked addresses alone, and gives every operation what is left of the time."""

    def __init__(self, deadline: float, allow_private: bool) -> None:
        super().__init__()
        self._deadline = deadline
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        ip = _resolve(host, self._allow_private)
        stream = super().connect_tcp(ip, port, _left(self._deadline), local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection whose every operation ends with the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Stream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


def _url(address: str) -> httpcore.URL:
    _host(address)
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise Unreadable(f"it is no address: {error}", "Write it as https://host/page") from error
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _moved(address: str, to: str) -> str:
    try:
        return urljoin(address, to)
    except ValueError as error:
        raise Unreadable(f"it redirects to what is no address: {to[:80]!r}", "Give the address it ends at") from error


def _host(address: str) -> str:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # a wrong port raises, too
    except ValueError as error:
        raise Unreadable(f"it is no address: {error}", "Write it as https://host/page") from error
    if parts.scheme not in ("http", "https") or not host:
        raise Unreadable(f"{address[:80]!r} is not http or https", "Give an http or https address, or a path")
    if parts.username or parts.password:
        raise Unreadable("it holds a user name or password", "Save the page as a file and add that")
    return host


def _resolve(host: str, allow_private: bool) -> str:
    """An address of `host`, of which every address was checked."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreadable(f"the name {host} is not known", "Check the address and the network") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private and (inside := [a for a in addresses if not _is_public(a)]):
        raise Unreadable(
            f"{host} leads to {inside[0]}, an address inside this machine or network",
            "Save the page as a file and add that",
        )
    return addresses[0].partition("%")[0]


_CARRIERS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96")))
"""Networks whose addresses end in one of IPv4: NAT64 and its kin (RFC 6052, RFC 2765)."""
_REFUSED = tuple(
    map(
        ipaddress.ip_network,
        ("64:ff9b:1::/48", "::/96", "fec0::/10", "3fff::/20", "5f00::/16", "192.0.0.0/24", "192.88.99.0/24"),
    )
)
"""NAT64 of one's own network (RFC 8215), what IPv6 once held of IPv4, and those of the registries of special addresses
that a Python may call global: it knows the registries of its own day."""


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and any(ip in network for network in _CARRIERS):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _REFUSED)


def _body(chunks: Iterable[bytes], encoding: str, max_bytes: int) -> bytes:
    data = bytearray()
    for chunk in _unpacked(chunks, encoding.strip().lower(), max_bytes + 1):
        data += chunk
        if len(data) > max_bytes:
            raise Unreadable(f"it is over {max_bytes / 1e6:g} MB", "Raise max_document_mb, or save a part as a file")
    return bytes(data)


def _unpacked(chunks: Iterable[bytes], encoding: str, most: int) -> Iterator[bytes]:
    """What was sent, unpacked piece by piece: never more than `most` bytes at a time."""
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unreadable(f"it comes packed as {encoding[:20]!r}, unasked", "Save the page as a file and add that")
    unpacker = zlib.decompressobj(47)  # gzip or zlib, by its first bytes
    try:
        for chunk in chunks:
            yield unpacker.decompress(chunk, most)
    except zlib.error as error:
        raise Unreadable(f"it is packed as {encoding} and damaged", "Try again, or save the page as a file") from error
