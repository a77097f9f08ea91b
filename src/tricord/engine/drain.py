"""Drain: turns over some partitions. One turn is one transaction, then what it allows to leave.

A turn records what came back from vendors, absorbs what arrived, wakes accounts that are due,
decides every account that was touched, and claims the next work, all in one transaction. Only after
it has committed does anything leave. Turns go on until nothing is left to do.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from tricord.core.commands import Priority, priority_of
from tricord.core.identity import partition_of
from tricord.core.ids import ConnectionName
from tricord.engine import acting, breaker, hearing, recording
from tricord.engine.absorbing import QUIET, absorb
from tricord.engine.batch import Batch
from tricord.engine.calling import call
from tricord.engine.deciding import converge
from tricord.engine.means import Means
from tricord.engine.proposing import scan_when_due
from tricord.engine.results import Finished, Tried, WasLeased, WasPolled, WasProbed, WasRead
from tricord.engine.talking import Log
from tricord.sdk.connector import Work
from tricord.sdk.errors import PayloadMalformed
from tricord.store import connections, cursors, deliveries, hints, leases, mirror, modes, schedule
from tricord.store.commands import Claimed
from tricord.store.database import PARTITIONS, Tx
from tricord.store.modes import Mode

log = structlog.get_logger("tricord.engine")

BATCH = 200
IDLE = timedelta(seconds=1)
PATIENCE = 3


@dataclass(slots=True)
class Claims:
    """What a turn has taken, to be sent once it has committed, and what it must leave for later.

    `kept_out`: another worker was turning over some of the same partitions.
    """

    commands: list[Claimed] = field(default_factory=list)
    reads: list[hints.Pending] = field(default_factory=list)
    polls: list[cursors.Poll] = field(default_factory=list)
    probes: list[ConnectionName] = field(default_factory=list)
    leases: list[ConnectionName] = field(default_factory=list)
    absorbed: int = 0
    put_back: list[Finished] = field(default_factory=list)
    kept_out: bool = False
    next_at: datetime | None = None
    live: bool = False

    @property
    def any(self) -> bool:
        taken = self.commands or self.reads or self.polls or self.probes or self.leases
        return bool(taken or self.absorbed)


class Drain:
    """`partitions` None means all of them."""

    def __init__(self, means: Means, partitions: Sequence[int] | None = None) -> None:
        self.means = means
        self.partitions = partitions
        self._finished: list[Finished] = []
        self._in_flight: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something has arrived or ended: turn again soon."""
        self._wake.set()

    async def run(self) -> None:
        """Turn until the process stops. What is in flight then is waited for and recorded."""
        while not self.means.stopping:
            self._wake.clear()
            claims = await self._turn_safely()
            if claims is not None and not claims.any and not self._finished:
                await self._rest(claims.next_at, IDLE)
        await self.land()

    async def until_idle(self, linger: timedelta = timedelta()) -> None:
        """Turn until nothing is in flight, and nothing becomes due within `linger`."""
        patience = PATIENCE
        while not self.means.stopping:
            self._wake.clear()
            claims = await self.turn()
            if claims.any or self._finished:
                continue
            if claims.kept_out and patience:
                # The other's turn may have begun before what we were woken for had arrived.
                patience -= 1
                await self._rest(None, QUIET)
                continue
            if self._in_flight:
                await self._rest(claims.next_at, IDLE)
                continue
            soon = self.means.clock.now() + linger
            if claims.next_at is None or claims.next_at > soon:
                return
            await self._rest(claims.next_at, linger)
        await self.land()

    async def land(self) -> None:
        """Wait for what is in flight, and record it."""
        while self._in_flight or self._finished:
            if self._in_flight:
                await asyncio.wait(self._in_flight)
            claims = await self.turn()
            if claims.put_back:
                await asyncio.sleep(QUIET.total_seconds())

    async def turn(self) -> Claims:
        """One transaction, then what it allows to leave."""
        finished, self._finished = self._finished, []
        try:
            claims = await self._write(lambda tx: self._turn(tx, finished))
        except BaseException:
            self._finished = finished + self._finished
            raise
        self._finished = claims.put_back + self._finished
        self.means.live = claims.live
        self.means.crash_point("after claiming")
        for claimed in claims.commands:
            self._launch(self._act(claimed))
        for pending in claims.reads:
            self._launch(self._read(pending))
        for poll in claims.polls:
            self._launch(self._poll(poll))
        for name in claims.probes:
            self._launch(self._probe(name))
        for name in claims.leases:
            self._launch(self._lease(name))
        return claims

    async def _turn_safely(self) -> Claims | None:
        try:
            return await self.turn()
        except Exception as error:  # the store is not to be written now: wait, lose nothing
            log.error("engine.turn_failed", error=type(error).__name__)
            await asyncio.sleep(IDLE.total_seconds())
            return None

    def _turn(self, tx: Tx, finished: Sequence[Finished]) -> Claims:
        ours = schedule.lock(tx, self.partitions)
        batch = self._batch(tx)
        kept_out = ours is not None and len(ours) < self._wanted
        claims = Claims(kept_out=kept_out, live=batch.live)
        self._record_all(batch, finished, claims)
        acting.recover(batch, ours)
        claims.absorbed = absorb(batch, deliveries.waiting(tx, ours, BATCH))
        for account in mirror.due_accounts(tx, ours, BATCH):
            with contextlib.suppress(schedule.Busy):
                batch.hold(account)
                batch.touch(account)
        if ours is None or 0 in ours:
            scan_when_due(batch)
        converge(batch)
        self.means.crash_point("after absorbing")
        if not self.means.stopping:
            self._claim(batch, claims, ours)
        breaker.note(batch)
        return claims

    def _claim(self, batch: Batch, claims: Claims, ours: Sequence[int] | None) -> None:
        tx = batch.tx
        usable = [name for name in connections.usable(tx) if name in self.means.connections]
        room = max(0, 2 * BATCH - len(self._in_flight))
        claims.commands = acting.claim(batch, usable, ours, min(BATCH, room))
        converge(batch)
        worker, limit = batch.worker, min(BATCH, room)
        claims.reads = hints.claim(tx, usable, ours, limit, worker)
        claims.polls = cursors.claim(tx, _within(usable, ours), worker)
        claims.probes = connections.claim_probes(tx, _within(self.means.connections, ours), worker)
        claims.leases = leases.claim(tx, _within(usable, ours), worker)
        claims.next_at = schedule.next_due(tx, self.partitions)

    @property
    def _wanted(self) -> int:
        return PARTITIONS if self.partitions is None else len(self.partitions)

    def _record_all(self, batch: Batch, finished: Sequence[Finished], claims: Claims) -> None:
        """Record what came back: all at once, or one by one when something stands in the way."""
        try:
            with batch.undoable():
                for one in finished:
                    self._record(batch, one)
        except Exception:  # told apart below, each by itself
            for one in finished:
                self._record_safely(batch, one, claims)

    def _record_safely(self, batch: Batch, one: Finished, claims: Claims) -> None:
        """Record one result; if that breaks the program, the others are recorded all the same."""
        try:
            with batch.undoable():
                self._record(batch, one)
        except schedule.Busy:
            claims.put_back.append(one)
        except Exception as error:  # the engine's boundary: told as a case, never lost
            name = type(error).__name__
            log.error("engine.record_broke", error=name)
            broken = PayloadMalformed(f"what the vendor showed broke the program ({name})")
            self._record(batch, replace(one, result=broken))

    def _record(self, batch: Batch, one: Finished) -> None:
        match one:
            case Tried():
                acting.settle(batch, one, self.means.dice)
            case WasRead():
                recording.record_read(batch, one, self.means.dice)
            case WasPolled():
                recording.record_poll(batch, one, self.means.dice)
            case WasProbed():
                breaker.settle_probe(batch, one)
            case WasLeased():
                hearing.settle_lease(batch, one)

    # Out

    async def _act(self, claimed: Claimed) -> None:
        command = claimed.command
        connection = self.means.connections[command.connection]
        verb = connection.connector.verbs[type(command)]
        notes = Log()
        work = Work(
            key=command.key,
            at=self.means.clock.now(),
            again=claimed.again,
            objection=claimed.objection,
        )
        self.means.crash_point("after sending commits")
        result = await call(
            self.means,
            lambda access: verb.act(access, command, work),
            connection,
            priority_of(command),
            notes,
        )
        self.means.crash_point("answer read, not recorded")
        self._finished.append(
            Tried(
                claimed=claimed,
                result=result,
                exchanges=tuple(notes.exchanges),
                wrote=notes.wrote,
            )
        )

    async def _read(self, pending: hints.Pending) -> None:
        connection = self.means.connections[pending.ref.connection]
        read = connection.connector.reads[pending.ref.kind]
        asked_at = self.means.clock.now()
        result = await call(
            self.means,
            lambda access: read(access, pending.ref, asked_at),
            connection,
            Priority.NEWS,
        )
        self._finished.append(WasRead(pending=pending, result=result))

    async def _poll(self, poll: cursors.Poll) -> None:
        connection = self.means.connections[poll.connection]
        listing = connection.connector.listing
        assert listing is not None, "only connections with a listing have a poll"  # noqa: S101
        result = await call(
            self.means,
            lambda access: listing(access, poll.cursor, self.means.clock.now()),
            connection,
            Priority.LOGGING,
        )
        self._finished.append(WasPolled(poll=poll, result=result))

    async def _probe(self, name: ConnectionName) -> None:
        connection = self.means.connections[name]
        result = await call(self.means, connection.connector.probe, connection, Priority.MONEY)
        failed = result if isinstance(result, Exception) else None
        self._finished.append(WasProbed(connection=name, result=failed))

    async def _lease(self, name: ConnectionName) -> None:
        connection = self.means.connections[name]
        subscription = connection.connector.subscription
        assert subscription is not None, "only such connections have a lease"  # noqa: S101
        result = await call(
            self.means,
            lambda access: subscription(access, self.means.clock.now()),
            connection,
            Priority.NEWS,
        )
        self._finished.append(WasLeased(connection=name, result=result))

    def _launch(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._in_flight.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._in_flight.discard(task)
        self._wake.set()

    async def _rest(self, next_at: datetime | None, longest: timedelta) -> None:
        now = self.means.clock.now()
        wait = longest if next_at is None else min(longest, next_at - now)
        if wait <= timedelta():
            # Due, but its connection is paused or its account busy: only time frees it.
            wait = QUIET
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
                await self._wake.wait()

    def _batch(self, tx: Tx) -> Batch:
        live = modes.mode_of(tx) is Mode.LIVE
        means = self.means
        return Batch(tx, means.policy, means.connections, means.pulse.worker, live=live)

    async def _write(self, work: Callable[[Tx], Claims]) -> Claims:
        return await self.means.database.write(work, self.means.clock.now())


def _within(
    names: Iterable[ConnectionName], partitions: Sequence[int] | None
) -> list[ConnectionName]:
    """The connections whose polls and probes are made from these partitions."""
    if partitions is None:
        return list(names)
    return [name for name in names if partition_of(name) in set(partitions)]
