"""The one sender: every byte to a vendor leaves here, with limits, caps and plain error classes.

It never follows a redirect, never reads proxy variables, and never leaves the connection's host;
what a setting names must lie outside the network. A request whose connection could not be made was
not sent; one whose answer is missing may have been.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

import aiohttp
from yarl import URL

from tricord.core.commands import Priority
from tricord.engine.addresses import (
    AddressForbidden,
    Guard,
    Lookup,
    Network,
    Reach,
    look_up,
    place_of,
)
from tricord.engine.budget import Budget, Reserve
from tricord.engine.connection import Connection
from tricord.engine.mailboxes import fetch
from tricord.engine.mailing import CONNECT_SECONDS, submit
from tricord.sdk.connector import Limits
from tricord.sdk.errors import OutcomeUnknown, Refused, TricordError, TryAgain
from tricord.sdk.talk import FetchMail, Request, Response, Wire

LARGEST_ANSWER = 16 * 1024 * 1024
TOTAL_SECONDS = 30.0


class Sender(Protocol):
    """What carries one request of a talk to the vendor and brings the answer back."""

    async def send(
        self, connection: Connection, wire: Wire, priority: Priority = Priority.NEWS
    ) -> Response:
        """The answer, whatever its status. Raises TryAgain when nothing was sent, and
        OutcomeUnknown when a write was and no whole answer came."""
        ...


class ReadOnlySender:
    """Carries reads alone while nothing may leave; a write ends here, before anything is opened."""

    def __init__(self, inner: Sender, closed: Callable[[], bool]) -> None:
        self._inner = inner
        self._closed = closed

    async def send(
        self, connection: Connection, wire: Wire, priority: Priority = Priority.NEWS
    ) -> Response:
        if wire.writes and self._closed():
            raise TryAgain(f"{connection.name}: nothing is sent before go-live is signed")
        return await self._inner.send(connection, wire, priority)


class NetworkSender:
    """Sends over real HTTP, SMTP and IMAP. One per process; close it when done."""

    def __init__(
        self,
        total_seconds: float = TOTAL_SECONDS,
        *,
        reserve: Reserve | None = None,
        crowd: Callable[[], int] = lambda: 1,
        allowed: Sequence[Network] = (),
        lookup: Lookup = look_up,
    ) -> None:
        """`reserve` shares each rate with other processes; `crowd` is how many there are.

        `allowed` are ranges inside the network that the operator lets settings lead to.
        """
        self._timeout = aiohttp.ClientTimeout(total=total_seconds, connect=CONNECT_SECONDS)
        self._allowed, self._lookup = allowed, lookup
        # One for each reach: a connection kept open for one must not serve another.
        self._sessions: dict[Reach, aiohttp.ClientSession] = {}
        self._reserve = reserve
        self._crowd = crowd
        self._budgets: dict[str, Budget] = {}

    async def __aenter__(self) -> "NetworkSender":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for session in self._sessions.values():
            await session.close()

    async def send(
        self, connection: Connection, wire: Wire, priority: Priority = Priority.NEWS
    ) -> Response:
        async with contextlib.AsyncExitStack() as places:
            for budget in self._budgets_of(connection, wire):
                await places.enter_async_context(budget.place(priority))
            if isinstance(wire, Request):
                return await self._http(connection, wire)
            if isinstance(wire, FetchMail):
                return await asyncio.to_thread(fetch, connection, wire)
            return await asyncio.to_thread(submit, connection, wire)

    def _budgets_of(self, connection: Connection, wire: Wire) -> list[Budget]:
        """The tighter budget of the request's bucket first, then the connection's own."""
        bucket = wire.bucket if isinstance(wire, Request) else "default"
        own = connection.connector.buckets.get(bucket)
        found = [self._budget(f"{connection.name}/{bucket}", own)] if own else []
        return [*found, self._budget(connection.name, connection.connector.limits)]

    def _budget(self, name: str, limits: Limits) -> Budget:
        if name not in self._budgets:
            self._budgets[name] = Budget(name, limits, self._reserve, self._crowd)
        return self._budgets[name]

    async def _http(self, connection: Connection, request: Request) -> Response:
        what = f"{connection.name}: {request.method} {request.path.partition('?')[0]}".rstrip()
        url = connection.url_of(request.path)
        session = self._session_for(connection, url)
        headers = dict((*connection.connector.headers(connection.access), *request.headers))
        try:
            async with session.request(
                request.method,
                URL(url, encoded=True),
                data=request.body or None,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                body = await _capped(answer)
                names = {name.lower(): value for name, value in answer.headers.items()}
                return Response(status=answer.status, headers=names, body=body)
        except aiohttp.InvalidURL:
            raise Refused(f"{what}: its address cannot be used") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            if isinstance(getattr(error, "os_error", None), AddressForbidden):
                raise Refused(
                    f"{what}: its address lies inside the network; {_EXCEPTION}"
                ) from None
            raise TryAgain(f"{what}: cannot connect ({type(error).__name__})") from error
        except (aiohttp.ClientError, TimeoutError, _TooLarge) as error:
            raise _lost(
                request.writes, f"{what}: no whole answer ({type(error).__name__})"
            ) from error

    def _session_for(self, connection: Connection, url: str) -> aiohttp.ClientSession:
        place = place_of(url, f"{connection.name}: its address")
        reach = Reach.OUTSIDE if place.scheme == "https" else Reach.EXCEPTIONS
        reach = Reach.ANYWHERE if connection.trusted else reach
        if reach not in self._sessions:
            self._sessions[reach] = aiohttp.ClientSession(
                connector=Guard(reach, self._allowed, self._lookup).connector(),
                timeout=self._timeout,
                trust_env=False,
                headers={"User-Agent": "tricord"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._sessions[reach]


_EXCEPTION = "name it as base_url in the policy file, or its range in TRICORD_ALLOW_PRIVATE"


class _TooLarge(Exception):
    pass


async def _capped(answer: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise _TooLarge
        parts.append(chunk)
    return b"".join(parts)


def _lost(writes: bool, words: str) -> TricordError:
    return OutcomeUnknown(words) if writes else TryAgain(words)
