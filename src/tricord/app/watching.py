"""Watching: from a home to a watch that tells people, without anything of the web in it."""

import asyncio
import contextlib
import os
import platform
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

from tricord.app.connecting import connections_of
from tricord.app.declarations import Loaded
from tricord.app.home import Home
from tricord.core.ids import ConnectionName
from tricord.core.records import Record
from tricord.engine.clock import Clock, SystemClock
from tricord.engine.connection import Connection
from tricord.engine.watching import Watch
from tricord.engine.wire import NetworkSender
from tricord.sdk.connector import Access, Connector, Limits
from tricord.sdk.talk import Reading, error_of, get
from tricord.store import workers
from tricord.store.database import Database

ANSWER_SECONDS = 15.0
ORPHAN_LOOKS = timedelta(seconds=2)
ORPHAN_STAYS = timedelta(minutes=15)


@contextlib.asynccontextmanager
async def opened_watch(
    home: Home, console: str = ""
) -> AsyncIterator[tuple[Watch, Database, Clock]]:
    """A watch over the home's database, not looking yet. Raises what reading the policy raises.

    `console` is where people find the cases, unless the policy names another address.
    """
    loaded = home.load()
    database = home.open_database()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(database.close)
        clock = SystemClock(database.skew(SystemClock().now()))
        sender = NetworkSender(ANSWER_SECONDS, allowed=home.allowed_ranges())
        await stack.enter_async_context(sender)
        watch = Watch(
            database,
            loaded.policy,
            connections_of(loaded),
            sender,
            clock,
            holder=f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}",
            console=loaded.public_url or console,
            heartbeat=_heartbeat(loaded),
        )
        yield watch, database, clock


async def stay_for(parent: int, database: Database, clock: Clock, stopped: asyncio.Event) -> None:
    """Stop a watch whose `tricord up` has died, but only after it has had time to tell.

    It goes when an engine lives again, for that one has a watch of its own, or after a while.
    """
    while os.getppid() == parent:
        await _pause(ORPHAN_LOOKS, stopped)
        if stopped.is_set():
            return
    until = clock.now() + ORPHAN_STAYS
    died = clock.now()
    while not stopped.is_set() and clock.now() < until:
        alive = await database.read(workers.alive, clock.now())
        if any(worker.started_at > died for worker in alive):
            break
        await _pause(ORPHAN_LOOKS, stopped)
    stopped.set()


async def _pause(span: timedelta, stopped: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(span.total_seconds()):
            await stopped.wait()


def destinations(loaded: Loaded) -> list[ConnectionName]:
    """The connections of a policy that can tell people something."""
    return [one.name for one in connections_of(loaded) if one.connector.notice is not None]


def is_wanted(loaded: Loaded) -> bool:
    """Whether there is anybody to tell, inside or outside."""
    return bool(destinations(loaded) or loaded.heartbeat_url)


def _heartbeat(loaded: Loaded) -> Connection | None:
    """Who outside hears that all is well. The policy file names the address, so it is trusted."""
    if not loaded.heartbeat_url:
        return None
    name = ConnectionName("heartbeat")
    return Connection(
        connector=_OUTSIDE,
        access=Access(connection=name, settings={"url": loaded.heartbeat_url}),
        base_url="",
        trusted=True,
    )


def _probe(_: Access) -> Reading:
    yield get("")
    nothing: tuple[Record, ...] = ()
    return nothing


_OUTSIDE = Connector(
    name="heartbeat",
    title="Heartbeat",
    base_url="",
    settings=(),
    limits=Limits(at_once=1, per_second=1.0, burst=2),
    verbs={},
    headers=lambda _: (),
    explain=error_of,
    probe=_probe,
    address="url",
)
