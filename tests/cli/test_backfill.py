"""`tricord backfill` as a person runs it: progress, status, Ctrl-C, and what a live home asks."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from engine.past import Past, here, past
from tricord.cli.progress import line_of
from tricord.core.ids import ConnectionName, Kind
from tricord.store import modes
from tricord.store.imports import Import, ImportState
from tricord.store.modes import Mode

TRICORD = str(Path(sys.executable).with_name("tricord"))
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


def play(folder: Path, clients: int, story: Callable[[Past], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with past(folder, clients) as made:
            await story(made)

    asyncio.run(whole())


async def tricord(made: Past, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    line = [TRICORD, "--home", str(made.home.path), *arguments]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            line, capture_output=True, text=True, input=stdin, env=ENVIRONMENT,
            timeout=120, check=False,
        )  # fmt: skip

    return await asyncio.to_thread(run)


def test_it_tells_how_far_it_is_and_what_to_do_next(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        before = await tricord(made, "backfill", "--status")
        assert before.stdout == "Nothing was imported yet.\nThis home is live.\n"
        done = await tricord(made, "backfill", "--port", "0")
        assert done.returncode == 0, done.stderr
        assert "hubspot company: 20 of 20, done" in done.stdout
        assert "stripe invoice: 20, done" in done.stdout
        assert "sign: tricord go-live" in done.stdout
        told = json.loads((await tricord(made, "backfill", "--status", "--json")).stdout)
        assert told["mode"] == "rehearsing"
        contact = next(one for one in told["imports"] if one["kind"] == "contact")
        assert (contact["seen"], contact["total"], contact["held"]) == (20, 20, 20)
        again = await tricord(made, "backfill", "--port", "0")
        assert again.returncode == 0
        assert made.writes() == {}

    play(tmp_path, 20, story)


def test_only_and_kinds_choose_and_what_there_is_not_is_told(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        wrong = await tricord(made, "backfill", "--only", "mail")
        assert (wrong.returncode, "from hubspot, stripe" in wrong.stderr) == (1, True)
        wrong = await tricord(made, "backfill", "--kinds", "call")
        assert (wrong.returncode, "credit_note" in wrong.stderr) == (1, True)
        some = await tricord(
            made, "backfill", "--only", "stripe", "--kinds", "customer,invoice",
            "--port", "0", "--json",
        )  # fmt: skip
        rows = json.loads(some.stdout)["imports"]
        assert {(one["connection"], one["kind"]) for one in rows} == {
            ("stripe", "customer"),
            ("stripe", "invoice"),
        }

    play(tmp_path, 5, story)


def test_ctrl_c_ends_it_and_the_same_command_goes_on(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        line = [TRICORD, "--home", str(made.home.path), "backfill", "--port", "0"]
        process = await asyncio.create_subprocess_exec(
            *line, env=ENVIRONMENT, stdout=PIPE, stderr=PIPE
        )
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), 60)
        process.send_signal(signal.SIGINT)
        _, problem = await process.communicate()
        assert process.returncode == 130
        assert b"Go on with: tricord backfill" in problem
        assert made.look(modes.mode_of) is Mode.IMPORTING
        done = await tricord(made, "backfill", "--port", "0")
        assert done.returncode == 0, done.stderr
        assert made.look(here) == made.there()

    play(tmp_path, 150, story)


def test_a_live_home_with_clients_is_asked_before_it_falls_silent(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        assert (await tricord(made, "backfill", "--port", "0")).returncode == 0
        signed = await tricord(made, "go-live", "--yes", "--sign", "Harbour Studio")
        assert signed.returncode == 0, signed.stderr
        no = await tricord(made, "backfill", "--restart", "--port", "0", stdin="n\n")
        assert "This home is live" in no.stdout
        assert no.returncode == 130
        assert made.look(modes.mode_of) is Mode.LIVE
        yes = await tricord(made, "backfill", "--restart", "--yes", "--port", "0")
        assert yes.returncode == 0, yes.stderr
        assert made.look(modes.mode_of) is Mode.REHEARSING

    play(tmp_path, 5, story)


def test_a_line_tells_count_rate_and_time_left() -> None:
    running = Import(
        connection=ConnectionName("hubspot"), kind=Kind.CONTACT, state=ImportState.RUNNING,
        cursor="x", seen=1200, total=10_000, held=None, started_at=datetime.now(UTC),  # noqa: TID251
        finished_at=None, problem="",
    )  # fmt: skip
    assert line_of(running, 80.0) == "hubspot contact: 1,200 of 10,000, 80/s, 110 s left"


def test_on_a_terminal_there_are_bars(tmp_path: Path) -> None:
    async def story(made: Past) -> None:
        ours, theirs = os.openpty()
        line = [TRICORD, "--home", str(made.home.path), "backfill", "--port", "0"]
        environment = ENVIRONMENT | {"TERM": "xterm-256color", "COLUMNS": "120"}
        process = await asyncio.create_subprocess_exec(
            *line, env=environment, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = await asyncio.to_thread(_all_of, ours)
        assert await process.wait() == 0, shown
        assert "hubspot company" in shown
        assert "━" in shown
        assert "20/20" in shown

    play(tmp_path, 20, story)


def _all_of(terminal: int) -> str:
    found = b""
    try:
        while part := os.read(terminal, 65536):
            found += part
    except OSError:  # how a terminal says that the other end is closed
        pass
    os.close(terminal)
    return found.decode()
