"""Addresses: no spelling of a place inside the network opens a socket there."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tricord.app.registry import all_connectors
from tricord.core.ids import ConnectionName
from tricord.engine.addresses import Guard, Network, Reach, forbidden, place_of
from tricord.engine.connection import Connection
from tricord.engine.talking import hold
from tricord.engine.wire import NetworkSender
from tricord.sdk.connector import Access
from tricord.sdk.errors import Refused, TricordError, TryAgain
from tricord.sdk.secret import Secret
from tricord.sdk.talk import Reading, get

STORELESS = True

# What a name is said to be by those who want to get in; every other name is looked up for real.
NAMES = {
    "inside.example": ["10.0.0.5"],
    "metadata.example": ["169.254.169.254"],
    "mixed.example": ["93.184.215.14", "127.0.0.1"],
    "mixed6.example": ["93.184.215.14", "::1"],
    "mapped.example": ["::ffff:192.168.1.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "xn--bcher-kva.example": ["192.168.0.9"],
    "localtest.example": ["127.0.0.1"],
    "trailing.example": ["172.16.5.5"],
}

PLAIN_HOSTS = (
    # loopback, in every way it is written
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001",
    "2130706433", "017700000001", "0x7f.1", "127.0.0.1.", "127.000.000.001", "localhost",
    "LOCALHOST", "localhost.", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::]", "0.0.0.0",
    "0", "0x0", "00000000", "0.0.0.0.", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[::7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::ffff:0:127.0.0.1]",
    # private networks
    "10.0.0.1", "10.255.255.255", "10.1", "012.0.0.1", "0xa.0.0.1", "167772161", "172.16.0.1",
    "172.31.255.255", "0xac.0x10.0.1", "2886729729", "192.168.0.1", "192.168.1", "0xc0.0xa8.0.1",
    "3232235521", "0300.0250.0.1", "[::ffff:10.0.0.1]", "[::ffff:a00:1]", "[::ffff:192.168.0.1]",
    "[fc00::1]", "[fd00::1]", "[fd12:3456:789a::1]", "[fec0::1]",
    # link-local, where clouds keep their secrets
    "169.254.169.254", "169.254.1.1", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fe80::1]", "[fe80::a9fe:a9fe]",
    "[fd00:ec2::254]", "168.63.129.16", "100.100.100.200", "192.0.0.192",
    # shared, reserved, documentation, benchmarking, multicast, broadcast
    "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1",
    "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.254", "192.88.99.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "4294967295", "0.1.2.3", "0.255.255.255",
    "[ff02::1]", "[ff0e::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]",
    # an IPv4 address hidden in an IPv6 one: 6to4, Teredo, NAT64, ORCHID, SIIT
    "[2002:7f00:1::]", "[2002:a00:1::]", "[2002:c0a8:1::1]", "[2002:a9fe:a9fe::]",
    "[2001:0:7f00:1::]", "[2001::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[64:ff9b::1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::1]", "[64:ff9b:1:a00::1]", "[2001:10::1]", "[2001:20::1]", "[2001:2::1]",
    # names
    "inside.example", "metadata.example", "mixed.example", "mixed6.example", "mapped.example",
    "nat64.example", "xn--bcher-kva.example", "localtest.example", "trailing.example.",
    "INSIDE.EXAMPLE", "Inside.Example.", "ip6-localhost",
)  # fmt: skip
SPELLINGS = (
    *(f"https://{host}:8443/x" for host in PLAIN_HOSTS),
    *(f"http://{host}:8443/x" for host in PLAIN_HOSTS[:20]),
    # addresses that two programs could read in two ways, and schemes that are none of ours
    "https://good.example@127.0.0.1:8443/", "https://127.0.0.1:8443@good.example/",
    "https://user:pass@10.0.0.1/", "https://good.example:80@127.0.0.1/", "https://@127.0.0.1/",
    "https://127.0.0.1\\@good.example/", "https://good.example\\.127.0.0.1/",
    "https:\\\\127.0.0.1/",
    "https:/127.0.0.1/", "https:///127.0.0.1/", "https:127.0.0.1", "//127.0.0.1/", "127.0.0.1",
    "https://127.0.0.1#@good.example/", "https://good.example#@127.0.0.1", "https://127.0.0.1 /",
    "https://127。0。0。1/", "https://①②⑦.0.0.1/", "https://127.0.0.1\t/", "https://127.0.0.1\r\n/",
    "https://%31%32%37.0.0.1/", "https://127.0.0.1%00.good.example/", "https://localhost%2F/",
    "https://[::1/", "https://::1/", "https://[::1]x/", "https://[fe80::1%25eth0]/",
    "https://[::ffff:127.0.0.1", "https://bücher.example/", "https://ⓛocalhost/",
    "https://127.0.0.1:99999/", "https://127.0.0.1:0/", "https://127.0.0.1:-1/", "https://:443/",
    "https://", "", "file:///etc/passwd", "gopher://127.0.0.1:6379/_", "ftp://127.0.0.1/",
    "dict://127.0.0.1:11211/", "ldap://127.0.0.1/", "unix:///run/docker.sock", "javascript:1",
    "data:text/plain,1", "HTTPS://127.0.0.1:8443/", "hTTpS://10.0.0.1:8443/",
    # ports that are no web server's, at an address that is outside
    "https://93.184.215.14:22/", "https://93.184.215.14:25/", "https://93.184.215.14:6379/",
    "https://93.184.215.14:2375/", "http://93.184.215.14:80/", "http://93.184.215.14:8443/",
)  # fmt: skip

_connected: list[str] | None = None


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and _connected is not None:
        _connected.append(str(arguments[1]))


sys.addaudithook(_hear)


@contextmanager
def sockets() -> Iterator[list[str]]:
    """Every address that a socket of this process is told to connect to, in the block."""
    global _connected
    _connected = []
    try:
        yield _connected
    finally:
        _connected = None


async def look_up(host: str, port: int) -> list[str]:
    named = NAMES.get(host.lower().rstrip("."))
    if named is not None:
        return named
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(target[0]) for *_, target in found]


def connection(url: str, *, trusted: bool = False) -> Connection:
    return Connection(
        connector=all_connectors()["webhook"],
        access=Access(connection=ConnectionName("hook"), settings={"url": Secret(url)}),
        base_url="",
        trusted=trusted,
    )


def knock(url: str, *, trusted: bool = False, allowed: tuple[Network, ...] = ()) -> None:
    """One request to an address, as a notice would make it."""

    def talk() -> Reading:
        yield get("")
        return ()

    async def whole() -> None:
        async with NetworkSender(2.0, allowed=allowed, lookup=look_up) as sender:
            await hold(talk(), connection(url, trusted=trusted), sender)

    asyncio.run(whole())


def test_t07_the_table_has_more_than_150_spellings() -> None:
    assert len(set(SPELLINGS)) >= 150


@pytest.mark.parametrize("url", SPELLINGS)
def test_t07_no_spelling_of_an_inner_address_opens_a_socket(url: str) -> None:
    with sockets() as opened, pytest.raises((Refused, TryAgain)) as told:
        knock(url)
    assert opened == []
    assert "cannot connect" not in told.value.detail or _not_a_name(url)
    assert "127.0.0.1" not in told.value.detail, "the address may hold a secret"


def _not_a_name(url: str) -> bool:
    """Whether the system knows no such host, so that there was nothing to be refused."""
    try:
        place_of(url, "it")
        socket.getaddrinfo(urlsplit(url).hostname, 443)
    except (OSError, Refused, UnicodeError):
        return True
    return False


def test_t07_a_name_that_changes_between_check_and_use_is_looked_up_once() -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]]
    asked = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    async def whole() -> list[str]:
        found = await Guard(Reach.OUTSIDE, (), rebinding).resolve("rebinding.example", 443)
        return [one["host"] for one in found]

    assert asyncio.run(whole()) == ["93.184.215.14"]
    assert len(asked) == 1


def test_t07_the_socket_itself_is_checked_again() -> None:
    """Whatever a library between does with the addresses it was given."""
    guard = Guard(Reach.OUTSIDE)
    inner = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 443))
    with pytest.raises(OSError, match="must not go to"):
        guard.open(inner)
    outer = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("93.184.215.14", 443))
    guard.open(outer).close()


class _Server:
    """A listener on loopback that counts who comes."""

    def __init__(self) -> None:
        self.calls = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.calls += 1
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n"
                     b"Connection: close\r\n\r\n")  # fmt: skip
        await writer.drain()
        writer.close()


def _calls(*knocks: tuple[str, bool, tuple[Network, ...]]) -> int:
    """How many of these requests reach a server on loopback; PORT stands for its port."""

    async def whole() -> int:
        counted = _Server()
        server = await asyncio.start_server(counted.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        def talk() -> Reading:
            yield get("")
            return ()

        for url, trusted, allowed in knocks:
            there = connection(url.replace("PORT", str(port)), trusted=trusted)
            async with NetworkSender(2.0, allowed=allowed, lookup=look_up) as sender:
                try:
                    await hold(talk(), there, sender)
                except TricordError:
                    continue
        server.close()
        await server.wait_closed()
        return counted.calls

    return asyncio.run(whole())


def test_t07_only_what_the_operator_names_may_lie_inside() -> None:
    url = "http://127.0.0.1:PORT/"
    here, elsewhere = (ip_network("127.0.0.0/8"),), (ip_network("10.0.0.0/8"),)
    assert _calls((url, False, ())) == 0
    assert _calls((url, False, elsewhere)) == 0
    assert _calls((url, False, here)) == 1, "a named range"
    assert _calls((url, True, ())) == 1, "an address in the policy file"


def test_t07_a_redirect_is_never_followed() -> None:
    assert _calls(("http://127.0.0.1:PORT/", True, ())) == 1


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/services/T/B/X", "https://hooks.slack.com.evil.example/T",
     "https://evil.example/hooks.slack.com/T", "http://127.0.0.1/T", "https://slack.com/T"],
)  # fmt: skip
def test_t07_the_setting_of_a_vendor_leads_to_that_vendor_alone(url: str) -> None:
    slack = Connection(
        connector=all_connectors()["slack"],
        access=Access(connection=ConnectionName("slack"), settings={"webhook_url": Secret(url)}),
        base_url="",
    )
    with pytest.raises(Refused, match=r"hooks\.slack\.com"):
        slack.url_of("")


def test_the_policys_base_url_stands_in_for_the_host_of_a_setting_and_keeps_its_path() -> None:
    url = "https://hooks.slack.com/services/T/B/X?a=%2F"
    slack = Connection(
        connector=all_connectors()["slack"],
        access=Access(connection=ConnectionName("slack"), settings={"webhook_url": Secret(url)}),
        base_url="http://127.0.0.1:9/",
        trusted=True,
    )
    assert slack.url_of("") == "http://127.0.0.1:9/services/T/B/X?a=%2F"


@given(st.ip_addresses())
def test_t07_every_address_that_is_not_global_is_forbidden(address: object) -> None:
    text = str(address)
    if not address.is_global or address.is_multicast:  # type: ignore[attr-defined]
        assert forbidden(text)
    if address.version == 4:  # type: ignore[attr-defined]
        assert forbidden(text) == forbidden(f"::ffff:{text}")


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001::1"]
)
def test_addresses_outside_are_allowed(address: str) -> None:
    assert not forbidden(address)
