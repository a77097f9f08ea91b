"""Self-test: one sync is broken on purpose, and the alert of it is followed to where it arrives."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from tricord.app.home import Home
from tricord.core.alerting import SELFTEST
from tricord.core.alerts import FIRST, OVER
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName, Instant
from tricord.engine.clock import Clock, SystemClock
from tricord.store import cases, deliveries, duties, incidents, notices
from tricord.store.database import Database, Tx
from tricord.store.deliveries import Arrival
from tricord.store.notices import NoticeState, Told

T = TypeVar("T")
EVERY = 0.2
CONNECTION = ConnectionName("selftest")
_PLAINLY_BROKEN = b'{"selftest": "this is not JSON"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One thing that must happen. `words` says what did, or what is missing."""

    name: str
    ok: bool
    at: Instant
    seconds: float
    words: str

    def as_json(self) -> dict[str, object]:
        return {
            "stage": self.name,
            "ok": self.ok,
            "at": self.at.isoformat(),
            "seconds": round(self.seconds, 3),
            "what": self.words,
        }


async def selftest(home: Home, patience: timedelta, actor: str) -> AsyncIterator[Stage]:
    """Each stage as it comes; the last one is not ok when something did not come in time."""
    database = home.open_database()
    try:
        clock = SystemClock(database.skew(SystemClock().now()))
        async for stage in _Test(database, clock, patience, actor).stages():
            yield stage
    finally:
        database.close()


class _Test:
    def __init__(self, database: Database, clock: Clock, patience: timedelta, actor: str) -> None:
        self._database, self._clock, self._actor = database, clock, actor
        self._begun = clock.now()
        self._until = self._begun + patience

    async def stages(self) -> AsyncIterator[Stage]:
        await self._write(self._tidy)
        if not await self._until_true(_nothing_open):
            yield self._missing("over", "an earlier self-test has not been told as over")
            return
        number = await self._write(self._break)
        key = f"parked/{number}"
        yield self._stage("broken", f"delivery {number}, which nobody can read, was stored")
        if not await self._until_true(lambda tx: cases.is_live(tx, key)):
            yield self._missing("case", "no engine set it aside")
            return
        yield self._stage("case", f"the engine set it aside and opened the case {key}")
        told = await self._until_true(lambda tx: self._arrived(tx, FIRST))
        for one in told or []:
            yield self._stage("told", f"{one.destination} took the alert: {one.receipt or 'sent'}")
        if not told:
            yield self._missing("told", await self._write(self._why))
        await self._write(lambda tx: self._mend(tx, number, key))
        if not told:
            return
        yield self._stage("mended", f"the case {key} is closed")
        over = await self._until_true(lambda tx: self._arrived(tx, OVER))
        for one in over or []:
            yield self._stage("over", f"{one.destination} took that it is over: {one.receipt}")
        if not over:
            yield self._missing("over", await self._write(self._why))

    def _tidy(self, tx: Tx) -> None:
        """Close what an earlier self-test left open."""
        for key in cases.live_of_cause(tx, SELFTEST):
            self._mend(tx, int(key.rpartition("/")[2]), key)

    def _break(self, tx: Tx) -> int:
        name = f"selftest-{uuid.uuid4().hex}"
        delivery = Delivery(connection=CONNECTION, body=_PLAINLY_BROKEN, received_at=tx.now)
        deliveries.accept(tx, [Arrival(delivery=delivery, name=name, source="selftest")])
        return deliveries.number_of(tx, CONNECTION, name)

    def _mend(self, tx: Tx, number: int, key: str) -> None:
        deliveries.mark_absorbed(tx, [number])
        cases.close_case(tx, key, "the self-test is over", self._actor)

    def _arrived(self, tx: Tx, step: str) -> list[Told]:
        """The notices of a step, once all of them have ended and one at least has arrived."""
        incident = incidents.of_cause(tx, SELFTEST)
        if incident is None or incident.opened_at < self._begun:
            return []
        all_told = notices.of_incident(tx, SELFTEST, incident.occurrence)
        ours = [told for told in all_told if told.step == step]
        if any(told.ended_at is None for told in ours):
            return []
        return [told for told in ours if told.state is NoticeState.SENT]

    def _why(self, tx: Tx) -> str:
        """What keeps an alert from arriving, as far as the record knows."""
        if not duties.holder_of(tx, "watch"):
            return "no watch is running: tricord up, or tricord watch"
        incident = incidents.of_cause(tx, SELFTEST)
        told = notices.of_incident(tx, SELFTEST, incident.occurrence) if incident else []
        failed = [
            f"{one.destination}: {one.problem or one.state}" for one in told if not one.receipt
        ]
        return "; ".join(failed) or "no connection of the policy can tell alerts (roles.alerts)"

    async def _until_true(self, work: Callable[[Tx], T]) -> T | None:
        while True:
            found = await self._database.read(work, self._clock.now())
            if found:
                return found
            if self._clock.now() >= self._until:
                return None
            await asyncio.sleep(EVERY)

    async def _write(self, work: Callable[[Tx], T]) -> T:
        return await self._database.write(work, self._clock.now())

    def _stage(self, name: str, words: str) -> Stage:
        now = self._clock.now()
        return Stage(
            name=name, ok=True, at=now, seconds=(now - self._begun).total_seconds(), words=words
        )

    def _missing(self, name: str, words: str) -> Stage:
        now = self._clock.now()
        seconds = (now - self._begun).total_seconds()
        return Stage(name=name, ok=False, at=now, seconds=seconds, words=words)


def _nothing_open(tx: Tx) -> bool:
    incident = incidents.of_cause(tx, SELFTEST)
    return incident is None or incident.over_at is not None
