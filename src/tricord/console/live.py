"""The bell: it tells every open page which parts of the firm have changed, within a second.

One look at the database each second serves all listeners, however many there are, and there is no
look at all while nobody listens. What is told names sections and carries nothing of the firm.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping

import structlog

from tricord.console.desk import Desk
from tricord.store.marks import PARTS, marks

log = structlog.get_logger("tricord.console")

EVERY_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
MOST_LISTENERS = 200
LONGEST_SECONDS = 600.0
"""A stream ends after this, so that a session that is over is not listened with for ever."""

_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "audit": ("cases", "commands", "feed", "next", "work", "audit"),
    "attempts": ("commands", "connections"),
    "accounts": ("money", "feed", "next", "accounts", "invoices", "identity"),
    "deliveries": ("deliveries", "connections", "work"),
    "waiting": ("deliveries", "connections", "work"),
    "connections": ("connections",),
    "workers": ("workers", "work"),
}


def written(found: Mapping[str, str]) -> str:
    """Marks as one short text, for a page to say what it was made from."""
    return ".".join(found[part] for part in PARTS)


def sections_between(before: str, after: str) -> list[str]:
    """Which sections of a page are out of date. An unreadable mark makes all of them so."""
    old, new = before.split("."), after.split(".")
    if len(old) != len(PARTS):
        return sorted({name for names in _SECTIONS.values() for name in names})
    moved = [part for part, was, now in zip(PARTS, old, new, strict=True) if was != now]
    return sorted({name for part in moved for name in _SECTIONS[part]})


class Bell:
    """Made once for a process. `close` ends every stream, so that the server can stop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._latest = ""
        self._rung = asyncio.Event()
        self._listeners = 0
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def is_full(self) -> bool:
        return self._listeners >= MOST_LISTENERS

    async def listen(self, since: str) -> AsyncIterator[str]:
        """The stream for one page that was made from the marks `since`, as `text/event-stream`."""
        self._listeners += 1
        if self._looking is None and not self._closed:
            self._looking = asyncio.create_task(self._look())
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_SECONDS
        known = since
        try:
            yield "retry: 2000\n\n"
            while not self._closed and loop.time() < end:
                rung, latest = self._rung, self._latest
                if latest and latest != known:
                    news = json.dumps(sections_between(known, latest))
                    yield f"id: {latest}\nevent: change\ndata: {news}\n\n"
                    known = latest
                else:
                    yield ": here\n\n"
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await rung.wait()
        finally:
            self._listeners -= 1
            if self._listeners == 0:
                self._rest()

    def close(self) -> None:
        self._closed = True
        self._rest()
        self._rung.set()

    async def _look(self) -> None:
        while True:
            try:
                latest = written(await self._desk.read(marks))
            except Exception as error:  # pages stay as they are; the next look may succeed
                log.warning("console.bell_silent", error=type(error).__name__)
                latest = self._latest
            if latest != self._latest:
                self._latest = latest
                rung, self._rung = self._rung, asyncio.Event()
                rung.set()
            await asyncio.sleep(EVERY_SECONDS)

    def _rest(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
            self._latest = ""
