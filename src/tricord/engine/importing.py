"""Importing: all records of each kind, read whole and page by page, parents first, nothing sent.

The cursor of the next page commits with the last records of this one, so a process that dies
anywhere goes on where it was. Accounts are not decided meanwhile; a signed go-live has each decided
once.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from tricord.core.commands import Priority
from tricord.core.ids import ConnectionName, Instant, Kind
from tricord.engine import breaker
from tricord.engine.absorbing import QUIET
from tricord.engine.acting import wait_after
from tricord.engine.calling import call
from tricord.engine.means import Means
from tricord.engine.pages import batch_of, difference, end, parts_of, store_last, store_part
from tricord.engine.recording import detail_of
from tricord.sdk.connector import Access, Pages
from tricord.sdk.errors import TryAgain
from tricord.sdk.paging import Page, Paging
from tricord.store import cursors, imports, modes, schedule
from tricord.store.audit import record_act
from tricord.store.database import Tx
from tricord.store.imports import Import, ImportState
from tricord.store.modes import Mode
from tricord.store.workers import DEAD_AFTER

T = TypeVar("T")

Wanted = tuple[ConnectionName, Kind]
Tell = Callable[[Import], None]

AFTER: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.CUSTOMER: (Kind.COMPANY, Kind.CONTACT),
    Kind.INVOICE: (Kind.CUSTOMER,),
    Kind.PAYMENT: (Kind.INVOICE,),
    Kind.REFUND: (Kind.INVOICE,),
    Kind.DISPUTE: (Kind.INVOICE,),
    Kind.CREDIT_NOTE: (Kind.INVOICE,),
}
"""What should be in before a kind, so that its records find their account at once. Any other order
ends in the same accounts, by way of moving records."""
MOST_TRIES = 8
LONGEST_WAIT = timedelta(minutes=5)
RECOUNT_AFTER = (2.0, 5.0, 10.0)
"""Seconds. A vendor's count may lag, and records are made while others are read."""


class _Halted(Exception):
    """This kind stops here; it can be gone on with later."""


def begin(tx: Tx, means: Means, wanted: Sequence[Wanted], *, restart: bool, actor: str) -> None:
    """Have these kinds imported. From now on nothing leaves, until a go-live is signed."""
    for name, kind in wanted:
        if restart:
            imports.forget(tx, name, [kind])
        imports.announce(tx, name, [kind])
    for name in sorted({name for name, _ in wanted}):
        since = means.connections[name].connector.since
        if since is not None:
            cursors.begin(tx, name, since(tx.now))
    unfinished = any(not one.ended for one in imports.every(tx))
    if unfinished and modes.enter(tx, Mode.IMPORTING):
        record_act(tx, "import.begun", "home", actor=actor)


