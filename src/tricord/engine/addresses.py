"""Addresses: where requests may go. What a user set must not lead inside the network.

Every address that a name has is checked when it is looked up, and again when the socket is opened,
so that the address that was checked is the one that is connected to.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from tricord.sdk.errors import Refused

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

PORTS = (443, 8443)
"""Where an address outside may be reached; the standard port of HTTPS and its usual stand-in."""

# Letters, digits, dots and hyphens, or an IPv6 literal: what other programs read in the same way.
_PLACE = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?")
_NOT_OURS = re.compile(r"[\\#]")

# Ranges that reach an IPv4 address by a detour, so that the inner one would escape the check, and
# those that Python's own table of special ranges counts as global (RFC 6890 and its updates).
_DETOURS: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "::ffff:0:0:0/96",
        "fec0::/10", "100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16",
        "192.88.99.0/24", "192.0.0.0/24", "100.64.0.0/10", "240.0.0.0/4", "198.18.0.0/15",
        "168.63.129.16/32",
    )
)  # fmt: skip


class Reach(StrEnum):
    """How far a request may go: `anywhere` for what the policy file names, `outside` for what a
    setting names by https, `exceptions` for the operator's named ranges alone."""

    ANYWHERE = "anywhere"
    OUTSIDE = "outside"
    EXCEPTIONS = "exceptions"


class AddressForbidden(OSError):
    """An address that a request must not go to. Nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    scheme: str
    host: str
    port: int


def place_of(url: str, what: str) -> Place:
    """Where an address leads. Raises Refused, naming `what`, for one that could be read two ways:
    with a user, a fragment, a backslash, white space or characters beyond ASCII."""
    found = _PLACE.fullmatch(url)
    if found is None or _NOT_OURS.search(url):
        raise Refused(f"{what} is not a plain http or https address")
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise Refused(f"{what} names a port there is not")
    scheme = parts.scheme.lower()
    port = port or (443 if scheme == "https" else 80)
    return Place(scheme=scheme, host=(parts.hostname or "").rstrip("."), port=port)


def forbidden(address: str, allowed: Iterable[Network] = ()) -> bool:
    """Whether a numeric address lies inside the network, or nowhere, and in no `allowed` range."""
    try:
        found = _plain(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return True
    if excepted(found, allowed):
        return False
    if "%" in address or not found.is_global or found.is_multicast or found.is_reserved:
        return True
    return any(found in network for network in _DETOURS if network.version == found.version)


def excepted(address: _Address, allowed: Iterable[Network]) -> bool:
    """Whether the operator has named a range that holds it."""
    return any(address in network for network in allowed if network.version == address.version)


def _plain(address: _Address) -> _Address:
    """An IPv4 address that is written as an IPv6 one counts as what it is."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


async def look_up(host: str, port: int) -> Sequence[str]:
    """Every IPv4 and IPv6 address of a name, as the system tells them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Guard(AbstractResolver):
    """Looks names up and opens sockets for one reach. Refuses a name if any of its addresses is
    forbidden: what a name says now and then differs is how such checks are evaded."""

    def __init__(
        self, reach: Reach, allowed: Sequence[Network] = (), lookup: Lookup = look_up
    ) -> None:
        self._reach, self._allowed, self._lookup = reach, tuple(allowed), lookup

    def connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(resolver=self, socket_factory=self.open)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - both are looked up
    ) -> list[ResolveResult]:
        addresses = await self._lookup(host, port)
        for address in addresses:
            self._check(address, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held open."""

    def open(self, found: aiohttp.AddrInfoType) -> socket.socket:
        """The socket for an address, which may have stood in the URL and never been looked up."""
        family, kind, proto, _, target = found
        self._check(str(target[0]), int(target[1]))
        return socket.socket(family, kind, proto)

    def _check(self, address: str, port: int) -> None:
        if self._reach is Reach.ANYWHERE:
            return
        if not forbidden(address, self._allowed):
            numeric = _plain(ipaddress.ip_address(address.partition("%")[0]))
            if excepted(numeric, self._allowed):
                return
            if self._reach is Reach.OUTSIDE and port in PORTS:
                return
        raise AddressForbidden(f"port {port} at an address that requests must not go to")
