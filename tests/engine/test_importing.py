"""A firm's past is imported whole, once and silently, through any death."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from engine.dying_backfill import live
from engine.past import Meddling, Past, here, past
from engine.supervising import until
from tricord.app.backfilling import Asked, backfilling
from tricord.app.web import free_port
from tricord.app.wiring import Hub, running_server
from tricord.connectors.stripe.connector import CONNECTOR as STRIPE
from tricord.core.ids import Instant, Kind
from tricord.engine.pages import difference
from tricord.engine.wire import NetworkSender
from tricord.sdk.connector import Access, Pages
from tricord.sdk.paging import Paging
from tricord.store import account_views, commands, deliveries, imports, modes, status_views, views
from tricord.store.imports import Import, ImportState
from tricord.store.modes import Mode

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["engine.dying_backfill", "tricord.console"])
CLIENTS = 110
Play = Callable[[Past], Awaitable[None]]


def play(folder: Path, story: Play, clients: int = CLIENTS) -> None:
    async def whole() -> None:
        async with past(folder, clients) as made:
            await story(made)

    asyncio.run(whole())


async def imported(made: Past, asked: Asked | None = None) -> list[Import]:
    async with backfilling(made.home, asked or Asked()) as importing:
        return await importing.run()


async def die(made: Past, point: str, nth: int) -> None:
    """An import in a process of its own that kills itself there."""
    arguments = (str(made.home.path), point, nth, made.home.database_url)
    process = FORKS.Process(target=live, args=arguments)
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL


def check_whole(made: Past, clients: int = CLIENTS) -> None:
    """Everything of the vendors is here once, in one account for each client, and nothing left."""
    assert made.look(here) == made.there()
    assert len(made.look(account_views.every_account)) == clients
    assert made.writes() == {}
    assert made.look(modes.mode_of) is Mode.REHEARSING
    found = made.look(imports.every)
    assert {one.state for one in found} == {ImportState.DONE}, [one.problem for one in found]
    assert made.look(commands.waiting_for) == {}
    assert made.look(views.status)["open_cases"] == 0


def test_a_firms_past_is_imported_whole_and_nothing_is_sent(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        await imported(made)
        check_whole(made)
        pages = made.pages()
        await imported(made)
        check_whole(made)
        assert made.pages() == pages, "a second run has nothing to read"
        await imported(made, Asked(restart=True))
        check_whole(made)
        assert made.pages() == 2 * pages

    play(tmp_path, story)


SPOTS = [
    ("before a page commits", 1),
    ("before a page commits", 9),
    ("after a page commits", 3),
    ("after a page commits", 14),
    ("after a request", 7),
    ("before a request", 12),
]


@pytest.mark.parametrize(("point", "nth"), SPOTS)
def test_dying_at_any_step_of_an_import_loses_and_doubles_nothing(
    tmp_path: Path, point: str, nth: int
) -> None:
    async def story(made: Past) -> None:
        await die(made, point, nth)
        assert made.look(modes.mode_of) is Mode.IMPORTING
        before = {one.name: one for one in made.look(imports.every)}
        found = await imported(made)
        check_whole(made)
        for one in found:
            assert one.seen >= before[one.name].seen
            assert one.seen == len(made.there()[one.kind])

    play(tmp_path, story)


@pytest.mark.skipif("TRICORD_LONG" not in os.environ, reason="it takes many minutes")
def test_ten_thousand_clients_come_in_through_death_after_death(tmp_path: Path) -> None:
    clients = 10_000
    deaths = [("before a page commits", 40), ("after a page commits", 90), ("after a request", 150)]

    async def story(made: Past) -> None:
        for point, nth in deaths:
            await die(made, point, nth)
        await imported(made)
        check_whole(made, clients)

    play(tmp_path, story, clients)


async def with_answers(made: Past, change: Callable[[str, Any], Any]) -> list[Import]:
    async with NetworkSender() as inner:
        sender = Meddling(inner, change)
        async with backfilling(made.home, Asked(), sender=sender) as importing:
            return await importing.run()


def open_kinds(made: Past) -> list[str]:
    return sorted(case.kind for case in made.look(partial(views.cases, limit=10)))


def of(found: list[Import], kind: Kind) -> Import:
    return next(one for one in found if one.kind is kind)


def test_a_row_that_the_vendor_never_lists_makes_the_import_differ(tmp_path: Path) -> None:
    def losing(path: str, body: Any) -> Any:
        listing = path.startswith("/crm/objects/2026-03/contacts?")
        rows = [row for row in body["results"] if row["id"] != lost] if listing else []
        return body | {"results": rows} if listing else body

    lost = ""

    async def story(made: Past) -> None:
        nonlocal lost
        lost = sorted(made.there()[Kind.CONTACT])[3]
        contacts = of(await with_answers(made, losing), Kind.CONTACT)
        assert contacts.state is ImportState.DIFFERS
        assert (contacts.total, contacts.held) == (10, 9)
        assert open_kinds(made) == ["incomplete_import"]
        again = Asked(only=("hubspot",), kinds=("contact",), restart=True)
        assert of(await imported(made, again), Kind.CONTACT).state is ImportState.DONE
        assert open_kinds(made) == []

    play(tmp_path, story, clients=10)


def test_a_walk_of_which_a_part_is_not_here_differs_too(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        await imported(made)
        customers = of(made.look(imports.every), Kind.CUSTOMER)
        more = replace(customers, seen=customers.seen + 1)
        assert made.look(partial(difference, customers)) == (10, "")
        held, words = made.look(partial(difference, more))
        assert (held, words) == (10, "11 of customer were listed, and 10 are here")

    play(tmp_path, story, clients=10)


def test_a_row_that_cannot_be_read_is_a_case_and_hides_no_other(tmp_path: Path) -> None:
    def spoiling(path: str, body: Any) -> Any:
        if path.startswith("/crm/objects/2026-03/deals?"):
            body["results"][2]["updatedAt"] = "yesterday"
        return body

    async def story(made: Past) -> None:
        deals = of(await with_answers(made, spoiling), Kind.DEAL)
        assert (deals.state, deals.seen, deals.held) == (ImportState.DIFFERS, 10, 9)
        assert open_kinds(made) == ["incomplete_import", "unreadable"]

    play(tmp_path, story, clients=10)


def test_a_list_that_the_vendor_caps_is_never_called_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(made: Past) -> None:
        pages = dict(STRIPE.pages)

        def capped(access: Access, cursor: str, at: Instant) -> Paging:
            page = yield from pages[Kind.CUSTOMER](access, cursor, at)
            return replace(page, capped=True)

        monkeypatch.setitem(cast(dict[Kind, Pages], STRIPE.pages), Kind.CUSTOMER, capped)
        customers = of(await imported(made), Kind.CUSTOMER)
        assert customers.state is ImportState.DIFFERS
        assert "may be more" in customers.problem

    play(tmp_path, story, clients=10)


def test_a_cursor_that_does_not_move_ends_the_import_of_its_kind_alone(tmp_path: Path) -> None:
    def circling(path: str, body: Any) -> Any:
        if path.startswith("/crm/objects/2026-03/companies?"):
            body["paging"] = {"next": {"after": "MTA="}}
        return body

    async def story(made: Past) -> None:
        found = await with_answers(made, circling)
        companies = of(found, Kind.COMPANY)
        assert companies.state is ImportState.RUNNING
        assert "does not move" in companies.problem
        assert of(found, Kind.INVOICE).state is ImportState.DONE
        assert made.look(modes.mode_of) is Mode.IMPORTING

    play(tmp_path, story, clients=10)


@contextlib.asynccontextmanager
async def _beside(made: Past, store: str, port: int) -> AsyncIterator[None]:
    """Who takes webhooks on PostgreSQL; with the embedded database the import does it itself."""
    if store == "sqlite":
        yield
        return
    async with running_server(made.home, port=port):
        yield


def test_what_happens_during_an_import_is_absorbed_and_not_acted_on(
    tmp_path: Path, store: str
) -> None:
    async def whole() -> None:
        port = free_port()
        async with past(tmp_path, 40, f"http://127.0.0.1:{port}") as made:
            async with (
                _beside(made, store, port),
                backfilling(made.home, Asked(), port=port) as importing,
            ):
                running = asyncio.create_task(importing.run())
                deal = await made.stage.new_deal(0)
                await made.stage.move(deal, "contractsigned")
                await running

                async def absorbed() -> bool:
                    counts = await importing.hub.read(deliveries.counts)
                    hints = await importing.hub.read(status_views.hints_waiting)
                    return bool(counts["absorbed"]) and not counts["waiting"] + hints

                await until(absorbed, "the news is taken in")
            assert made.look(here) == made.there()
            assert made.look(modes.mode_of) is Mode.REHEARSING
            assert made.look(views.status)["commands"] == {}
            assert made.writes() == {}

    asyncio.run(whole())


def test_an_import_that_is_stopped_says_so_and_goes_on_where_it_was(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        async with backfilling(made.home, Asked()) as importing:
            running = asyncio.create_task(importing.run())
            await until(lambda: _some(importing.hub), "a page is stored")
            importing.stop()
            stopped = await running
        assert any(not one.ended for one in stopped)
        assert made.look(modes.mode_of) is Mode.IMPORTING
        await imported(made)
        check_whole(made)

    play(tmp_path, story)


async def _some(hub: Hub) -> bool:
    return any(one.seen for one in await hub.read(imports.every))
