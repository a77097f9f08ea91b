"""A way to ask the console for pages without a socket: one ASGI call, one answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.applications import Starlette

from console.firm import BILLING, CRM, MAIL, POLICY, Town
from tricord.app.registry import all_connectors
from tricord.console import Console, Desk
from tricord.core.policy.types import Policy
from tricord.engine.connection import Connection
from tricord.sdk.connector import Access
from tricord.store import sessions
from tricord.store.database import Tx

T = TypeVar("T")
CONNECTIONS = {
    name: Connection(
        connector=all_connectors()[connector],
        access=Access(connection=name),
        base_url="http://127.0.0.1:9",
    )
    for name, connector in ((CRM, "hubspot"), (BILLING, "stripe"), (MAIL, "smtp"))
}


@dataclass(frozen=True, kw_only=True)
class Page:
    status: int
    headers: dict[str, str]
    text: str


def desk_of(town: Town, policy: Policy | None = POLICY, hosts: tuple[str, ...] = (),
            https: bool = False) -> Desk:  # fmt: skip
    """A desk over the town's database, at the town's own moment."""

    async def read(work: Callable[[Tx], T]) -> T:
        return await town.database.read(work, town.now)

    async def write(work: Callable[[Tx], T]) -> T:
        return await town.database.write(work, town.now)

    async def rehearse(work: Callable[[Tx], T]) -> T:
        return await town.database.try_out(work, town.now)

    return Desk(
        read=read,
        write=write,
        rehearse=rehearse,
        policy=lambda: policy,
        now=lambda: town.now,
        wall=lambda: town.wall,
        connections=CONNECTIONS,
        allowed_hosts=hosts,
        https=https,
    )


def application(desk: Desk) -> Starlette:
    """The console, with somebody who has entered: `get` comes with their session."""
    console = Console(desk)
    app = Starlette(routes=console.routes())
    app.state.console = console
    app.state.cookie = f"tricord_session={_apart(entered(desk))}"
    return app


def _apart(work: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread of its own: some tests already live in an event loop."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


async def entered(desk: Desk, person: str = "ines") -> str:
    """The secret of a fresh session."""
    ticket = await desk.write(lambda tx: sessions.offer(tx, person, desk.wall()))
    secret = await desk.write(lambda tx: sessions.enter(tx, ticket, desk.wall()))
    assert secret is not None
    return secret


def get(
    app: Starlette, target: str, *, host: str | None = "127.0.0.1:8765", method: str = "GET",
    cookie: str | None = "", body: bytes = b"", **headers: str,
) -> Page:  # fmt: skip
    """One request, and the whole answer to it. `cookie` None comes without a session."""
    path, _, query = target.partition("?")
    sent: list[dict[str, Any]] = []
    told = [(b"host", host.encode())] if host is not None else []
    told += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    cookie = app.state.cookie if cookie == "" else cookie
    told += [(b"cookie", cookie.encode())] if cookie else []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": told,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8765),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    call: Awaitable[None] = app(scope, receive, send)  # type: ignore[arg-type]  # plain dicts do

    async def run() -> None:
        await call

    asyncio.run(run())
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent)
    named: dict[str, str] = {}
    for name, value in start["headers"]:
        known = named.get(name.decode())
        named[name.decode()] = f"{known}\n{value.decode()}" if known else value.decode()
    return Page(status=start["status"], headers=named, text=body.decode())
