"""Acting: what became of an attempt at a command, written down with what follows from it."""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from tricord.core.cases import Case
from tricord.core.commands import CreateInvoice, EffectState, because
from tricord.core.gate import objection
from tricord.core.ids import AccountId, ConnectionName
from tricord.core.money import Money
from tricord.engine.absorbing import Batch
from tricord.engine.connection import Connection
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
        account = batch.account(claimed.command.account)
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
                batch.see(record, "command")
        case Refused() as error:
            commands.end(batch.tx, claimed, EffectState.REFUSED, problem=error.detail)
            commands.end_attempt(batch.tx, claimed, "refused", tried.calls, error.detail)
            record_act(batch.tx, "command.refused", command.key)
            cases.open_case(batch.tx, _case(batch, claimed, "refused", error.detail), "engine")
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
        cases.open_case(batch.tx, _case(batch, claimed, "failing", error.detail), "engine")


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
        cases.open_case(batch.tx, _case(batch, claimed, "unknown", problem), "engine")
        _changed(batch, claimed)
        return
    due = batch.tx.now + wait_after(claimed.attempt, dice, None)
    commands.retry(batch.tx, claimed, EffectState.UNKNOWN, due, again=True, problem=problem)
    if claimed.attempt >= CASE_AFTER:
        cases.open_case(batch.tx, _case(batch, claimed, "failing", problem), "engine")


def lost_access(batch: Batch, connection: Connection, problem: str) -> None:
    """One case per connection, however much waits for it; work goes on by itself once renewed."""
    until = batch.tx.now + ACCESS_PAUSE
    cursors.set_state(batch.tx, connection.name, "access_lost", problem, until)
    cases.open_case(
        batch.tx,
        Case(
            key=f"access/{connection.name}",
            kind="access_lost",
            title=f"{connection.connector.title} no longer accepts our credentials",
            owner=batch.policy.owners.default,
            because=because("access", batch.policy.version, connection=connection.name),
            next_actions=(
                f"Renew the credentials of connection {connection.name!r}, then run tricord check",
            ),
            evidence=(problem,),
        ),
        "engine",
    )


def _case(batch: Batch, claimed: commands.Claimed, kind: str, problem: str) -> Case:
    command = claimed.command
    name = batch.account(command.account).name
    verb = commands.verb_name(command).replace("_", " ")
    words = {
        "refused": f"{command.connection} refused to {verb} for {name}",
        "failing": f"{command.connection} has failed {claimed.attempt} times to {verb} for {name}",
        "unknown": f"It is not known whether {command.connection} did {verb} for {name}",
    }
    actions = {
        "refused": (
            f"Correct what it names, then: tricord retry {command.key}",
            f"Or give it up with a reason: tricord skip {command.key} --reason ...",
        ),
        "failing": ("Nothing: it is tried again by itself, ever more slowly",),
        "unknown": (
            "Ask the recipient, or look at the vendor, whether it arrived",
            f"If it did not: tricord retry {command.key}",
            f"If it did: tricord skip {command.key} --reason arrived",
        ),
    }
    return Case(
        key=f"{kind}/{command.key}",
        kind=kind,
        title=words[kind],
        owner=_owner(batch, command),
        because=command.because,
        account=AccountId(command.account),
        money=_money(command),
        next_actions=actions[kind],
        evidence=(problem,),
    )


def _owner(batch: Batch, command: object) -> str:
    owners = batch.policy.owners
    return owners.billing if isinstance(command, CreateInvoice) else owners.default


def _money(command: object) -> Money | None:
    return command.total if isinstance(command, CreateInvoice) else None


def _changed(batch: Batch, claimed: commands.Claimed) -> None:
    account = claimed.command.account
    batch.forget(account)
    batch.touched[account] = None
