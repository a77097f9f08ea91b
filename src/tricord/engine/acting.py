"""Acting: what became of an attempt at a command, written down with what follows from it."""

import contextlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta

from tricord.core import troubles
from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import EffectState, is_consequential, is_gated
from tricord.core.gate import objection
from tricord.core.ids import ConnectionName
from tricord.engine import breaker
from tricord.engine.batch import Batch
from tricord.engine.homing import see
from tricord.engine.results import Tried
from tricord.sdk.connector import Once
from tricord.sdk.errors import (
    AccessLost,
    OutcomeUnknown,
    PayloadMalformed,
    Refused,
    TryAgain,
)
from tricord.sdk.talk import Done
from tricord.store import cases, commands, modes, schedule
from tricord.store.audit import record_act
from tricord.store.modes import Mode

LONGEST_WAIT = timedelta(hours=1)
CASE_AFTER = 3
CASE_ANYWAY_AFTER = 6
LOOK_AFTER = {Once.TAG: timedelta(seconds=20)}
"""How long a vendor may still be at a request that we have given up, where only a look can tell."""


def claim(
    batch: Batch,
    usable: list[ConnectionName],
    partitions: Sequence[int] | None,
    limit: int,
) -> list[commands.Claimed]:
    """Take what is ready past the gate. What the gate objects to is skipped, with the reason.

    Before go-live is signed, nothing is taken, whatever is ready.
    """
    if modes.mode_of(batch.tx) is not Mode.LIVE:
        return []
    free = []
    for ready in commands.ready(batch.tx, usable, partitions, limit):
        with contextlib.suppress(schedule.Busy):
            batch.hold(ready.account)
            free.append(ready.id)
    passed = []
    for claimed in commands.claim(batch.tx, free, batch.worker):
        command, once = claimed.command, _once(batch, claimed)
        # What may stand half done at a vendor that can tell is finished; a mail is asked anew.
        finishing = claimed.again and once in (Once.KEY, Once.NATURAL)
        if finishing or not is_gated(command):
            passed.append(claimed)
            continue
        reason = objection(batch.account(claimed.account), command, batch.policy)
        if reason and claimed.again and once is Once.TAG:
            # It may have left before: it is looked for, and not sent if it is not there.
            passed.append(replace(claimed, objection=reason))
        elif reason:
            _skip(batch, claimed, reason, 0)
        else:
            passed.append(claimed)
    return passed


def settle(batch: Batch, tried: Tried, dice: random.Random) -> None:
    """Record one attempt and everything it showed, in the transaction it is decided in."""
    claimed, command = tried.claimed, tried.claimed.command
    batch.hold(claimed.account)
    match tried.result:
        case Done() as done:
            if commands.end(batch.tx, claimed, EffectState.DONE, remote=done.remote):
                _end_attempt(batch, tried, "done")
                _done(batch, tried, done)
            else:
                _settle_late(batch, tried)
        case _ if not commands.in_hand(batch.tx, claimed):
            _settle_late(batch, tried)
        case Refused(detail=words) if claimed.objection and words == claimed.objection:
            _skip(batch, claimed, claimed.objection, len(tried.exchanges))
        case Refused() as error:
            commands.end(batch.tx, claimed, EffectState.REFUSED, problem=error.detail)
            _end_attempt(batch, tried, "refused", error.detail)
            record_act(batch.tx, "command.refused", command.key)
            account = _account(batch, claimed)
            _tell(batch, troubles.refused(batch.policy, account, command, error.detail))
            _changed(batch, claimed)
        case TryAgain() | AccessLost() as error:
            _again(batch, tried, error, dice)
        case OutcomeUnknown() as error:
            breaker.troubled(batch, command.connection, error)
            _unknown(batch, tried, error.detail, dice)
        case PayloadMalformed() as error:
            _unknown(batch, tried, error.detail, dice)
        case Exception() as error:
            # The program broke in the middle of a talk: what was sent may have been done.
            _unknown(batch, tried, f"the program broke ({type(error).__name__})", dice)


def recover(batch: Batch, partitions: Sequence[int] | None) -> int:
    """Commands whose worker died between the claim and the record: look before repeating."""
    found = 0
    for claimed in commands.orphans(batch.tx, partitions):
        if claimed.command.connection not in batch.connections:
            continue
        try:
            batch.hold(claimed.account)
        except schedule.Busy:
            continue
        tried = Tried(
            claimed=claimed, result=OutcomeUnknown("the worker stopped"), exchanges=(), wrote=True
        )
        _unknown(batch, tried, "the worker stopped while it was sent", None)
        found += 1
    return found


def wait_after(attempt: int, dice: random.Random | None, retry_after: float | None) -> timedelta:
    """Back-off: doubling from half a second to an hour, with jitter; a vendor's own word wins."""
    if retry_after is not None:
        return min(timedelta(seconds=retry_after), timedelta(days=1))
    base = min(0.5 * 2.0 ** min(attempt - 1, 20), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=base * (0.5 + dice.random()) if dice else 0)


