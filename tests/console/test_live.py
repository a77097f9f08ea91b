"""The bell: who listens is told what changed, once, and a hundred tabs cost what one does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from console.browsing import desk_of
from console.firm import MAIL, NOW, Town, open_town
from tricord.console import live
from tricord.console.desk import Desk
from tricord.console.live import Bell, sections_between, written
from tricord.store import audit, connections
from tricord.store.database import Tx
from tricord.store.marks import PARTS, marks

T = TypeVar("T")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = open_town(tmp_path)
    yield made
    made.database.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.05)


def counted(town: Town) -> tuple[Desk, list[int]]:
    """A desk that counts how often it was read from."""
    desk, reads = desk_of(town), [0]

    async def read(work: Callable[[Tx], T]) -> T:
        reads[0] += 1
        return await town.database.read(work, town.now)

    return Desk(read=read, write=desk.write, rehearse=desk.rehearse, policy=desk.policy,
                now=desk.now, wall=desk.wall), reads  # fmt: skip


def happen(town: Town) -> None:
    town.database.run(lambda tx: audit.record_act(tx, "test.happened", "x"), NOW)


def now_of(town: Town) -> str:
    return written(town.database.run(marks, NOW))


async def told(stream: AsyncIterator[str]) -> list[str]:
    """The sections of the next change, whatever else comes before."""
    async for event in stream:
        for line in event.splitlines():
            if line.startswith("data: "):
                found: list[str] = json.loads(line.removeprefix("data: "))
                return found
    raise AssertionError("the stream ended")


def test_a_change_reaches_everybody_who_listens(town: Town) -> None:
    async def scene() -> list[list[str]]:
        bell = Bell(desk_of(town))
        streams = [bell.listen(now_of(town)) for _ in range(3)]
        waiting = [asyncio.create_task(told(stream)) for stream in streams]
        await asyncio.sleep(0.1)
        happen(town)
        async with asyncio.timeout(2):
            found = await asyncio.gather(*waiting)
        bell.close()
        return found

    found = asyncio.run(scene())
    assert len(found) == 3
    assert all("cases" in sections and "connections" not in sections for sections in found)


def test_what_changed_between_the_page_and_the_stream_is_told_at_once(town: Town) -> None:
    async def scene() -> list[str]:
        since = now_of(town)
        happen(town)
        async with asyncio.timeout(2):
            return await told(Bell(desk_of(town)).listen(since))

    assert "audit" in asyncio.run(scene())


def test_a_hundred_listeners_cost_one_look_each_time_and_none_costs_nothing(town: Town) -> None:
    async def scene() -> tuple[int, int]:
        desk, reads = counted(town)
        bell = Bell(desk)
        tasks = [asyncio.create_task(drain(bell.listen(now_of(town)))) for _ in range(100)]
        await asyncio.sleep(0.5)
        busy = reads[0]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        reads[0] = 0
        await asyncio.sleep(0.2)
        return busy, reads[0]

    async def drain(stream: AsyncIterator[str]) -> None:
        async for _ in stream:
            pass

    busy, idle = asyncio.run(scene())
    assert busy <= 0.5 / 0.02 + 2
    assert idle == 0


def test_a_quiet_stream_beats_and_a_closed_bell_ends_it(town: Town) -> None:
    async def scene() -> list[str]:
        bell = Bell(desk_of(town))
        seen: list[str] = []

        async def collect() -> None:
            seen.extend([event async for event in bell.listen(now_of(town))])

        task = asyncio.create_task(collect())
        await asyncio.sleep(0.3)
        bell.close()
        async with asyncio.timeout(1):
            await task
        return seen

    seen = asyncio.run(scene())
    assert seen[0] == "retry: 2000\n\n"
    assert seen.count(": here\n\n") >= 3


def test_a_store_that_cannot_be_read_for_a_while_ends_no_stream(town: Town) -> None:
    async def scene() -> list[str]:
        desk, broken = desk_of(town), [False]

        async def read(work: Callable[[Tx], T]) -> T:
            if broken[0]:
                raise OSError("the disk is full")
            return await town.database.read(work, town.now)

        bell = Bell(Desk(read=read, write=desk.write, rehearse=desk.rehearse, policy=desk.policy,
                         now=desk.now, wall=desk.wall))  # fmt: skip
        task = asyncio.create_task(told(bell.listen(now_of(town))))
        await asyncio.sleep(0.1)
        broken[0] = True
        await asyncio.sleep(0.1)
        happen(town)
        broken[0] = False
        async with asyncio.timeout(2):
            return await task

    assert "feed" in asyncio.run(scene())


def test_marks_move_with_what_they_mark_and_an_old_mark_means_everything(town: Town) -> None:
    before = now_of(town)
    assert sections_between(before, now_of(town)) == []
    town.database.run(lambda tx: connections.lost_access(tx, MAIL, "the password is wrong"), NOW)
    assert sections_between(before, now_of(town)) == ["connections"]
    everything = sections_between("an old page's", before)
    assert {"money", "cases", "connections", "workers"} <= set(everything)
    assert len(before.split(".")) == len(PARTS)
