"""Pages from the web only: an address that leads into this machine or its network is refused."""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from qa.corpus.formats import Unreadable

if TYPE_CHECKING:
    import httpx

_REDIRECTS = 5
_SECONDS = 30.0
_HEADERS = {"User-Agent": "qa (document reader)", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Page:
    """What an address gave: bytes, content type without parameters, and the address after redirects."""

    data: bytes
    content_type: str
    address: str


def fetch(address: str, *, max_bytes: int, allow_private: bool = False, seconds: float = _SECONDS) -> Page:
    """The document at `address`.

    Every hop is resolved here, each address it resolves to is checked, and the connection goes to the very
    address that was checked, so that a name cannot change its meaning in between. Proxies and credentials in
    the environment are not used.

    Args:
        address: http or https.
        max_bytes: more is refused, however it is compressed.
        allow_private: permit loopback, private and link-local addresses.
        seconds: for everything together.

    Raises:
        Unreadable: with reason and remedy.
    """
    import httpx  # late: asking a question needs none of it

    deadline = time.monotonic() + seconds
    with httpx.Client(trust_env=False, follow_redirects=False, timeout=min(10.0, seconds), headers=_HEADERS) as client:
        for _ in range(_REDIRECTS + 1):
            ip = _resolve(_host(address), allow_private)
            url = httpx.URL(address)
            try:
                with client.stream(
                    "GET",
                    url.copy_with(host=ip, fragment=None),
                    headers={"Host": url.netloc.decode("ascii")},
                    extensions={"sni_hostname": url.raw_host.decode("ascii")},
                ) as response:
                    if response.is_redirect:
                        address = urljoin(address, response.headers["location"])
                        continue
                    if response.status_code != 200:
                        raise Unreadable(
                            f"the server answered {response.status_code}", "Check the address in a browser"
                        )
                    return Page(_body(response, max_bytes, deadline), _content_type(response), address)
            except httpx.TimeoutException as error:
                raise Unreadable(f"no answer within {seconds:g} s", "Try again, or save the page as a file") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                detail = str(error) or type(error).__name__
                raise Unreadable(f"it cannot be reached: {detail}", "Check the address and the network") from error
    raise Unreadable(f"it redirects more than {_REDIRECTS} times", "Give the address it ends at")


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


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        # addresses that carry an IPv4 address inside: mapped, 6to4, NAT64
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def _body(response: httpx.Response, max_bytes: int, deadline: float) -> bytes:
    data = bytearray()
    for chunk in response.iter_bytes(65536):
        data += chunk
        if len(data) > max_bytes:
            raise Unreadable(f"it is over {max_bytes / 1e6:g} MB", "Raise max_document_mb, or save a part as a file")
        if time.monotonic() > deadline:
            raise Unreadable("it comes too slowly", "Try again, or save the page as a file")
    return bytes(data)


def _content_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
