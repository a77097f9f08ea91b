"""Leases: whether each vendor still sends us webhooks, as far as the vendor tells when asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from tricord.core.ids import ConnectionName, Instant
from tricord.store.codec import maybe_micros, maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import leases
from tricord.store.workers import not_in_hand

AT_LEAST_EVERY = timedelta(hours=1)


def announce(tx: Tx, name: ConnectionName) -> None:
    """Have the subscription looked at soon, now that a program has started."""
    statement = upsert(tx)(leases).values(
        connection=name, state="unknown", due_at=to_micros(tx.now), problem=""
    )
    tx.db.execute(
        statement.on_conflict_do_update(
            index_elements=["connection"], set_={"due_at": to_micros(tx.now)}
        )
    )


def claim(tx: Tx, names: Sequence[ConnectionName], worker: int) -> list[ConnectionName]:
    """Of these, the subscriptions that are due to be looked at; each is looked at by one."""
    free = not_in_hand(tx, leases.c.checking_by)
    due = leases.c.due_at <= to_micros(tx.now)
    taken = tx.db.execute(
        update(leases)
        .where(leases.c.connection.in_(names), due, free)
        .values(checking_by=worker)
        .returning(leases.c.connection)
    )
    return [ConnectionName(row.connection) for row in taken]


def hurry(tx: Tx, name: ConnectionName) -> None:
    """Something came to us by asking that should have come by itself: look now."""
    here = update(leases).where(leases.c.connection == name)
    tx.db.execute(here.values(due_at=to_micros(tx.now)))


def note(
    tx: Tx,
    name: ConnectionName,
    state: str,
    *,
    problem: str = "",
    expires_at: Instant | None = None,
    due_at: Instant,
) -> None:
    """What the vendor said: `live`, `lapsed`, or `unknown` when it could not be asked."""
    here = update(leases).where(leases.c.connection == name)
    tx.db.execute(
        here.values(
            state=state,
            problem=problem,
            checked_at=to_micros(tx.now),
            expires_at=maybe_micros(expires_at),
            due_at=to_micros(due_at),
            checking_by=None,
        )
    )


def next_look(now: Instant, expires_at: Instant | None) -> datetime:
    """Half of the life that is left, and at least every hour."""
    soonest = now + AT_LEAST_EVERY
    return min(soonest, now + (expires_at - now) / 2) if expires_at else soonest


def health(tx: Tx) -> Mapping[ConnectionName, dict[str, object]]:
    """Each subscription's state, when it was last looked at, and when it ends."""
    return {
        ConnectionName(row.connection): {
            "state": row.state,
            "problem": row.problem,
            "checked_at": maybe_time(row.checked_at),
            "expires_at": maybe_time(row.expires_at),
        }
        for row in tx.db.execute(select(leases))
    }
