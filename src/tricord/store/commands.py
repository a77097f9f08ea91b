"""Commands and their attempts: durable before any byte leaves, one row per business key."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, insert, or_, select, update

from tricord.core.commands import Command, CreateInvoice, Effect, EffectState
from tricord.core.identity import partition_of
from tricord.core.ids import AccountId, ConnectionName, Instant, Ref
from tricord.store import codec
from tricord.store.codec import from_micros, maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.mirror import account_key
from tricord.store.schema import attempts, commands
from tricord.store.sealing import seal, unseal

OPEN = (EffectState.READY, EffectState.SENDING, EffectState.UNKNOWN)


class KeyReused(Exception):
    """One business key was asked for two different things. Neither is guessed at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A command taken to be carried out. `again`: an earlier attempt may have reached it.

    `account` is whose it is now; the command itself keeps the one it was planned for.
    """

    id: int
    account: AccountId
    command: Command
    attempt: int
    again: bool
    planned_at: Instant


def add(tx: Tx, account: AccountId, command: Command, state: EffectState, due_at: Instant) -> bool:
    """Store a new command. A known key is left alone: False. It is the same work, asked twice.

    Raises KeyReused when the same key asks for something else.
    """
    plain = codec.dump(command)
    total = command.total if isinstance(command, CreateInvoice) else None
    values = {
        "key": command.key,
        "account": account,
        "partition": partition_of(account),
        "connection": command.connection,
        "verb": codec.verb_of(command),
        "state": str(state),
        "rule": command.because.rule,
        "policy": command.because.policy,
        "digest": hashlib.sha256(plain).hexdigest(),
        "minor": total.minor if total else None,
        "currency": total.currency if total else None,
        "planned_at": to_micros(tx.now),
        "due_at": to_micros(due_at),
        "approver": command.approval if isinstance(command, CreateInvoice) else "",
        "sealed": seal(account_key(tx, account), plain, f"commands|{command.key}"),
    }
    known = tx.db.execute(select(commands.c.digest).where(commands.c.key == command.key)).first()
    if known is not None:
        if known.digest != values["digest"]:
            raise KeyReused(command.key)
        return False
    tx.db.execute(insert(commands).values(values))
    return True


def effects_of(tx: Tx, account: AccountId) -> dict[str, Effect]:
    """Everything ever asked for on this account, by key."""
    query = select(commands).where(commands.c.account == account).order_by(commands.c.key)
    rows = tx.db.execute(query).all()
    if not rows:
        return {}
    key = account_key(tx, account)
    return {
        row.key: Effect(
            command=_opened(key, row),
            state=EffectState(row.state),
            planned_at=from_micros(row.planned_at),
            ended_at=maybe_time(row.ended_at),
            remote=Ref.parse(row.remote) if row.remote else None,
        )
        for row in rows
    }


def claim(
    tx: Tx, connections: Sequence[ConnectionName], limit: int, lease: timedelta
) -> list[Claimed]:
    """Take ready commands, oldest first: one at a time per account and connection.

    The claim is the durable intent: it is committed, with its attempt, before any byte leaves.
    """
    now = to_micros(tx.now)
    open_states = [str(state) for state in OPEN]
    turn = (
        select(func.min(commands.c.id).label("id"))
        .where(
            commands.c.state.in_(open_states),
            commands.c.connection.in_(connections),
            commands.c.ended_at.is_(None),
        )
        .group_by(commands.c.account, commands.c.connection)
        .subquery()
    )
    free = or_(
        commands.c.state == str(EffectState.READY), commands.c.state == str(EffectState.UNKNOWN)
    )
    query = (
        select(commands)
        .join(turn, turn.c.id == commands.c.id)
        .where(free, commands.c.due_at <= now)
        .order_by(commands.c.id)
        .limit(limit)
    )
    taken = []
    for row in tx.db.execute(query).all():
        number = row.attempts + 1
        tx.db.execute(
            update(commands)
            .where(commands.c.id == row.id)
            .values(
                state=str(EffectState.SENDING),
                attempts=number,
                lease_until=to_micros(tx.now + lease),
            )
        )
        tx.db.execute(insert(attempts).values(command=row.id, number=number, started_at=now))
        key = account_key(tx, row.account)
        taken.append(
            Claimed(
                id=row.id,
                account=AccountId(row.account),
                command=_opened(key, row),
                attempt=number,
                again=bool(row.again),
                planned_at=from_micros(row.planned_at),
            )
        )
    return taken


def end(
    tx: Tx, claimed: Claimed, state: EffectState, *, problem: str = "", remote: Ref | None = None
) -> None:
    """The command is over: done, refused, or unknown for good."""
    tx.db.execute(
        update(commands)
        .where(commands.c.id == claimed.id)
        .values(
            state=str(state),
            ended_at=to_micros(tx.now),
            remote=str(remote) if remote else None,
            lease_until=None,
            problem=problem,
        )
    )


def retry(
    tx: Tx, claimed: Claimed, state: EffectState, due_at: Instant, *, again: bool, problem: str
) -> None:
    """Not over: `ready` when nothing was sent, `unknown` when something may have been."""
    tx.db.execute(
        update(commands)
        .where(commands.c.id == claimed.id)
        .values(
            state=str(state),
            due_at=to_micros(due_at),
            again=again or claimed.again,
            lease_until=None,
            problem=problem,
        )
    )


def end_attempt(tx: Tx, claimed: Claimed, outcome: str, calls: int, problem: str = "") -> None:
    tx.db.execute(
        update(attempts)
        .where(attempts.c.command == claimed.id, attempts.c.number == claimed.attempt)
        .values(ended_at=to_micros(tx.now), outcome=outcome, calls=calls, problem=problem)
    )


def orphans(tx: Tx, *, everyone: bool) -> list[Claimed]:
    """Commands left in `sending` by a worker that is gone: all, or those past their lease."""
    query = select(commands).where(commands.c.state == str(EffectState.SENDING))
    if not everyone:
        query = query.where(commands.c.lease_until < to_micros(tx.now))
    return [
        Claimed(
            id=row.id,
            account=AccountId(row.account),
            command=_opened(account_key(tx, row.account), row),
            attempt=row.attempts,
            again=True,
            planned_at=from_micros(row.planned_at),
        )
        for row in tx.db.execute(query.order_by(commands.c.id)).all()
    ]


def give_up(tx: Tx, key: str, reason: str) -> bool:
    """End a command that has not been done, by a person's word. False when it is past that."""
    states = (EffectState.HELD, EffectState.READY, EffectState.REFUSED, EffectState.UNKNOWN)
    here = update(commands).where(
        commands.c.key == key, commands.c.state.in_([str(state) for state in states])
    )
    values = {"state": str(EffectState.GIVEN_UP), "ended_at": to_micros(tx.now)}
    return tx.db.execute(here.values(**values, problem=reason)).rowcount == 1


