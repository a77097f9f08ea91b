"""The engine: one turn is one transaction, then I/O. Liveness is here; correctness is in the store.

A turn records what came back from vendors, absorbs what arrived, wakes accounts that are due,
decides every account that was touched, and claims the next work, all in one transaction. Only after
it has committed does anything leave. `drain` turns until nothing is left to do.
"""

import asyncio
import contextlib
import hashlib
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from tricord import __version__
from tricord.core import troubles
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName
from tricord.core.policy.types import Policy
from tricord.core.records import Record
from tricord.engine import acting
from tricord.engine.absorbing import QUIET, absorb_delivery, take_hint
from tricord.engine.acting import Tried
from tricord.engine.batch import Batch
from tricord.engine.clock import Clock
from tricord.engine.connection import Connection
from tricord.engine.deciding import converge, tell_stranded
from tricord.engine.homing import renew, see
from tricord.engine.inbox import Inbox
from tricord.engine.proposing import scan_when_due
from tricord.engine.talking import Log, Memory, hold
from tricord.engine.wire import Sender
from tricord.sdk.connector import Acknowledgement, Work
from tricord.sdk.errors import (
    AccessLost,
    PayloadMalformed,
    Refused,
    SignatureInvalid,
    TricordError,
    TryAgain,
)
from tricord.sdk.talk import Changes
from tricord.store import cases, cursors, deliveries, hints, mirror, schedule
from tricord.store.commands import Claimed
from tricord.store.database import Database, Tx
from tricord.store.deliveries import Arrival

log = structlog.get_logger("tricord.engine")
T = TypeVar("T")

BATCH = 200
LEASE = timedelta(minutes=5)
IDLE = timedelta(seconds=1)
CrashPoint = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WasRead:
    pending: hints.Pending
    result: tuple[Record, ...] | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class WasPolled:
    poll: cursors.Poll
    result: Changes | Exception


Finished = Tried | WasRead | WasPolled


@dataclass(slots=True)
class Claims:
    """What a turn has taken, to be sent once it has committed."""

    commands: list[Claimed] = field(default_factory=list)
    reads: list[hints.Pending] = field(default_factory=list)
    polls: list[cursors.Poll] = field(default_factory=list)
    absorbed: int = 0
    next_at: datetime | None = None

    @property
    def any(self) -> bool:
        return bool(self.commands or self.reads or self.polls or self.absorbed)


