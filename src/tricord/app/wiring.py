"""Wiring: from settings to connections, and from parts to one running program."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from tricord.app.declarations import ConnectionSettings, Loaded
from tricord.app.home import Home
from tricord.app.registry import all_connectors
from tricord.console import Desk, console_routes
from tricord.core.ids import ConnectionName
from tricord.core.policy.types import Policy
from tricord.engine.clock import Clock, SystemClock
from tricord.engine.connection import Connection
from tricord.engine.engine import CrashPoint, Engine
from tricord.engine.wire import NetworkSender, Sender
from tricord.sdk.connector import Access
from tricord.server.health import health_routes
from tricord.server.hooks import hook_route
from tricord.store.database import Database, Tx

log = structlog.get_logger("tricord.app")
T = TypeVar("T")


def connections_of(loaded: Loaded) -> list[Connection]:
    """Each active connection of the policy, ready for the engine."""
    return [
        _connection(one, loaded.policy, loaded.public_url)
        for one in loaded.connections
        if one.active
    ]


def _connection(settings: ConnectionSettings, policy: Policy, public_url: str | None) -> Connection:
    connector = all_connectors()[settings.connector]
    return Connection(
        connector=connector,
        access=Access(
            connection=ConnectionName(settings.name),
            settings=dict(settings.values),
            fields=policy.fields,
            # Only an address that the firm has named: no vendor reaches one of this machine.
            hook_url=f"{public_url}/hooks/{settings.name}" if public_url else "",
        ),
        base_url=settings.base_url or connector.base_url,
        poll=settings.poll,
    )


@dataclass(slots=True)
class Hub:
    """One firm's Tricord, running: engine and web in this process."""

    home: Home
    database: Database
    engine: Engine | None
    base_url: str

    async def read(self, work: Callable[[Tx], T]) -> T:
        return await self.database.read(work, SystemClock().now())


@contextlib.asynccontextmanager
async def running_hub(
    home: Home,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    listener: socket.socket | None = None,
    sender: Sender | None = None,
    crash_point: CrashPoint = lambda _: None,
) -> AsyncIterator[Hub]:
    """Everything in one process, until the block ends; then what was sent is waited for.

    Without a policy file the hub serves its console, which says what to do, and works on nothing.
    """
    home.make()
    with home.held():
        loaded = home.load() if home.policy_path.exists() else None
        clock = SystemClock()
        taken = listener or _listen(host, port)
        database = home.open_database()
        address = f"http://{host}:{taken.getsockname()[1]}"
        public_url = (loaded.public_url if loaded else None) or address
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(database.close)
            engine = None
            if loaded is not None:
                wire: Sender
                if sender is None:
                    wire = await stack.enter_async_context(NetworkSender())
                else:
                    wire = sender
                connections = connections_of(loaded)
                engine = Engine(
                    database, loaded.policy, connections, wire, clock, crash_point=crash_point
                )
                await engine.start()
            hub = Hub(home=home, database=database, engine=engine, base_url=address)
            task = await stack.enter_async_context(_working(engine))
            app = _application(hub, loaded.policy if loaded else None, public_url, clock, task)
            server, serving = await _serve(app, taken)
            try:
                yield hub
            finally:
                server.should_exit = True
                await serving


@contextlib.asynccontextmanager
async def _working(engine: Engine | None) -> AsyncIterator["asyncio.Task[None] | None"]:
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


def _application(
    hub: Hub,
    policy: Policy | None,
    public_url: str,
    clock: Clock,
    task: "asyncio.Task[None] | None",
) -> Starlette:
    async def readiness() -> dict[str, Any]:
        started = clock.now()
        await hub.read(lambda tx: tx.db.exec_driver_sql("SELECT 1").scalar())
        working = task is None or not task.done()
        note = "" if policy else "there is no tricord.yaml yet; run: tricord init"
        facts: dict[str, Any] = {"ready": working, "policy": policy.version if policy else None}
        return facts | {"note": note, "seconds": (clock.now() - started).total_seconds()}

    routes: list[BaseRoute] = [*health_routes(readiness)]
    if hub.engine is not None:
        routes.append(hook_route(hub.engine.ingest, lambda: public_url, clock))
    routes.extend(console_routes(_desk(hub, policy, clock)))
    return Starlette(routes=routes)


def _desk(hub: Hub, policy: Policy | None, clock: Clock) -> Desk:
    def now() -> datetime:
        return clock.now()

    return Desk(read=hub.read, policy=lambda: policy, now=now)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the process's signals to whoever started it."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # uvicorn types it loosely too
        yield


async def _serve(
    app: Starlette, listener: socket.socket
) -> tuple[uvicorn.Server, "asyncio.Task[None]"]:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.005)
    return server, task


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens at, for a moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        taken: int = probe.getsockname()[1]
        return taken
