"""When there is work next, and the lock that keeps two drains of one partition apart."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, and_, func, literal, or_, select, true, union

from tricord.core.commands import EffectState
from tricord.core.identity import partition_of
from tricord.store.codec import from_micros, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import (
    accounts,
    commands,
    connections,
    cursors,
    deliveries,
    hints,
    leases,
    meta,
    partitions,
)
from tricord.store.workers import living, not_in_hand


def lock(tx: Tx, wanted: Sequence[int] | None) -> Sequence[int] | None:
    """Hold these partitions, or all, until the transaction ends. Answers with those that are ours.

    SQLite has one writer at a time anyway: there, None stays None and means all. On PostgreSQL what
    another turn holds just now is left out; it is never waited for.
    """
    if tx.db.dialect.name == "sqlite":
        return wanted
    query = select(partitions.c.id).order_by(partitions.c.id).with_for_update(skip_locked=True)
    if wanted is not None:
        query = query.where(partitions.c.id.in_(wanted))
    return [int(number) for number in tx.db.execute(query).scalars()]


def one_at_a_time(tx: Tx, what: str) -> None:
    """Wait until nobody else does this, and keep others waiting until the transaction ends."""
    if tx.db.dialect.name != "sqlite":
        tx.db.execute(select(func.pg_advisory_xact_lock(_number(what))))


class Busy(Exception):
    """Another worker has hold of this just now. What needs it waits for the next turn."""


def hold(tx: Tx, name: str) -> None:
    """Have `name` to ourselves until the transaction ends. Raises Busy; it never waits.

    SQLite has one writer at a time anyway. On PostgreSQL it is an advisory lock; because nobody
    waits for one while holding another, there are no deadlocks.
    """
    if tx.db.dialect.name == "sqlite":
        return
    if not tx.db.execute(select(func.pg_try_advisory_xact_lock(_number(name)))).scalar_one():
        raise Busy(name)


def _number(name: str):  # type: ignore[no-untyped-def]  # a SQL value
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    return literal(number, BigInteger)


def changed_since(tx: Tx, rules: str) -> bool:
    """Whether other rules decided last time. These are the ones from now on."""
    known = tx.db.execute(select(meta.c.value).where(meta.c.name == "rules")).scalar()
    if known == rules:
        return False
    statement = upsert(tx)(meta).values(name="rules", value=rules)
    tx.db.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": rules}))
    return True


def next_due(tx: Tx, partitions: Sequence[int] | None) -> datetime | None:
    """The earliest moment at which something becomes due; None when nothing will.

    What is in hand already does not count, and what waits for a connection only as that allows.
    """
    now = to_micros(tx.now)
    paused = connections.c.paused_until
    states = (str(EffectState.READY), str(EffectState.UNKNOWN))
    moments = [
        select(func.min(hints.c.due_at)).where(
            hints.c.reading_by.is_(None), _among(hints, partitions)
        ),
        select(func.min(accounts.c.wake_at)).where(_among(accounts, partitions)),
        select(func.min(commands.c.due_at)).where(
            commands.c.state.in_(states),
            commands.c.ended_at.is_(None),
            commands.c.due_at > now,
            _among(commands, partitions),
        ),
        select(func.min(cursors.c.next_at)).where(cursors.c.busy_by.is_(None)),
        select(func.min(leases.c.due_at)).where(leases.c.checking_by.is_(None)),
        select(func.min(paused)).where(paused > now),
    ]
    found = [at for query in moments if (at := tx.db.execute(query).scalar()) is not None]
    return from_micros(min(found)) if found else None


def busy_partitions(tx: Tx) -> list[int]:
    """The partitions in which something waits that no living worker has in hand, in order."""
    now = to_micros(tx.now)
    states = (str(EffectState.READY), str(EffectState.UNKNOWN))
    orphaned = and_(
        commands.c.state == str(EffectState.SENDING), commands.c.worker.not_in(living(tx))
    )
    due = and_(
        commands.c.state.in_(states), commands.c.ended_at.is_(None), commands.c.due_at <= now
    )
    waiting = union(
        select(deliveries.c.partition).where(deliveries.c.state == "waiting"),
        select(hints.c.partition).where(hints.c.due_at <= now, not_in_hand(tx, hints.c.reading_by)),
        select(accounts.c.partition).where(accounts.c.wake_at <= now),
        select(commands.c.partition).where(or_(due, orphaned)),
    )
    found = {int(row[0]) for row in tx.db.execute(waiting)}
    polls = select(cursors.c.connection).where(
        cursors.c.next_at <= now, not_in_hand(tx, cursors.c.busy_by)
    )
    probes = select(connections.c.name).where(
        connections.c.paused_until <= now, not_in_hand(tx, connections.c.probing_by)
    )
    looks = select(leases.c.connection).where(
        leases.c.due_at <= now, not_in_hand(tx, leases.c.checking_by)
    )
    for query in (polls, probes, looks):
        found |= {partition_of(name) for name in tx.db.execute(query).scalars()}
    return sorted(found)


def _among(table, partitions: Sequence[int] | None):  # type: ignore[no-untyped-def]  # SQL
    return true() if partitions is None else table.c.partition.in_(partitions)
