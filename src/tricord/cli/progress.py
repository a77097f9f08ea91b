"""Progress of an import: bars on a terminal, plain lines elsewhere, nothing for machines."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from tricord.engine.importing import Tell
from tricord.store.imports import Import, ImportState

EVERY_SECONDS = 5.0


@contextmanager
def shown(*, silent: bool) -> Iterator[Tell]:
    """What is to be told of each stored page while the block runs."""
    console = Console()
    if silent:
        yield lambda _: None
    elif console.is_terminal:
        columns = (
            TextColumn("{task.description:24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[state]}"),
        )
        with Progress(*columns, console=console) as bars:
            yield _Bars(bars).tell
    else:
        yield _Lines().tell


class _Pace:
    """How many rows of each import came per second since this process first heard of it."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[float, int]] = {}

    def of(self, one: Import) -> float:
        now = time.monotonic()
        start, seen = self._first.setdefault(one.name, (now, one.seen))
        return (one.seen - seen) / (now - start) if now > start else 0.0


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._pace = _Pace()

    def tell(self, one: Import) -> None:
        if one.name not in self._tasks:
            self._tasks[one.name] = self._bars.add_task(one.name, rate="", state="")
        total = max(one.seen, one.total or 0) if one.total is not None or one.ended else None
        self._bars.update(
            self._tasks[one.name],
            completed=total if one.state is ImportState.DONE else one.seen,
            total=total,
            rate=f"{self._pace.of(one):.0f}/s",
            state=one.problem or (str(one.state) if one.ended else ""),
        )


class _Lines:
    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self._pace = _Pace()

    def tell(self, one: Import) -> None:
        rate = self._pace.of(one)
        now = time.monotonic()
        quiet = now - self._told.get(one.name, -EVERY_SECONDS) < EVERY_SECONDS
        if quiet and not one.ended and not one.problem:
            return
        self._told[one.name] = now
        click.echo(line_of(one, rate))


def line_of(one: Import, rate: float = 0.0) -> str:
    """One import as one line: `hubspot contact: 1,200 of 10,000, 120/s, 73 s left`."""
    total = f" of {one.total:,}" if one.total is not None else ""
    parts = [f"{one.name}: {one.seen:,}{total}"]
    if rate and not one.ended:
        parts.append(f"{rate:.0f}/s")
        if one.total is not None and one.total > one.seen:
            parts.append(f"{(one.total - one.seen) / rate:.0f} s left")
    if one.ended or not rate:
        parts.append(str(one.state))
    if one.problem:
        parts.append(one.problem)
    return ", ".join(parts)
