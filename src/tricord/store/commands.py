"""Commands and their attempts: durable before any byte leaves, one row per business key."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, case, func, insert, or_, select, update

from tricord.core.commands import Command, CreateInvoice, Effect, EffectState, priority_of
from tricord.core.identity import partition_of
from tricord.core.ids import AccountId, ConnectionName, Instant, Ref
from tricord.core.money import Money
from tricord.store import codec
from tricord.store.codec import from_micros, maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.mirror import account_key
from tricord.store.schema import attempts, commands
from tricord.store.sealing import seal, unseal
from tricord.store.workers import living

OPEN = (EffectState.READY, EffectState.SENDING, EffectState.UNKNOWN)
_FREE = (str(EffectState.READY), str(EffectState.UNKNOWN))


class KeyReused(Exception):
    """One business key was asked for two different things. Neither is guessed at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A command taken to be carried out. `again`: an earlier attempt may have reached it.

    `account` is whose it is now; the command itself keeps the one it was planned for. `objection`
    is the gate's, to whatever was not yet sent; "" when it has none.
    """

    id: int
    account: AccountId
    command: Command
    attempt: int
    again: bool
    planned_at: Instant
    objection: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A command without its sealed part."""

    key: str
    verb: str
    connection: ConnectionName
    state: str
    money: Money | None
    remote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    id: int
    account: AccountId


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
        "priority": int(priority_of(command)),
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
    new = upsert(tx)(commands).values(values).on_conflict_do_nothing(index_elements=["key"])
    if tx.db.execute(new.returning(commands.c.id)).first() is not None:
        return True
    known = tx.db.execute(select(commands.c.digest).where(commands.c.key == command.key)).one()
    if known.digest != values["digest"]:
        raise KeyReused(command.key)
    return False


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
            problem=row.problem or "",
        )
        for row in rows
    }


def ready(
    tx: Tx,
    connections: Sequence[ConnectionName],
    partitions: Sequence[int] | None,
    limit: int,
) -> list[Ready]:
    """What may be carried out now, the most urgent first, then the oldest.

    Of one account at one connection only the oldest open command comes up, so that what is done
    there is done in the order it was planned in.
    """
    waiting = [
        commands.c.state.in_([str(state) for state in OPEN]),
        commands.c.connection.in_(connections),
        commands.c.ended_at.is_(None),
    ]
    if partitions is not None:
        waiting.append(commands.c.partition.in_(partitions))
    turn = (
        select(func.min(commands.c.id).label("id"))
        .where(*waiting)
        .group_by(commands.c.account, commands.c.connection)
        .subquery()
    )
    query = (
        select(commands.c.id, commands.c.account)
        .join(turn, turn.c.id == commands.c.id)
        .where(commands.c.state.in_(_FREE), commands.c.due_at <= to_micros(tx.now))
        .order_by(commands.c.priority, commands.c.id)
        .limit(limit)
    )
    rows = tx.db.execute(query)
    return [Ready(id=row.id, account=AccountId(row.account)) for row in rows]


def claim(tx: Tx, wanted: Sequence[int], worker: int) -> list[Claimed]:
    """Take those of these that are ready still, in the order they are given in.

    The claim is the durable intent: it is committed, with its attempt, before any byte leaves.
    """
    if not wanted:
        return []
    rows = tx.db.execute(
        update(commands)
        .where(commands.c.id.in_(wanted), commands.c.state.in_(_FREE))
        .values(state=str(EffectState.SENDING), attempts=commands.c.attempts + 1, worker=worker)
        .returning(commands)
    ).all()
    started = {"started_at": to_micros(tx.now), "worker": worker}
    begun = [{"command": row.id, "number": row.attempts, **started} for row in rows]
    if begun:
        tx.db.execute(insert(attempts), begun)
    taken = {row.id: _claimed(tx, row, again=bool(row.again)) for row in rows}
    return [taken[number] for number in wanted if number in taken]


def end(
    tx: Tx, claimed: Claimed, state: EffectState, *, problem: str = "", remote: Ref | None = None
) -> bool:
    """The command is over: done, refused, or unknown for good. False when it is not ours now."""
    return _move_on(
        tx,
        claimed,
        state=str(state),
        ended_at=to_micros(tx.now),
        remote=str(remote) if remote else None,
        problem=problem,
    )


def retry(
    tx: Tx, claimed: Claimed, state: EffectState, due_at: Instant, *, again: bool, problem: str
) -> bool:
    """Not over: `ready` when nothing was sent, `unknown` when something may have been.

    False when the command is not ours any more.
    """
    return _move_on(
        tx,
        claimed,
        state=str(state),
        due_at=to_micros(due_at),
        again=again or claimed.again,
        problem=problem,
    )


def in_hand(tx: Tx, claimed: Claimed) -> bool:
    """Whether this very attempt still holds its command. A worker taken for dead has lost it."""
    query = select(commands.c.id).where(_held_by(claimed))
    return tx.db.execute(query).first() is not None


def finish_late(tx: Tx, claimed: Claimed, remote: Ref | None) -> bool:
    """An attempt that was given up for lost has succeeded after all.

    False when another attempt holds the command now: that one finds out by itself.
    """
    states = [str(EffectState.READY), str(EffectState.UNKNOWN)]
    here = update(commands).where(commands.c.id == claimed.id, commands.c.state.in_(states))
    values = {
        "state": str(EffectState.DONE),
        "ended_at": to_micros(tx.now),
        "remote": str(remote) if remote else None,
        "problem": "",
    }
    return tx.db.execute(here.values(values)).rowcount == 1


