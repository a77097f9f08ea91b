"""A firm's past is imported whole, once and silently, through any death."""

import asyncio
import multiprocessing
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine.dying_backfill import live
from engine.past import Past, here, past
from tricord.app.backfilling import Asked, backfilling
from tricord.store import account_views, commands, imports, modes, views
from tricord.store.imports import Import, ImportState
from tricord.store.modes import Mode

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["engine.dying_backfill", "tricord.console"])
CLIENTS = 120
Play = Callable[[Past], Awaitable[None]]


def play(folder: Path, story: Play, clients: int = CLIENTS) -> None:
    async def whole() -> None:
        async with past(folder, clients) as made:
            await story(made)

    asyncio.run(whole())


async def imported(made: Past, asked: Asked | None = None) -> list[Import]:
    async with backfilling(made.home, asked or Asked()) as importing:
        return await importing.run()


def look(made: Past, work):  # type: ignore[no-untyped-def]  # what `work` of a transaction gives
    database = made.home.open_database()
    try:
        return database.run(work, made.stripe.settings.clock())
    finally:
        database.close()


def check_whole(made: Past) -> None:
    """Everything of the vendors is here once, in one account for each client, and nothing left."""
    assert look(made, here) == made.there()
    assert len(look(made, account_views.every_account)) == CLIENTS
    assert made.writes() == {}
    assert look(made, modes.mode_of) is Mode.REHEARSING
    found = look(made, imports.every)
    assert {one.state for one in found} == {ImportState.DONE}, [one.problem for one in found]
    assert look(made, commands.waiting_for) == {}
    assert look(made, views.status)["open_cases"] == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_firms_past_is_imported_whole_and_nothing_is_sent(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "postgres":
        monkeypatch.setenv("TRICORD_DATABASE", request.getfixturevalue("postgres_url"))

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
    ("before a page commits", 4),
    ("before a page commits", 9),
    ("after a page commits", 1),
    ("after a page commits", 3),
    ("after a page commits", 8),
    ("after a request", 2),
    ("after a request", 7),
    ("before a request", 12),
    ("after claiming", 3),
]


@pytest.mark.parametrize(("point", "nth"), SPOTS)
def test_dying_at_any_step_of_an_import_loses_and_doubles_nothing(
    tmp_path: Path, point: str, nth: int
) -> None:
    async def story(made: Past) -> None:
        process = FORKS.Process(target=live, args=(str(tmp_path), point, nth))
        process.start()
        await asyncio.to_thread(process.join)
        assert process.exitcode == -signal.SIGKILL
        assert look(made, modes.mode_of) is Mode.IMPORTING
        before = {one.name: one for one in look(made, imports.every)}
        found = await imported(made)
        check_whole(made)
        for one in found:
            assert one.seen >= before[one.name].seen
            assert one.seen == len(made.there()[one.kind])

    play(tmp_path, story)