def _skip(batch: Batch, claimed: commands.Claimed, reason: str, calls: int) -> None:
    """The gate keeps it back, and nothing of it stands at the vendor."""
    commands.end(batch.tx, claimed, EffectState.SKIPPED, problem=reason)
    commands.end_attempt(batch.tx, claimed, "skipped", calls, reason)
    record_act(batch.tx, "command.skipped", claimed.command.key, reason=reason)
    for key in ("failing", "unknown"):
        cases.close_case(batch.tx, f"{key}/{claimed.command.key}")
    _changed(batch, claimed)


def _again(batch: Batch, tried: Tried, error: TryAgain | AccessLost, dice: random.Random) -> None:
    claimed, name = tried.claimed, tried.claimed.command.connection
    breaker.troubled(batch, name, error)
    asked = error.retry_after if isinstance(error, TryAgain) else None
    due = batch.tx.now + wait_after(claimed.attempt, dice, asked)
    commands.retry(
        batch.tx, claimed, EffectState.READY, due, again=tried.wrote, problem=error.detail
    )
    _end_attempt(batch, tried, "retry", error.detail)
    if isinstance(error, TryAgain) and not error.limited:
        _tell_failing(batch, claimed, error.detail)


def _unknown(batch: Batch, tried: Tried, problem: str, dice: random.Random | None) -> None:
    """It may have happened. Where the vendor can tell, it is looked up; else a person is asked."""
    claimed, command = tried.claimed, tried.claimed.command
    once = _once(batch, claimed)
    _end_attempt(batch, tried, "unknown", problem)
    record_act(batch.tx, "command.unknown", command.key)
    if once is Once.NEVER:
        commands.end(batch.tx, claimed, EffectState.UNKNOWN, problem=problem)
        _tell(batch, troubles.unknown(batch.policy, _account(batch, claimed), command, problem))
        _changed(batch, claimed)
        return
    wait = max(wait_after(claimed.attempt, dice, None), LOOK_AFTER.get(once, timedelta()))
    commands.retry(
        batch.tx,
        claimed,
        EffectState.UNKNOWN,
        batch.tx.now + wait,
        again=True,
        problem=problem,
    )
    _tell_failing(batch, claimed, problem)


def _settle_late(batch: Batch, tried: Tried) -> None:
    """An attempt that was given up for lost has ended after all: what it did is a fact."""
    claimed, command = tried.claimed, tried.claimed.command
    match tried.result:
        case Done() as done:
            _end_attempt(batch, tried, "done late")
            if commands.finish_late(batch.tx, claimed, done.remote):
                _close_cases(batch, command.key)
                _done(batch, tried, done)
            else:
                for record in done.seen:
                    see(batch, record, "command")
        case error:
            _end_attempt(batch, tried, "lost", type(error).__name__)
            record_act(batch.tx, "command.lost", command.key)


def _done(batch: Batch, tried: Tried, done: Done) -> None:
    command = tried.claimed.command
    record_act(batch.tx, "command.done", command.key, remote=str(done.remote or ""))
    breaker.well(batch, command.connection)
    if tried.claimed.attempt > 1:
        _close_cases(batch, command.key)
    if is_consequential(command):
        _changed(batch, tried.claimed)
    for record in done.seen:
        see(batch, record, "command")


def _close_cases(batch: Batch, key: str) -> None:
    """It is done: whatever was told of its attempts is nobody's worry any more."""
    for kind in ("failing", "refused", "unknown"):
        cases.close_case(batch.tx, f"{kind}/{key}")


def _end_attempt(batch: Batch, tried: Tried, outcome: str, problem: str = "") -> None:
    said = None
    if tried.exchanges:
        said = json.dumps([asdict(exchange) for exchange in tried.exchanges]).encode()
    calls = len(tried.exchanges)
    commands.end_attempt(batch.tx, tried.claimed, outcome, calls, problem, said)


def _once(batch: Batch, claimed: commands.Claimed) -> Once:
    connection = batch.connections[claimed.command.connection]
    return connection.connector.verbs[type(claimed.command)].once


def _changed(batch: Batch, claimed: commands.Claimed) -> None:
    # It may have moved since it was claimed.
    account = commands.owner(batch.tx, claimed.id)
    batch.forget(account)
    batch.touch(account)


def _account(batch: Batch, claimed: commands.Claimed) -> Account:
    return batch.account(commands.owner(batch.tx, claimed.id))


def _tell(batch: Batch, case: Case) -> None:
    cases.open_case(batch.tx, case, "engine")


def _tell_failing(batch: Batch, claimed: commands.Claimed, problem: str) -> None:
    """A case of its own, unless the whole connection is down and has one."""
    after = CASE_AFTER
    if breaker.is_down(batch, claimed.command.connection):
        after = CASE_ANYWAY_AFTER
    if claimed.attempt < after:
        return
    account = _account(batch, claimed)
    _tell(
        batch,
        troubles.failing(batch.policy, account, claimed.command, problem, claimed.attempt),
    )