def waiting_for(tx: Tx) -> dict[ConnectionName, int]:
    """How many commands wait for each connection, by name."""
    query = (
        select(commands.c.connection, func.count())
        .where(commands.c.state.in_([str(state) for state in OPEN]), commands.c.ended_at.is_(None))
        .group_by(commands.c.connection)
        .order_by(commands.c.connection)
    )
    return {ConnectionName(row[0]): row[1] for row in tx.db.execute(query)}


def verb_name(command: Command) -> str:
    return codec.verb_of(command)


def release(tx: Tx, key: str, wanted: Sequence[EffectState]) -> bool:
    """Let a held, refused or unknown command run (again). False when it is in another state.

    One that was attempted may have left something at the vendor, so it looks there first.
    """
    here = update(commands).where(
        commands.c.key == key, commands.c.state.in_([str(state) for state in wanted])
    )
    values = {"state": str(EffectState.READY), "due_at": to_micros(tx.now), "ended_at": None}
    again = or_(commands.c.again, commands.c.attempts > 0)
    return tx.db.execute(here.values(**values, again=again, problem="")).rowcount == 1


def move(tx: Tx, keys: Sequence[str], old: AccountId, new: AccountId) -> None:
    """Commands follow the records they are about into another account, sealed anew."""
    old_key, new_key = account_key(tx, old), account_key(tx, new)
    for row in tx.db.execute(select(commands).where(commands.c.key.in_(keys))).all():
        about = f"commands|{row.key}"
        sealed = seal(new_key, unseal(old_key, row.sealed, about), about)
        here = update(commands).where(commands.c.id == row.id)
        tx.db.execute(here.values(account=new, partition=partition_of(new), sealed=sealed))


def _opened(key: bytes, row) -> Command:  # type: ignore[no-untyped-def]  # a row of commands
    return codec.load_command(row.verb, unseal(key, row.sealed, f"commands|{row.key}"))
