"""Alerts with real processes: the engine is killed, the watch is killed, and people are told."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.supervising import until
from tricord.app.demo import Stage, demo_policy, demo_secrets, running_stage
from tricord.app.home import Home
from tricord.engine.clock import SystemClock
from tricord.store import cases, duties
from tricord.store.database import Database

PYTHON = (sys.executable, "-m", "tricord.cli.main")


@dataclass(slots=True)
class Firm:
    """A home whose policy leads to sandboxes, `tricord up` on it, and the store to look into."""

    home: Home
    stage: Stage
    database: Database
    up: asyncio.subprocess.Process

    async def run(self, *arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *PYTHON, *arguments, "--home", str(self.home.path), stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
        return process.returncode or 0, told.decode()

    async def titles(self) -> list[str]:
        """What has arrived in Slack, oldest first."""
        return [message["title"] for message in (await self.stage.state("slack"))["messages"]]

    async def watcher(self) -> int:
        """The process that leads the watch just now, 0 for none."""
        now = _now()
        holder = await self.database.read(lambda tx: duties.holder_of(tx, "watch"), now)
        return int(holder.split(":")[1]) if holder else 0


def _now() -> datetime:
    return SystemClock().now()


@contextlib.asynccontextmanager
async def firm(folder: Path) -> AsyncIterator[Firm]:
    async with running_stage(None, seed=7) as stage:
        home = Home(folder)
        home.make()
        home.policy_path.write_text(demo_policy(stage, "1 second"))
        home.secrets_path.touch(mode=0o600)
        home.secrets_path.write_text(demo_secrets(stage))
        database = home.open_database()
        up = await asyncio.create_subprocess_exec(
            *PYTHON, "up", "--port", "0", "--json", "--home", str(folder),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        made = Firm(home=home, stage=stage, database=database, up=up)
        try:
            assert up.stdout is not None
            assert json.loads(await up.stdout.readline())["url"]
            yield made
        finally:
            if made.up.returncode is None:
                made.up.terminate()
                assert await made.up.wait() == 0
            watcher = await made.watcher()
            if watcher:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(watcher, signal.SIGTERM)
                await until(lambda: _gone(watcher), "the watch has ended")
            database.close()


async def _gone(process: int) -> bool:
    """Whether a process that is none of our children has ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    state = await asyncio.to_thread(Path(f"/proc/{process}/stat").read_text)
    return state.rpartition(")")[2].split()[0] == "Z"


def play(folder: Path, story: Callable[[Firm], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with firm(folder) as made:
            await story(made)

    asyncio.run(whole())


def test_t57_a_broken_sync_is_told_with_the_vendors_receipt_and_then_that_it_is_over(
    tmp_path: Path,
) -> None:
    async def story(firm: Firm) -> None:
        for _ in range(2):
            code, told = await firm.run("selftest", "--json")
            report = json.loads(told)
            assert (code, report["ok"]) == (0, True), report
            stages = [(one["stage"], one["what"]) for one in report["stages"]]
            assert [name for name, _ in stages] == [
                "broken", "case", "told", "told", "mended", "over", "over",
            ]  # fmt: skip
            assert stages[2][1] == "slack took the alert: 200"
            assert stages[3][1].startswith("mail took the alert: 250 ")
            assert report["stages"][3]["seconds"] < 60
        assert await firm.titles() == [
            "Self-test: nothing is wrong", "Over: Self-test: nothing is wrong",
        ] * 2  # fmt: skip
        mails = (await firm.stage.state("smtp"))["messages"]
        assert mails[1]["in_reply_to"] == mails[0]["message_id"]
        assert await firm.database.read(lambda tx: cases.live_of_cause(tx, "parked/selftest"),
                                        _now()) == []  # fmt: skip

    play(tmp_path, story)


def test_t57_a_hub_that_is_killed_is_told_of_by_the_watch_that_outlives_it(tmp_path: Path) -> None:
    async def story(firm: Firm) -> None:
        watcher = await until(firm.watcher, "the watch works")
        firm.up.kill()
        await firm.up.wait()

        async def told() -> bool:
            return "No engine works, and work waits" in await firm.titles()

        await until(told, "Slack says that no engine works")
        assert await firm.watcher() == watcher
        firm.up = await asyncio.create_subprocess_exec(
            *PYTHON, "up", "--port", "0", "--json", "--home", str(firm.home.path),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip

        async def over() -> bool:
            return "Over: No engine works, and work waits" in await firm.titles()

        await until(lambda: _gone(watcher), "the old watch has gone")
        await until(over, "Slack says that it is over")
        assert (await firm.titles()).count("No engine works, and work waits") == 1

    play(tmp_path, story)


def test_a_watch_that_is_killed_is_started_again_and_a_stopped_hub_takes_it_along(
    tmp_path: Path,
) -> None:
    async def story(firm: Firm) -> None:
        first = await until(firm.watcher, "the watch works")
        os.kill(first, signal.SIGKILL)

        async def second() -> int:
            found = await firm.watcher()
            return found if found != first else 0

        other = await until(second, "another watch works")
        code, told = await firm.run("selftest", "--json")
        assert code == 0, told
        firm.up.terminate()
        assert await firm.up.wait() == 0
        assert await _gone(other)

    play(tmp_path, story)