def hurry(tx: Tx, connection: ConnectionName) -> int:
    """What has waited out failures at this connection is due at once; the vendor is back."""
    now = to_micros(tx.now)
    here = update(commands).where(
        commands.c.connection == connection,
        commands.c.ended_at.is_(None),
        commands.c.state.in_(_FREE),
        commands.c.attempts > 0,
        commands.c.due_at > now,
    )
    return tx.db.execute(here.values(due_at=now)).rowcount


def end_attempt(
    tx: Tx,
    claimed: Claimed,
    outcome: str,
    calls: int,
    problem: str = "",
    exchanges: bytes | None = None,
) -> None:
    """Write down how an attempt ended. `exchanges` is what was said in it, as JSON, kept sealed."""
    sealed = None
    if exchanges is not None:
        about = f"attempts|{claimed.id}|{claimed.attempt}"
        sealed = seal(account_key(tx, claimed.account), exchanges, about)
    tx.db.execute(
        update(attempts)
        .where(attempts.c.command == claimed.id, attempts.c.number == claimed.attempt)
        .values(
            ended_at=to_micros(tx.now),
            outcome=outcome,
            calls=calls,
            problem=problem,
            sealed=sealed,
        )
    )


def orphans(tx: Tx, partitions: Sequence[int] | None, limit: int = 200) -> list[Claimed]:
    """Commands left in `sending` by a worker that is not alive."""
    query = select(commands).where(
        commands.c.state == str(EffectState.SENDING), commands.c.worker.not_in(living(tx))
    )
    if partitions is not None:
        query = query.where(commands.c.partition.in_(partitions))
    rows = tx.db.execute(query.order_by(commands.c.id).limit(limit)).all()
    return [_claimed(tx, row, again=True) for row in rows]


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


def owner(tx: Tx, command: int) -> AccountId:
    """Whose a command is now."""
    query = select(commands.c.account).where(commands.c.id == command)
    return AccountId(tx.db.execute(query).scalar_one())


def latest(tx: Tx) -> int:
    """The number of the newest command; 0 when there is none."""
    return int(tx.db.execute(select(func.coalesce(func.max(commands.c.id), 0))).scalar_one())


def since(tx: Tx, number: int) -> list[Summary]:
    """The commands newer than this number, oldest first."""
    rows = tx.db.execute(select(commands).where(commands.c.id > number).order_by(commands.c.id))
    return [_summary(row) for row in rows]


def ended_of(tx: Tx, account: AccountId, limit: int = 50) -> list[Summary]:
    """What is over on this account, newest first."""
    query = select(commands).where(commands.c.account == account, commands.c.ended_at.is_not(None))
    rows = tx.db.execute(query.order_by(commands.c.id.desc()).limit(limit))
    return [_summary(row) for row in rows]


def summary(tx: Tx, key: str) -> Summary | None:
    row = tx.db.execute(select(commands).where(commands.c.key == key)).first()
    return None if row is None else _summary(row)


def waiting_at(tx: Tx, connection: ConnectionName, currency: str) -> tuple[int, Money | None]:
    """How many commands wait for a connection, and the money of its invoices in this currency."""
    here = [
        commands.c.connection == connection,
        commands.c.ended_at.is_(None),
        commands.c.state.in_([str(state) for state in OPEN]),
    ]
    ours = case((commands.c.currency == currency, commands.c.minor), else_=0)
    row = tx.db.execute(select(func.count(), func.coalesce(func.sum(ours), 0)).where(*here)).one()
    return int(row[0]), Money(int(row[1]), currency) if row[1] else None


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
        _reseal_attempts(tx, row.id, old_key, new_key)


def _reseal_attempts(tx: Tx, command: int, old_key: bytes, new_key: bytes) -> None:
    here = attempts.c.command == command
    told = select(attempts).where(here, attempts.c.sealed.is_not(None))
    for row in tx.db.execute(told).all():
        about = f"attempts|{command}|{row.number}"
        sealed = seal(new_key, unseal(old_key, row.sealed, about), about)
        tx.db.execute(update(attempts).where(attempts.c.id == row.id).values(sealed=sealed))


def _summary(row) -> Summary:  # type: ignore[no-untyped-def]  # a row of commands
    return Summary(
        key=row.key,
        verb=row.verb,
        connection=ConnectionName(row.connection),
        state=row.state,
        money=Money(row.minor, row.currency) if row.currency else None,
        remote=row.remote or "",
    )


def _held_by(claimed: Claimed):  # type: ignore[no-untyped-def]  # a SQL condition
    return and_(
        commands.c.id == claimed.id,
        commands.c.state == str(EffectState.SENDING),
        commands.c.attempts == claimed.attempt,
    )


def _move_on(tx: Tx, claimed: Claimed, **values: object) -> bool:
    here = update(commands).where(_held_by(claimed))
    return tx.db.execute(here.values(worker=None, **values)).rowcount == 1


def _claimed(tx: Tx, row, *, again: bool) -> Claimed:  # type: ignore[no-untyped-def]  # a row
    return Claimed(
        id=row.id,
        account=AccountId(row.account),
        command=_opened(account_key(tx, row.account), row),
        attempt=row.attempts,
        again=again,
        planned_at=from_micros(row.planned_at),
    )


def _opened(key: bytes, row) -> Command:  # type: ignore[no-untyped-def]  # a row of commands
    return codec.load_command(row.verb, unseal(key, row.sealed, f"commands|{row.key}"))
