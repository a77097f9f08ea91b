"""A way to ask the console for pages without a socket: one ASGI call, one answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from starlette.applications import Starlette

from console.firm import NOW, POLICY, Town
from tricord.console import Desk, console_routes
from tricord.core.policy.types import Policy
from tricord.store.database import Tx

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Page:
    status: int
    headers: dict[str, str]
    text: str


def desk_of(town: Town, policy: Policy | None = POLICY, hosts: tuple[str, ...] = ()) -> Desk:
    async def read(work: Callable[[Tx], T]) -> T:
        return await town.database.read(work, NOW)

    def now() -> datetime:
        return NOW

    return Desk(read=read, policy=lambda: policy, now=now, allowed_hosts=hosts)


def application(desk: Desk) -> Starlette:
    return Starlette(routes=console_routes(desk))


def get(
    app: Starlette, target: str, *, host: str | None = "127.0.0.1:8765", method: str = "GET",
    **headers: str,
) -> Page:  # fmt: skip
    """One request, and the whole answer to it."""
    path, _, query = target.partition("?")
    sent: list[dict[str, Any]] = []
    told = [(b"host", host.encode())] if host is not None else []
    told += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
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
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    call: Awaitable[None] = app(scope, receive, send)  # type: ignore[arg-type]  # plain dicts do

    async def run() -> None:
        await call

    asyncio.run(run())
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent)
    named = {name.decode(): value.decode() for name, value in start["headers"]}
    return Page(status=start["status"], headers=named, text=body.decode())
