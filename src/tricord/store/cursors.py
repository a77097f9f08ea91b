"""Connections and their polls: how each is doing, and where its next look starts."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select, update

from tricord.core.ids import ConnectionName, Instant
from tricord.store.codec import maybe_micros, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import connections, cursors


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    connection: ConnectionName
    cursor: str
    attempts: int


def announce(tx: Tx, name: ConnectionName, connector: str, *, polled: bool) -> None:
    """Make the connection known, and its poll due when it is new."""
    tx.db.execute(
        upsert(tx)(connections)
        .values(name=name, connector=connector, state="ok", changed_at=to_micros(tx.now))
        .on_conflict_do_update(index_elements=["name"], set_={"connector": connector})
    )
    if polled:
        tx.db.execute(
            upsert(tx)(cursors)
            .values(connection=name, cursor="", next_at=to_micros(tx.now))
            .on_conflict_do_nothing()
        )


def set_state(
    tx: Tx,
    name: ConnectionName,
    state: str,
    problem: str = "",
    paused_until: Instant | None = None,
) -> None:
    """`ok`, `limited` or `access_lost`; work for it waits until `paused_until`."""
    tx.db.execute(
        update(connections)
        .where(connections.c.name == name)
        .values(
            state=state,
            problem=problem,
            changed_at=to_micros(tx.now),
            paused_until=maybe_micros(paused_until),
        )
    )


def answered(tx: Tx, name: ConnectionName) -> None:
    """The vendor answered as it should: whatever kept this connection waiting is over."""
    tx.db.execute(
        update(connections)
        .where(connections.c.name == name)
        .values(state="ok", problem="", answered_at=to_micros(tx.now), paused_until=None)
    )


def usable(tx: Tx) -> list[ConnectionName]:
    """The connections that nothing keeps waiting now."""
    now = to_micros(tx.now)
    free = or_(connections.c.paused_until.is_(None), connections.c.paused_until <= now)
    rows = tx.db.execute(select(connections.c.name).where(free).order_by(connections.c.name))
    return [ConnectionName(row.name) for row in rows]


def claim_polls(tx: Tx, lease: timedelta) -> list[Poll]:
    """Take each poll that is due; one poll of a connection runs at a time."""
    now = to_micros(tx.now)
    free = or_(cursors.c.busy_until.is_(None), cursors.c.busy_until < now)
    rows = tx.db.execute(select(cursors).where(cursors.c.next_at <= now, free)).all()
    usable_now = set(usable(tx))
    taken = [
        Poll(connection=ConnectionName(row.connection), cursor=row.cursor, attempts=row.attempts)
        for row in rows
        if row.connection in usable_now
    ]
    for poll in taken:
        here = update(cursors).where(cursors.c.connection == poll.connection)
        tx.db.execute(here.values(busy_until=to_micros(tx.now + lease)))
    return taken


def advance(tx: Tx, poll: Poll, cursor: str, next_at: Instant) -> None:
    here = update(cursors).where(cursors.c.connection == poll.connection)
    tx.db.execute(
        here.values(
            cursor=cursor,
            next_at=to_micros(next_at),
            polled_at=to_micros(tx.now),
            busy_until=None,
            attempts=0,
            problem="",
        )
    )


def postpone(tx: Tx, poll: Poll, next_at: Instant, problem: str) -> None:
    here = update(cursors).where(cursors.c.connection == poll.connection)
    tx.db.execute(
        here.values(
            next_at=to_micros(next_at),
            busy_until=None,
            attempts=poll.attempts + 1,
            problem=problem,
        )
    )


def forget_leases(tx: Tx) -> None:
    """Free every claimed poll: whoever held it is no longer there."""
    tx.db.execute(update(cursors).values(busy_until=None))
