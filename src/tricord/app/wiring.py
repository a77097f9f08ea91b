"""Wiring: from parts to one running process, engine and web together."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from tricord.app.connecting import connections_of
from tricord.app.declarations import Loaded
from tricord.app.entrance import address_of, announce
from tricord.app.home import Home
from tricord.app.web import listen, served
from tricord.console import Console, Desk
from tricord.core.policy.types import Policy
from tricord.engine.budget import Reserve
from tricord.engine.clock import Clock, SystemClock
from tricord.engine.connection import Connection
from tricord.engine.engine import Engine
from tricord.engine.means import CrashPoint
from tricord.engine.pulse import Pulse
from tricord.engine.wire import NetworkSender, Sender
from tricord.sdk.connector import Limits
from tricord.server.health import health_routes
from tricord.server.hooks import hook_route
from tricord.store import budgets, sessions
from tricord.store.database import Database, Tx

log = structlog.get_logger("tricord.app")
T = TypeVar("T")
Stored = Callable[[frozenset[int]], None]


def as_declared(connection: Connection) -> Connection:
    """The connection as its connector and the policy declare it."""
    return connection


Adapt = Callable[[Connection], Connection]


class NeedsPostgres(ValueError):
    """Several processes share a firm's database only where it is PostgreSQL."""


@dataclass(slots=True)
class Hub:
    """One firm's Tricord in this process; `engine` is None while there is no policy.

    `wall` is the real time, which is the firm's `clock` too unless that is one of a demo.
    """

    home: Home
    database: Database
    clock: Clock
    wall: Clock
    engine: Engine | None
    loaded: Loaded | None
    base_url: str = ""

    @property
    def policy(self) -> Policy | None:
        return self.loaded.policy if self.loaded else None

    async def read(self, work: Callable[[Tx], T]) -> T:
        return await self.database.read(work, self.clock.now())

    async def write(self, work: Callable[[Tx], T]) -> T:
        return await self.database.write(work, self.clock.now())

    async def rehearse(self, work: Callable[[Tx], T]) -> T:
        return await self.database.try_out(work, self.clock.now())

    async def link(self, person: str) -> str:
        """An address that opens the console once, within ten minutes, for this person."""
        ticket = await self.write(lambda tx: sessions.offer(tx, person, self.wall.now()))
        return f"{self.console_url}/enter?ticket={ticket}"

    @property
    def console_url(self) -> str:
        """Where a person reaches the console: the firm's own address, or this machine's."""
        return (self.loaded.public_url if self.loaded else None) or self.base_url


Before = Callable[[Hub], Awaitable[None]]


async def _nothing(_: Hub) -> None:
    pass


@contextlib.asynccontextmanager
async def opened(
    home: Home,
    kind: str,
    *,
    sender: Sender | None = None,
    clock: Clock | None = None,
    adapt: Adapt = as_declared,
    crash_point: CrashPoint = lambda _: None,
    on_stored: Stored = lambda _: None,
) -> AsyncIterator[Hub]:
    """The database, and an engine over it that has started and is not turning yet.

    A `clock` of its own is what a simulation or a demo lives by; that this process lives is still
    told by the real one.
    """
    loaded = home.load() if home.policy_path.exists() else None
    database = home.open_database()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(database.close)
        now = SystemClock().now()
        wall = SystemClock(database.skew(now))
        clock = clock or wall
        if loaded is None:
            yield Hub(home, database, clock, wall, engine=None, loaded=None)
            return
        alone = str(home.path.resolve()) if kind == "up" else ""
        pulse = Pulse(database, wall, kind, alone)
        await pulse.start()
        stack.push_async_callback(pulse.stop)
        wire = sender
        if wire is None:
            shared = _shared(database, clock) if _is_shared(database) else None
            own = NetworkSender(
                reserve=shared, crowd=lambda: pulse.crowd, allowed=home.allowed_ranges()
            )
            wire = await stack.enter_async_context(own)
        engine = Engine(
            database,
            loaded.policy,
            [adapt(connection) for connection in connections_of(loaded)],
            wire,
            clock,
            pulse=pulse,
            crash_point=crash_point,
            on_stored=on_stored,
        )
        await engine.start()
        yield Hub(home, database, clock, wall, engine=engine, loaded=loaded)


@contextlib.asynccontextmanager
async def running_hub(
    home: Home,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    listener: socket.socket | None = None,
    sender: Sender | None = None,
    clock: Clock | None = None,
    adapt: Adapt = as_declared,
    crash_point: CrashPoint = lambda _: None,
    before: Before = _nothing,
) -> AsyncIterator[Hub]:
    """Everything in one process, until the block ends; then what was sent is waited for.

    Without a policy file the hub serves its console, which says what to do, and works on nothing.
    `before` is done when the hub is open and its engine has not turned yet.
    """
    home.make()
    with home.held():
        async with opened(
            home, "up", sender=sender, clock=clock, adapt=adapt, crash_point=crash_point
        ) as hub:
            await before(hub)
            taken = listener or listen(host, port)
            async with working(hub.engine) as task, _on_web(hub, host, taken, task):
                yield hub


