"""Acting: what became of an attempt at a command, written down with what follows from it."""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from tricord.core import troubles
from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import EffectState
from tricord.core.gate import objection
from tricord.core.ids import ConnectionName
from tricord.engine.batch import Batch
from tricord.engine.connection import Connection
from tricord.engine.homing import see
from tricord.sdk.connector import Once
from tricord.sdk.errors import (
    AccessLost,
    OutcomeUnknown,
    PayloadMalformed,
    Refused,
    TryAgain,
)
from tricord.sdk.talk import Done
from tricord.store import cases, commands, cursors
from tricord.store.audit import record_act

LEASE = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=1)
CASE_AFTER = 3
ACCESS_PAUSE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt, over: the answer or the error, the calls made, whether a write was sent."""

    claimed: commands.Claimed
    result: Done | Exception
    calls: int
    wrote: bool


def claim(batch: Batch, usable: list[ConnectionName], limit: int) -> list[commands.Claimed]:
    """Take what is ready past the gate. What the gate objects to is skipped, with the reason."""
    passed = []
    for claimed in commands.claim(batch.tx, usable, limit, LEASE):
        account = batch.account(claimed.account)
        # What may stand half done at a vendor that can tell is finished; a mail is asked anew.
        once = (
            batch.connections[claimed.command.connection]
            .connector.verbs[type(claimed.command)]
            .once
        )
        finishing = claimed.again and once is not Once.NEVER
        reason = "" if finishing else objection(account, claimed.command, batch.policy)
        if reason:
            commands.end(batch.tx, claimed, EffectState.SKIPPED, problem=reason)
            commands.end_attempt(batch.tx, claimed, "skipped", 0, reason)
            record_act(batch.tx, "command.skipped", claimed.command.key, reason=reason)
            _changed(batch, claimed)
        else:
            passed.append(claimed)
    return passed


def settle(batch: Batch, tried: Tried, dice: random.Random) -> None:
    """Record one attempt and everything it showed, in the transaction it is decided in."""
    claimed, command = tried.claimed, tried.claimed.command
    connection = batch.connections[command.connection]
    match tried.result:
        case Done() as done:
            commands.end(batch.tx, claimed, EffectState.DONE, remote=done.remote)
            commands.end_attempt(batch.tx, claimed, "done", tried.calls)
            record_act(batch.tx, "command.done", command.key, remote=str(done.remote or ""))
            cursors.answered(batch.tx, connection.name)
            for key in ("failing", "refused", "unknown"):
                cases.close_case(batch.tx, f"{key}/{command.key}")
            cases.close_case(batch.tx, f"access/{connection.name}")
            _changed(batch, claimed)
            for record in done.seen:
                see(batch, record, "command")
        case Refused() as error:
            commands.end(batch.tx, claimed, EffectState.REFUSED, problem=error.detail)
            commands.end_attempt(batch.tx, claimed, "refused", tried.calls, error.detail)
            record_act(batch.tx, "command.refused", command.key)
            _tell(
                batch,
                troubles.refused(batch.policy, _account(batch, claimed), command, error.detail),
            )
            _changed(batch, claimed)
        case TryAgain() | AccessLost() as error:
            _again(batch, tried, connection, error, dice)
        case OutcomeUnknown() | PayloadMalformed() as error:
            _unknown(batch, tried, connection, error.detail, dice)
        case Exception() as error:
            # The program broke in the middle of a talk: what was sent may have been done.
            _unknown(batch, tried, connection, f"the program broke ({type(error).__name__})", dice)


def recover(batch: Batch, *, everyone: bool, carried: Collection[int] = ()) -> int:
    """Commands whose carrier died between the claim and the record: look before repeating.

    `carried` are those this process has in hand, however long it takes: they are not orphans.
    """
    orphans = commands.orphans(batch.tx, everyone=everyone)
    found = [claimed for claimed in orphans if claimed.id not in carried]
    for claimed in found:
        connection = batch.connections.get(claimed.command.connection)
        if connection is None:
            continue
        tried = Tried(claimed=claimed, result=OutcomeUnknown("the process stopped"), calls=0,
                      wrote=True)  # fmt: skip
        _unknown(batch, tried, connection, "the process stopped while it was sent", None)
    return len(found)


def wait_after(attempt: int, dice: random.Random | None, retry_after: float | None) -> timedelta:
    """Back-off: doubling from half a second to an hour, with jitter; a vendor's own word wins."""
    if retry_after is not None:
        return min(timedelta(seconds=retry_after), timedelta(days=1))
    base = min(0.5 * 2.0 ** min(attempt - 1, 20), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=base * (0.5 + dice.random()) if dice else 0)


def _again(
    batch: Batch,
    tried: Tried,
    connection: Connection,
    error: TryAgain | AccessLost,
    dice: random.Random,
) -> None:
    claimed = tried.claimed
    now = batch.tx.now
    due = now + wait_after(claimed.attempt, dice, getattr(error, "retry_after", None))
    if isinstance(error, AccessLost):
        due = now + ACCESS_PAUSE
        lost_access(batch, connection, error.detail)
    elif error.retry_after is not None:
        cursors.set_state(batch.tx, connection.name, "limited", error.detail, due)
    commands.retry(
        batch.tx, claimed, EffectState.READY, due, again=tried.wrote, problem=error.detail
    )
    commands.end_attempt(batch.tx, claimed, "retry", tried.calls, error.detail)
    if claimed.attempt >= CASE_AFTER and not isinstance(error, AccessLost):
        _tell_failing(batch, claimed, error.detail)


def _unknown(
    batch: Batch,
    tried: Tried,
    connection: Connection,
    problem: str,
    dice: random.Random | None,
) -> None:
    """It may have happened. Where the vendor can tell, it is looked up; else a person is asked."""
    claimed = tried.claimed
    verb = connection.connector.verbs[type(claimed.command)]
    commands.end_attempt(batch.tx, claimed, "unknown", tried.calls, problem)
    record_act(batch.tx, "command.unknown", claimed.command.key)
    if verb.once is Once.NEVER:
        commands.end(batch.tx, claimed, EffectState.UNKNOWN, problem=problem)
        command = claimed.command
        _tell(batch, troubles.unknown(batch.policy, _account(batch, claimed), command, problem))
        _changed(batch, claimed)
        return
    due = batch.tx.now + wait_after(claimed.attempt, dice, None)
    commands.retry(batch.tx, claimed, EffectState.UNKNOWN, due, again=True, problem=problem)
    if claimed.attempt >= CASE_AFTER:
        _tell_failing(batch, claimed, problem)


def lost_access(batch: Batch, connection: Connection, problem: str) -> None:
    """One case per connection, however much waits for it; work goes on by itself once renewed."""
    until = batch.tx.now + ACCESS_PAUSE
    cursors.set_state(batch.tx, connection.name, "access_lost", problem, until)
    title = connection.connector.title
    told = troubles.access_lost(batch.policy, connection.name, title, problem)
    cases.open_case(batch.tx, told, "engine")


def _changed(batch: Batch, claimed: commands.Claimed) -> None:
    account = claimed.account
    batch.forget(account)
    batch.touch(account)


def _account(batch: Batch, claimed: commands.Claimed) -> Account:
    return batch.account(claimed.account)


def _tell(batch: Batch, case: Case) -> None:
    cases.open_case(batch.tx, case, "engine")


def _tell_failing(batch: Batch, claimed: commands.Claimed, problem: str) -> None:
    account = _account(batch, claimed)
    _tell(
        batch,
        troubles.failing(batch.policy, account, claimed.command, problem, claimed.attempt),
    )
