"""Watching: a process of its own looks at what is open and tells people, while the engine is dead.

One look is one transaction: wake what was put off, escalate what is overdue, judge what is to be
told. Then notices leave, each durable before a byte of it does. Of several watchers one works.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from tricord.core import troubles
from tricord.core.alerting import Desk, judge
from tricord.core.alerts import OVER
from tricord.core.commands import Priority
from tricord.core.ids import ConnectionName
from tricord.core.policy.types import Policy
from tricord.engine.clock import Clock
from tricord.engine.connection import Connection
from tricord.engine.talking import hold
from tricord.engine.telling import carry, record, talkers
from tricord.engine.wire import Sender
from tricord.sdk.errors import TricordError
from tricord.sdk.talk import Reading, get
from tricord.store import case_life, cases, duties, incidents, notices, schedule, workers
from tricord.store.database import Database, Tx
from tricord.store.notices import Told

log = structlog.get_logger("tricord.alerts")
T = TypeVar("T")

EVERY = timedelta(seconds=2)
LEASE = timedelta(seconds=10)
IN_HAND = timedelta(minutes=2)
DEAD_AFTER = timedelta(seconds=30)
BEAT_EVERY = timedelta(minutes=1)
BEAT_AGAIN = timedelta(seconds=15)


class Watch:
    """`holder` names this watcher among others; `heartbeat` is who outside hears that all is well.

    `crash_point` is called by name between steps; tests make it raise.
    """

    def __init__(
        self,
        database: Database,
        policy: Policy,
        connections: Sequence[Connection],
        sender: Sender,
        clock: Clock,
        *,
        holder: str,
        console: str = "",
        heartbeat: Connection | None = None,
        seed: int | None = None,
        crash_point: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._database, self._policy, self._clock = database, policy, clock
        self._connections = {one.name: one for one in connections}
        self._desk = Desk(destinations=talkers(self._connections), console=console)
        self._sender, self._holder, self._heartbeat = sender, holder, heartbeat
        self._dice = random.Random(seed)  # noqa: S311 - jitter, not secrecy
        self._crash_point = crash_point
        self._busy: dict[ConnectionName, asyncio.Task[None]] = {}
        self._unmanned_since: datetime | None = None
        self._beat_at: datetime | None = None
        self.leading = False
        self.engines = 0

    async def run(self, stopped: asyncio.Event) -> None:
        """Look again and again until told to stop; a store that cannot be used is waited for."""
        while not stopped.is_set():
            try:
                await self.tick()
            except Exception as error:  # the boundary: alerts must outlive a store that is busy
                log.error("alerts.look_failed", error=type(error).__name__)
            try:
                async with asyncio.timeout(EVERY.total_seconds()):
                    await stopped.wait()
            except TimeoutError:
                continue
        await self.land()
        await self._write(lambda tx: duties.release(tx, "watch", self._holder))

    async def tick(self) -> None:
        """One look, and what it allows to leave. What leaves is not waited for."""
        self.leading = await self._write(self._look)
        if not self.leading:
            return
        self._crash_point("after planning")
        for told in await self._write(self._claim):
            self._crash_point("after claiming")
            self._busy[told.destination] = asyncio.create_task(self._tell(told))
        await self._beat()

    async def land(self) -> None:
        """Wait for what has left."""
        while self._busy:
            await asyncio.wait(list(self._busy.values()))

    @property
    def quiet(self) -> bool:
        """Whether nothing is on its way just now."""
        return not self._busy

    def _look(self, tx: Tx) -> bool:
        if not duties.hold(tx, "watch", self._holder, LEASE):
            return False
        case_life.wake(tx)
        case_life.set_due(tx, self._policy.owners.due)
        case_life.escalate(tx, self._policy.owners.default)
        self._look_for_engines(tx)
        verdicts = list(
            judge(case_life.groups(tx), incidents.latest(tx), self._policy, self._desk, tx.now)
        )
        incidents.keep(tx, [verdict.incident for verdict in verdicts])
        for verdict in verdicts:
            here = verdict.incident
            for step in verdict.steps:
                to = step.to
                if step.name == OVER:
                    notices.drop_waiting(tx, here.cause, here.occurrence)
                    to = tuple(notices.reached(tx, here.cause, here.occurrence))
                notices.plan(tx, step, to)
        return True

    def _look_for_engines(self, tx: Tx) -> None:
        """A case when no engine has shown itself for a while although something is due."""
        self.engines = len(workers.alive(tx))
        waiting = 0 if self.engines else len(schedule.busy_partitions(tx))
        if self.engines or not waiting:
            self._unmanned_since = None
            if self.engines:
                cases.close_case(tx, "engine_dead")
            return
        self._unmanned_since = self._unmanned_since or tx.now
        last = workers.last_beat(tx)
        since = min(self._unmanned_since, last) if last else self._unmanned_since
        if tx.now - since >= DEAD_AFTER:
            cases.open_case(tx, troubles.engine_dead(self._policy), "alerts")

    def _claim(self, tx: Tx) -> list[Told]:
        usable = [name for name in self._desk.destinations if name not in self._busy]
        return notices.claim(tx, usable, IN_HAND)

    async def _tell(self, told: Told) -> None:
        try:
            connection = self._connections[told.destination]
            notice = connection.connector.notice
            assert notice is not None, "only those that can tell are claimed for"  # noqa: S101
            outcome = await carry(told, connection, notice, self._sender, self._clock)
            self._crash_point("told, not recorded")
            await self._write(lambda tx: record(tx, self._policy, self._desk, outcome, self._dice))
        except Exception as error:  # the boundary: its lease runs out and it is taken up again
            log.error("alerts.record_failed", error=type(error).__name__)
        finally:
            self._busy.pop(told.destination, None)

    async def _beat(self) -> None:
        """Tell the world outside that alerts work and an engine lives; its silence is the alarm."""
        now = self._clock.now()
        if self._heartbeat is None or not self.engines or (self._beat_at and now < self._beat_at):
            return
        self._beat_at = now + BEAT_EVERY
        try:
            await hold(_ping(), self._heartbeat, self._sender, priority=Priority.MONEY)
        except TricordError as error:
            self._beat_at = now + BEAT_AGAIN
            log.warning("alerts.heartbeat_failed", problem=error.detail)

    async def _write(self, work: Callable[[Tx], T]) -> T:
        return await self._database.write(work, self._clock.now())


def _ping() -> Reading:
    yield get("", expected=tuple(range(200, 400)))
    return ()