@contextlib.asynccontextmanager
async def running_server(
    home: Home, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Hub]:
    """Webhooks and console alone: what arrives is stored, and workers are told. PostgreSQL only."""
    # Procrastinate is imported only where there are several processes.
    from tricord.app.lanes import Runner

    _check_shared(home)
    async with contextlib.AsyncExitStack() as stack:
        runner = await stack.enter_async_context(Runner(home.database_url))
        hub = await stack.enter_async_context(opened(home, "serve", on_stored=runner.kick))
        await stack.enter_async_context(_on_web(hub, host, listen(host, port), None))
        yield hub


async def run_worker(
    home: Home,
    stopped: asyncio.Event,
    *,
    sender: Sender | None = None,
    crash_point: CrashPoint = lambda _: None,
    ready: Callable[[Hub], None] = lambda _: None,
) -> None:
    """Drain lanes beside any number of others, until told to stop. PostgreSQL only.

    Raises PolicyInvalid when there is no policy to work by.
    """
    from tricord.app.lanes import Runner

    _check_shared(home)
    async with opened(home, "work", sender=sender, crash_point=crash_point) as hub:
        if hub.engine is None:
            raise NeedsPostgres(f"there is no {home.policy_path}; run: tricord init")
        async with Runner(home.database_url, hub.engine.means) as runner:
            ready(hub)
            await runner.run(stopped)


@contextlib.asynccontextmanager
async def working(engine: Engine | None) -> AsyncIterator["asyncio.Task[None] | None"]:
    """The engine at work for as long as the block lasts; then what it sent is waited for."""
    if engine is None:
        yield None
        return
    task = asyncio.create_task(engine.run())
    try:
        yield task
    finally:
        engine.stop()
        await task


@contextlib.asynccontextmanager
async def _on_web(
    hub: Hub, host: str, listener: socket.socket, task: "asyncio.Task[None] | None"
) -> AsyncIterator[None]:
    hub.base_url = address_of(host, listener.getsockname()[1])
    await hub.write(lambda tx: announce(tx, hub.console_url))
    console = Console(_desk(hub))
    async with served(_application(hub, task, console), listener):
        try:
            yield
        finally:
            # Pages that listen would otherwise keep the server from stopping.
            console.close()


def _application(hub: Hub, task: "asyncio.Task[None] | None", console: Console) -> Starlette:
    policy, clock = hub.policy, hub.clock

    async def readiness() -> dict[str, Any]:
        started = clock.now()
        await hub.read(lambda tx: tx.db.exec_driver_sql("SELECT 1").scalar())
        working = task is None or not task.done()
        note = "" if policy else "there is no tricord.yaml yet; run: tricord init"
        facts: dict[str, Any] = {"ready": working, "policy": policy.version if policy else None}
        return facts | {"note": note, "seconds": (clock.now() - started).total_seconds()}

    public_url = hub.loaded.public_url if hub.loaded else None
    routes: list[BaseRoute] = [*health_routes(readiness)]
    if hub.engine is not None:
        address = public_url or hub.base_url
        routes.append(hook_route(hub.engine.ingest, lambda: address, clock))
    routes.extend(console.routes())
    return Starlette(routes=routes)


def _desk(hub: Hub) -> Desk:
    def now() -> datetime:
        return hub.clock.now()

    public = urlsplit((hub.loaded.public_url if hub.loaded else None) or "")
    return Desk(
        read=hub.read,
        write=hub.write,
        rehearse=hub.rehearse,
        policy=lambda: hub.policy,
        now=now,
        wall=lambda: hub.wall.now(),
        connections=hub.engine.connections if hub.engine else {},
        allowed_hosts=(public.hostname,) if public.hostname else (),
        https=public.scheme == "https",
    )


def _is_shared(database: Database) -> bool:
    return database.engine.dialect.name != "sqlite"


def _check_shared(home: Home) -> None:
    """Make the runner's tables, too."""
    from tricord.app.lanes import make_tables

    home.make()
    database = home.open_database()
    try:
        if not _is_shared(database):
            raise NeedsPostgres(
                "serve and work share a PostgreSQL database: set TRICORD_DATABASE to its URL, "
                "or run everything in one process with: tricord up"
            )
        make_tables(database)
    finally:
        database.close()


def _shared(database: Database, clock: Clock) -> Reserve:
    async def reserve(name: str, limits: Limits, places: int) -> float:
        def work(tx: Tx) -> float:
            gap = 1.0 / limits.per_second
            return budgets.reserve(tx, name, gap=gap, burst=limits.burst, places=places)

        return await database.write(work, clock.now())

    return reserve
