"""Workers: the processes that do work here, and which of them are alive by their pulse.

What a worker has taken is marked with its number. A worker whose pulse has stopped is taken for
dead, and what it had in hand is looked up by another; it may not go on under its old number.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, or_, select, update

from tricord.store.codec import from_micros, to_micros
from tricord.store.database import Tx
from tricord.store.schema import workers

DEAD_AFTER = timedelta(seconds=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """`kind` is `up`, `work` or `serve`; `place` tells a person where it runs."""

    id: int
    kind: str
    place: str
    started_at: datetime
    beat_at: datetime


def begin(tx: Tx, kind: str, place: str) -> int:
    """A new number for this process.

    `up` holds its home's lock: whoever worked at the same place before is gone for certain, and on
    SQLite nobody else can be at work at all.
    """
    if kind == "up":
        gone = delete(workers)
        if tx.db.dialect.name != "sqlite":
            gone = gone.where(workers.c.kind == kind, workers.c.place == place)
        tx.db.execute(gone)
    forgotten = to_micros(tx.now - timedelta(days=1))
    tx.db.execute(delete(workers).where(workers.c.beat_at < forgotten))
    now = to_micros(tx.now)
    values = {"kind": kind, "place": place, "started_at": now, "beat_at": now}
    made = tx.db.execute(insert(workers).values(values).returning(workers.c.id))
    return int(made.scalar_one())


def beat(tx: Tx, worker: int) -> bool:
    """Say that this worker lives. False when it was taken for dead: it needs a new number."""
    here = update(workers).where(workers.c.id == worker)
    if tx.db.dialect.name != "sqlite":
        here = here.where(workers.c.beat_at > to_micros(tx.now - DEAD_AFTER))
    return tx.db.execute(here.values(beat_at=to_micros(tx.now))).rowcount == 1


def end(tx: Tx, worker: int) -> None:
    """This worker leaves in good order."""
    tx.db.execute(delete(workers).where(workers.c.id == worker))


def living(tx: Tx):  # type: ignore[no-untyped-def]  # a subquery of one column
    """The numbers of all living workers, to be asked within the statement that needs them.

    A worker begins before it takes anything, so one statement never sees what a worker has taken
    without the worker. On SQLite the one at work has the home's lock, however long its turns are.
    """
    if tx.db.dialect.name == "sqlite":
        return select(workers.c.id)
    return select(workers.c.id).where(workers.c.beat_at > to_micros(tx.now - DEAD_AFTER))


def alive(tx: Tx, within: timedelta = DEAD_AFTER) -> list[Worker]:
    """The workers whose pulse was felt within this time, oldest first."""
    query = select(workers).where(workers.c.beat_at > to_micros(tx.now - within))
    return [
        Worker(
            id=row.id,
            kind=row.kind,
            place=row.place,
            started_at=from_micros(row.started_at),
            beat_at=from_micros(row.beat_at),
        )
        for row in tx.db.execute(query.order_by(workers.c.id))
    ]


def last_beat(tx: Tx) -> datetime | None:
    """When any worker's pulse was felt last; None when none has left a trace."""
    beat = tx.db.execute(select(func.max(workers.c.beat_at))).scalar()
    return None if beat is None else from_micros(beat)


def not_in_hand(tx: Tx, column):  # type: ignore[no-untyped-def]  # a SQL condition
    """That nobody, or nobody who lives, has taken what this column marks."""
    return or_(column.is_(None), column.not_in(living(tx)))