class Importer:
    """One run over kinds that `begin` has announced. `tell` hears of each page that is stored."""

    def __init__(self, means: Means, wanted: Sequence[Wanted], tell: Tell = lambda _: None) -> None:
        self._means = means
        self._ended = {one: asyncio.Event() for one in wanted}
        self._tell = tell
        self._stopped = asyncio.Event()
        # One part at a time, so that webhooks and turns have their place between any two.
        self._storing = asyncio.Lock()

    def stop(self) -> None:
        """End after the pages in hand; what is stored stays, and the next run goes on from it."""
        self._stopped.set()

    async def run(self) -> list[Import]:
        """How every import stands at the end of this run."""
        async with asyncio.TaskGroup() as group:
            for name, kind in self._ended:
                group.create_task(self._import(name, kind))
        return await self._write(self._close)

    def _close(self, tx: Tx) -> list[Import]:
        found = imports.every(tx)
        over = all(one.ended for one in found)
        if over and modes.mode_of(tx) is Mode.IMPORTING:
            modes.enter(tx, Mode.REHEARSING)
            record_act(tx, "import.finished", "home")
        return found

    async def _import(self, name: ConnectionName, kind: Kind) -> None:
        try:
            for (_, other), ended in self._ended.items():
                if other in AFTER.get(kind, ()):
                    await ended.wait()
            one = await self._claim(name, kind)
            if one is not None:
                await self._walk(one)
        finally:
            self._ended[name, kind].set()

    async def _claim(self, name: ConnectionName, kind: Kind) -> Import | None:
        """The import of a kind; None when it has ended, or another process is at it."""
        worker = self._means.pulse.worker
        end = asyncio.get_running_loop().time() + 2 * DEAD_AFTER.total_seconds()
        while not self._stopped.is_set():
            one = await self._write(lambda tx: imports.claim(tx, name, kind, worker))
            if one is not None:
                return one
            known = await self._read(imports.every)
            if any(o.ended for o in known if (o.connection, o.kind) == (name, kind)):
                return None
            # A worker that died a moment ago still counts as alive for some seconds.
            if asyncio.get_running_loop().time() > end:
                return None
            await asyncio.sleep(1.0)
        return None

    async def _walk(self, one: Import) -> None:
        ahead: asyncio.Task[Page] | None = None
        try:
            page = await self._page(one, one.cursor)
            counts = one.state is not ImportState.COUNTING
            while True:
                ahead = self._next(one, page)
                one = await self._store(one, page, counts=counts)
                counts = True
                if ahead is not None:
                    page = await ahead
                    continue
                new = await self._compare(one, page)
                if new is None:
                    return
                page = new
        except _Halted as halt:
            words = str(halt)
            one = await self._write(lambda tx: imports.let_go(tx, one, words))
            self._tell(one)
        finally:
            if ahead is not None:
                ahead.cancel()
                with contextlib.suppress(asyncio.CancelledError, _Halted):
                    await ahead

    def _next(self, one: Import, page: Page) -> "asyncio.Task[Page] | None":
        """The next page is asked for while this one is stored."""
        return asyncio.create_task(self._page(one, page.cursor)) if page.more else None

    # From the vendor

    async def _page(self, one: Import, cursor: str) -> Page:
        connection = self._means.connections[one.connection]
        listed = connection.connector.pages[one.kind]
        for attempt in range(1, MOST_TRIES + 1):
            if self._stopped.is_set():
                raise _Halted("stopped before its end")
            asked_at = self._means.clock.now()
            talk = partial(_begin_page, listed, cursor, asked_at)
            result = await call(self._means, talk, connection, Priority.BACKFILL)
            if isinstance(result, Page):
                return _moving(result, cursor)
            await self._note(one, result)
            if not isinstance(result, TryAgain) or attempt == MOST_TRIES:
                raise _Halted(detail_of(result))
            wait = wait_after(attempt, self._means.dice, result.retry_after)
            if wait > LONGEST_WAIT:
                raise _Halted(f"{result.detail}; it asks to come back in {wait}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait.total_seconds()):
                    await self._stopped.wait()
        raise _Halted("stopped before its end")

    async def _note(self, one: Import, error: Exception) -> None:
        def work(tx: Tx) -> None:
            breaker.troubled(batch_of(self._means, tx), one.connection, error)

        await self._write(work)

    # Into the store

    async def _store(self, one: Import, page: Page, *, counts: bool) -> Import:
        """In parts, so that nobody waits long for the store; the cursor moves on with the last."""
        *parts, last = parts_of(page.records)
        for part in parts:
            await self._written(partial(store_part, self._means, part))
        stored = await self._written(
            partial(store_last, self._means, one, page, last, counts=counts)
        )
        self._means.crash_point("after a page commits")
        self._tell(stored)
        return stored

    async def _written(self, work: Callable[[Tx], T]) -> T:
        while True:
            try:
                async with self._storing:
                    return await self._write(work)
            except schedule.Busy:
                await asyncio.sleep(QUIET.total_seconds())

    # What is here against what the vendor has

    async def _compare(self, one: Import, last: Page) -> Page | None:
        """End the import, as done only if the counts agree. A page when there is more to store."""
        if last.capped:
            words = f"the list of {one.kind} ends at {one.seen} rows, though there may be more"
            await self._finish(one, one.seen, words)
            return None
        for wait in (*RECOUNT_AFTER, None):
            here, problem = await self._read(partial(difference, one))
            if not problem or wait is None or one.total is None:
                await self._finish(one, here, problem)
                return None
            await asyncio.sleep(wait)
            page = await self._page(one, one.cursor)
            if page.more:
                return page
            one = await self._store(one, page, counts=False)
        return None

    async def _finish(self, one: Import, here: int, problem: str) -> None:
        self._tell(await self._write(partial(end, self._means, one, here, problem)))

    async def _write(self, work: Callable[[Tx], T]) -> T:
        return await self._means.database.write(work, self._means.clock.now())

    async def _read(self, work: Callable[[Tx], T]) -> T:
        return await self._means.database.read(work, self._means.clock.now())


def _begin_page(pages: Pages, cursor: str, at: Instant, access: Access) -> Paging:
    return pages(access, cursor, at)


def _moving(page: Page, cursor: str) -> Page:
    if page.more and page.cursor in ("", cursor):
        raise _Halted("the vendor says that there is more, but its cursor does not move")
    return page
