"""Backfilling: which kinds a person wants imported, and the process that imports them."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from tricord.app.home import Home
from tricord.app.wiring import Hub, opened, running_hub, working
from tricord.core.ids import ConnectionName
from tricord.engine.connection import Connection
from tricord.engine.engine import Engine
from tricord.engine.importing import Importer, Tell, Wanted, begin
from tricord.engine.means import CrashPoint
from tricord.engine.wire import Sender
from tricord.store import account_views, imports, modes
from tricord.store.database import Tx
from tricord.store.imports import Import
from tricord.store.modes import Mode


class CannotImport(ValueError):
    """There is nothing to import as asked; the text says what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for. Without `only` and `kinds` it is everything there is."""

    only: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    restart: bool = False
    actor: str = "tricord"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a home stands: its mode, its imports, and whether it knows any client yet."""

    mode: Mode
    imports: tuple[Import, ...]
    busy: bool


def wanted_of(connections: Mapping[ConnectionName, Connection], asked: Asked) -> list[Wanted]:
    """The kinds to import, by connection. Raises CannotImport for what there is not."""
    able = {name: one for name, one in sorted(connections.items()) if one.connector.pages}
    for name in asked.only:
        if name not in able:
            raise CannotImport(f"nothing can be imported from {name!r}; from {_list(able)}")
    every = {str(kind) for one in able.values() for kind in one.connector.pages}
    for kind in asked.kinds:
        if kind not in every:
            raise CannotImport(f"no connection lists {kind!r}; there are {_list(every)}")
    found = [
        (name, kind)
        for name, one in able.items()
        if not asked.only or name in asked.only
        for kind in one.connector.pages
        if not asked.kinds or kind in asked.kinds
    ]
    if not found:
        raise CannotImport("no connection of this policy can be imported from")
    return found


def standing(tx: Tx) -> Standing:
    return Standing(
        mode=modes.mode_of(tx),
        imports=tuple(imports.every(tx)),
        busy=account_views.count_clients(tx) > 0,
    )


@dataclass(slots=True)
class Backfill:
    """An import under way in this process."""

    hub: Hub
    importer: Importer

    async def run(self) -> list[Import]:
        return await self.importer.run()

    def stop(self) -> None:
        self.importer.stop()


@contextlib.asynccontextmanager
async def backfilling(
    home: Home,
    asked: Asked,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tell: Tell = lambda _: None,
    sender: Sender | None = None,
    crash_point: CrashPoint = lambda _: None,
) -> AsyncIterator[Backfill]:
    """A process that imports, and absorbs what happens meanwhile.

    With the embedded database it is the only process, so it takes webhooks as well.
    """
    async with contextlib.AsyncExitStack() as stack:
        importers: list[Importer] = []

        async def prepare(hub: Hub) -> None:
            importers.append(await _prepared(hub, asked, tell))

        if home.database_url.startswith("sqlite"):
            running = running_hub(
                home,
                host=host,
                port=port,
                sender=sender,
                crash_point=crash_point,
                before=prepare,
            )
            hub = await stack.enter_async_context(running)
        else:
            open_hub = opened(home, "backfill", sender=sender, crash_point=crash_point)
            hub = await stack.enter_async_context(open_hub)
            await prepare(hub)
            await stack.enter_async_context(working(hub.engine))
        yield Backfill(hub, importers[0])


async def _prepared(hub: Hub, asked: Asked, tell: Tell) -> Importer:
    engine = _engine(hub)
    wanted = wanted_of(engine.connections, asked)

    def work(tx: Tx) -> None:
        begin(tx, engine.means, wanted, restart=asked.restart, actor=asked.actor)

    await hub.database.write(work, hub.clock.now())
    return Importer(engine.means, wanted, tell)


def _engine(hub: Hub) -> Engine:
    if hub.engine is None:
        raise CannotImport(f"there is no {hub.home.policy_path}; run: tricord init")
    return hub.engine


def _list(names: Sequence[str] | set[str] | Mapping[ConnectionName, Connection]) -> str:
    return ", ".join(sorted(str(name) for name in names)) or "nowhere"
