"""When there is work next, and the lock that keeps two drains of one partition apart."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, select

from tricord.core.commands import EffectState
from tricord.store.codec import from_micros, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import (
    accounts,
    commands,
    connections,
    cursors,
    hints,
    meta,
    partitions,
)


def lock(tx: Tx, wanted: Sequence[int] | None) -> None:
    """Hold these partitions, or all, until the transaction ends.

    SQLite has one writer at a time anyway; PostgreSQL locks the rows, always in one order.
    """
    if tx.db.dialect.name == "sqlite":
        return
    query = select(partitions.c.id).order_by(partitions.c.id).with_for_update()
    if wanted is not None:
        query = query.where(partitions.c.id.in_(wanted))
    tx.db.execute(query).all()


def changed_since(tx: Tx, rules: str) -> bool:
    """Whether other rules decided last time. These are the ones from now on."""
    known = tx.db.execute(select(meta.c.value).where(meta.c.name == "rules")).scalar()
    if known == rules:
        return False
    statement = upsert(tx)(meta).values(name="rules", value=rules)
    tx.db.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": rules}))
    return True


def next_due(tx: Tx) -> datetime | None:
    """The earliest moment after now at which something becomes due; None when nothing will."""
    now = to_micros(tx.now)
    states = (str(EffectState.READY), str(EffectState.UNKNOWN))
    moments = [
        select(func.min(hints.c.due_at)).where(
            hints.c.reading_until.is_(None) | (hints.c.reading_until < now)
        ),
        select(func.min(cursors.c.next_at)).where(
            cursors.c.busy_until.is_(None) | (cursors.c.busy_until < now)
        ),
        select(func.min(accounts.c.wake_at)),
        select(func.min(connections.c.paused_until)).where(connections.c.paused_until > now),
        select(func.min(commands.c.due_at)).where(
            and_(
                commands.c.state.in_(states),
                commands.c.ended_at.is_(None),
                commands.c.due_at > now,
            )
        ),
    ]
    found = [at for query in moments if (at := tx.db.execute(query).scalar()) is not None]
    return from_micros(min(found)) if found else None
