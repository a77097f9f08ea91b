"""Cursors: where the next poll of each connection starts, and who is at it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update

from tricord.core.ids import ConnectionName, Instant
from tricord.store.codec import to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import cursors
from tricord.store.workers import not_in_hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    connection: ConnectionName
    cursor: str
    attempts: int


def announce(tx: Tx, name: ConnectionName) -> None:
    """Make the connection's poll due when it is new."""
    tx.db.execute(
        upsert(tx)(cursors)
        .values(connection=name, cursor="", next_at=to_micros(tx.now))
        .on_conflict_do_nothing()
    )


def begin(tx: Tx, name: ConnectionName, cursor: str) -> None:
    """Have a poll that has found nothing yet start here, as an import brings what is older."""
    tx.db.execute(
        upsert(tx)(cursors)
        .values(connection=name, cursor=cursor, next_at=to_micros(tx.now))
        .on_conflict_do_update(
            index_elements=["connection"], set_={"cursor": cursor}, where=cursors.c.cursor == ""
        )
    )


def claim(
    tx: Tx,
    connections: Sequence[ConnectionName],
    worker: int,
) -> list[Poll]:
    """Take each poll of these connections that is due; of one connection one runs at a time."""
    free = not_in_hand(tx, cursors.c.busy_by)
    due = cursors.c.next_at <= to_micros(tx.now)
    query = (
        update(cursors)
        .where(cursors.c.connection.in_(connections), due, free)
        .values(busy_by=worker)
        .returning(cursors)
    )
    return [
        Poll(connection=ConnectionName(row.connection), cursor=row.cursor, attempts=row.attempts)
        for row in tx.db.execute(query)
    ]


def hurry(tx: Tx, connection: ConnectionName) -> None:
    """A poll that has waited out failures is due at once."""
    here = update(cursors).where(cursors.c.connection == connection, cursors.c.attempts > 0)
    tx.db.execute(here.values(next_at=to_micros(tx.now)))


def make_due(tx: Tx, connection: ConnectionName) -> None:
    """Have this connection polled at once."""
    here = update(cursors).where(cursors.c.connection == connection)
    tx.db.execute(here.values(next_at=to_micros(tx.now)))


def advance(tx: Tx, poll: Poll, cursor: str, next_at: Instant) -> None:
    here = update(cursors).where(cursors.c.connection == poll.connection)
    tx.db.execute(
        here.values(
            cursor=cursor,
            next_at=to_micros(next_at),
            polled_at=to_micros(tx.now),
            busy_by=None,
            attempts=0,
            problem="",
        )
    )


def postpone(tx: Tx, poll: Poll, next_at: Instant, problem: str) -> None:
    here = update(cursors).where(cursors.c.connection == poll.connection)
    tx.db.execute(
        here.values(
            next_at=to_micros(next_at),
            busy_by=None,
            attempts=poll.attempts + 1,
            problem=problem,
        )
    )