class Engine:
    """`crash_point` is called by name between steps; tests make it raise. It does nothing else."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        connections: Sequence[Connection],
        sender: Sender,
        clock: Clock,
        *,
        seed: int | None = None,
        crash_point: CrashPoint = lambda _: None,
    ) -> None:
        self.database = database
        self.policy = policy
        self.connections = {connection.name: connection for connection in connections}
        self.clock = clock
        self._sender = sender
        self._dice = random.Random(seed)  # noqa: S311 - jitter, not secrecy
        self._crash_point = crash_point
        self._inbox = Inbox(self._store)
        self._finished: list[Finished] = []
        self._in_flight: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._memory = Memory()
        self._carried: set[int] = set()
        self._stopping = False

    # In

    async def ingest(self, delivery: Delivery) -> Acknowledgement:
        """Check who sent it, store it, return what to acknowledge it with.

        Raises SignatureInvalid, InboxFull, or KeyError for a connection that takes no webhooks.
        """
        connection = self.connections[delivery.connection]
        connector = connection.connector
        if connector.signature is None or connector.delivery_id is None:
            raise KeyError(delivery.connection)
        if not connection.webhook_secrets:
            raise SignatureInvalid("no webhook secret is configured for this connection")
        connector.signature(delivery, connection.webhook_secrets)
        try:
            name = connector.delivery_id(delivery)
        except PayloadMalformed:
            # Signed but unreadable: kept whole under the hash of its bytes, and parked later.
            name = hashlib.sha256(delivery.body).hexdigest()
        await self._inbox.put(Arrival(delivery=delivery, name=name))
        return connector.acknowledgement

    async def _store(self, arrivals: list[Arrival]) -> None:
        self._crash_point("before the delivery commits")
        await self._write(lambda tx: deliveries.accept(tx, arrivals))
        self._crash_point("after the delivery commits")
        self._wake.set()

    # Turning

    async def start(self) -> None:
        """Make the connections known and take up what a process that died left behind."""

        def begin(tx: Tx) -> int:
            for connection in self.connections.values():
                connector = connection.connector
                polled = connector.listing is not None
                cursors.announce(tx, connection.name, connector.name, polled=polled)
            # Another policy or another program may want what this one did not: ask every account.
            if schedule.changed_since(tx, f"{self.policy.version} {__version__}"):
                mirror.wake_everyone(tx)
            hints.forget_leases(tx)
            cursors.forget_leases(tx)
            batch = self._batch(tx)
            renew(batch)
            found = acting.recover(batch, everyone=True)
            tell_stranded(batch)
            converge(batch)
            return found

        found = await self._write(begin)
        if found:
            log.warning("engine.recovered", commands=found)

    async def run(self) -> None:
        """Turn until `stop`. What is in flight then is waited for and recorded."""
        while not self._stopping:
            self._wake.clear()
            try:
                claims = await self.turn()
            except Exception as error:  # the store is not to be written now: wait, lose nothing
                log.error("engine.turn_failed", error=type(error).__name__)
                await asyncio.sleep(IDLE.total_seconds())
                continue
            if not claims.any and not self._finished:
                await self._rest(claims.next_at)
        await self._land()

    def stop(self) -> None:
        """End gracefully: claim nothing more, finish what was sent."""
        self._stopping = True
        self._wake.set()

    async def drain(self, partitions: Sequence[int] | None = None) -> None:
        """Turn until nothing is waiting, due or in flight. None means every partition."""
        while True:
            claims = await self.turn(partitions)
            if self._in_flight:
                await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
            elif not claims.any and not self._finished:
                return

    async def turn(self, partitions: Sequence[int] | None = None) -> Claims:
        """One transaction, then what it allows to leave."""
        finished, self._finished = self._finished, []
        try:
            claims = await self._write(lambda tx: self._turn(tx, finished, partitions))
        except BaseException:
            self._finished = finished + self._finished
            raise
        self._carried -= {one.claimed.id for one in finished if isinstance(one, Tried)}
        self._crash_point("after claiming")
        for claimed in claims.commands:
            self._carried.add(claimed.id)
            self._launch(self._act(claimed))
        for pending in claims.reads:
            self._launch(self._read(pending))
        for poll in claims.polls:
            self._launch(self._poll(poll))
        return claims

    def _turn(
        self, tx: Tx, finished: Sequence[Finished], partitions: Sequence[int] | None
    ) -> Claims:
        schedule.lock(tx, partitions)
        batch = self._batch(tx)
        for one in finished:
            self._record_safely(batch, one)
        acting.recover(batch, everyone=False, carried=self._carried)
        waiting = deliveries.waiting(tx, partitions, BATCH)
        for delivery in waiting:
            absorb_delivery(batch, delivery)
        for account in mirror.due_accounts(tx, BATCH):
            batch.touch(account)
        scan_when_due(batch)
        converge(batch)
        self._crash_point("after absorbing")
        claims = Claims(absorbed=len(waiting))
        if not self._stopping:
            usable = [name for name in cursors.usable(tx) if name in self.connections]
            room = max(0, 2 * BATCH - len(self._in_flight))
            claims.commands = acting.claim(batch, usable, min(BATCH, room))
            converge(batch)
            claims.reads = hints.claim(tx, usable, min(BATCH, room), LEASE)
            claims.polls = [
                poll for poll in cursors.claim_polls(tx, LEASE) if poll.connection in usable
            ]
            claims.next_at = schedule.next_due(tx)
        return claims

    def _record_safely(self, batch: Batch, one: Finished) -> None:
        """Record one result; if that breaks the program, the others are recorded all the same."""
        try:
            with batch.undoable():
                self._record(batch, one)
        except Exception as error:  # the engine's boundary: told as a case, never lost
            name = type(error).__name__
            log.error("engine.record_broke", error=name)
            broken = PayloadMalformed(f"what the vendor showed broke the program ({name})")
            match one:
                case Tried():
                    acting.settle(batch, replace(one, result=broken), self._dice)
                case WasRead():
                    self._record_read(batch, replace(one, result=broken))
                case WasPolled():
                    self._record_poll(batch, replace(one, result=broken))

    def _record(self, batch: Batch, one: Finished) -> None:
        match one:
            case Tried():
                acting.settle(batch, one, self._dice)
            case WasRead():
                self._record_read(batch, one)
            case WasPolled():
                self._record_poll(batch, one)

    def _record_read(self, batch: Batch, one: WasRead) -> None:
        tx, ref = batch.tx, one.pending.ref
        match one.result:
            case tuple() as records:
                for record in records:
                    see(batch, record, "read")
                hints.finish(tx, one.pending, tx.now + QUIET)
                cursors.answered(tx, ref.connection)
                cases.close_case(tx, f"unreadable/{ref}")
                cases.close_case(tx, f"access/{ref.connection}")
            case PayloadMalformed() | Refused() as error:
                hints.drop(tx, ref)
                cases.open_case(tx, troubles.unreadable(batch.policy, ref, error.detail), "engine")
            case error:
                wait = self._wait(batch, ref.connection, one.pending.attempts + 1, error)
                hints.postpone(tx, one.pending, wait, _detail(error))
                if one.pending.attempts + 1 >= acting.CASE_AFTER:
                    cases.open_case(
                        tx, troubles.unreadable(batch.policy, ref, _detail(error)), "engine"
                    )

    def _record_poll(self, batch: Batch, one: WasPolled) -> None:
        tx, name = batch.tx, one.poll.connection
        connection = self.connections[name]
        match one.result:
            case Changes() as changes:
                missed = [
                    Arrival(
                        delivery=Delivery(connection=name, body=event.body, received_at=tx.now),
                        name=event.id,
                        source="poll",
                    )
                    for event in changes.missed
                ]
                deliveries.accept(tx, missed)
                for hint in changes.hints:
                    take_hint(batch, hint)
                gap = timedelta() if changes.more else connection.poll
                cursors.advance(tx, one.poll, changes.cursor, tx.now + gap)
                cursors.answered(tx, name)
                cases.close_case(tx, f"poll/{name}")
                cases.close_case(tx, f"access/{name}")
            case error:
                wait = self._wait(batch, name, one.poll.attempts + 1, error)
                cursors.postpone(tx, one.poll, wait, _detail(error))
                if one.poll.attempts + 1 >= acting.CASE_AFTER:
                    cases.open_case(
                        tx, troubles.silent(batch.policy, name, _detail(error)), "engine"
                    )

    def _wait(self, batch: Batch, name: ConnectionName, attempt: int, error: Exception) -> datetime:
        """When to look again after a read or poll failed, and what that says of the connection."""
        if isinstance(error, AccessLost):
            acting.lost_access(batch, self.connections[name], error.detail)
            return batch.tx.now + acting.ACCESS_PAUSE
        asked = error.retry_after if isinstance(error, TryAgain) else None
        wait = batch.tx.now + acting.wait_after(attempt, self._dice, asked)
        if asked is not None:
            cursors.set_state(batch.tx, name, "limited", _detail(error), wait)
        return wait

    # Out

    async def _act(self, claimed: Claimed) -> None:
        connection = self.connections[claimed.command.connection]
        verb = connection.connector.verbs[type(claimed.command)]
        notes = Log()
        work = Work(key=claimed.command.key, at=self.clock.now(), again=claimed.again)
        self._crash_point("after sending commits")
        result = await self._held(
            lambda: verb.act(connection.access, claimed.command, work), connection, notes
        )
        self._crash_point("answer read, not recorded")
        self._finished.append(
            Tried(claimed=claimed, result=result, calls=notes.calls, wrote=notes.wrote)
        )

    async def _read(self, pending: hints.Pending) -> None:
        connection = self.connections[pending.ref.connection]
        read = connection.connector.reads[pending.ref.kind]
        asked_at = self.clock.now()
        result = await self._held(
            lambda: read(connection.access, pending.ref, asked_at), connection, Log()
        )
        self._finished.append(WasRead(pending=pending, result=result))

    async def _poll(self, poll: cursors.Poll) -> None:
        connection = self.connections[poll.connection]
        listing = connection.connector.listing
        assert listing is not None, "only connections with a listing have a poll"  # noqa: S101
        result = await self._held(
            lambda: listing(connection.access, poll.cursor, self.clock.now()), connection, Log()
        )
        self._finished.append(WasPolled(poll=poll, result=result))

    async def _held(self, start: Callable[[], Any], connection: Connection, notes: Log) -> Any:
        """The talk's result, or the error it ended in, as a value to be recorded."""
        try:
            return await hold(start(), connection, self._sender, self._memory, notes)
        except TricordError as error:
            return error
        except Exception as error:  # the engine's boundary: recorded as unknown, told as a case
            log.error("engine.talk_broke", connection=connection.name, error=type(error).__name__)
            return error

    def _launch(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._in_flight.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._in_flight.discard(task)
        self._wake.set()

    async def _land(self) -> None:
        if self._in_flight:
            await asyncio.wait(self._in_flight)
        await self.turn()

    async def _rest(self, next_at: datetime | None) -> None:
        now = self.clock.now()
        wait = IDLE if next_at is None else min(IDLE, next_at - now)
        if wait <= timedelta():
            # Due, but its connection is paused: nothing but time or an answer frees it.
            wait = QUIET
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
                await self._wake.wait()

    def _batch(self, tx: Tx) -> Batch:
        return Batch(tx, self.policy, self.connections)

    async def _write(self, work: Callable[[Tx], T]) -> T:
        return await self.database.write(work, self.clock.now())


def _detail(error: Exception) -> str:
    return error.detail if isinstance(error, TricordError) else type(error).__name__
