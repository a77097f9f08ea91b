"""Hints: records that are said to have changed, each read once however often it was said."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, select, update

from tricord.core.identity import partition_of
from tricord.core.ids import ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.store.codec import to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import hints
from tricord.store.workers import not_in_hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A record to read. `hinted_at` tells a hint that came while it was being read."""

    ref: Ref
    hinted_at: int
    attempts: int


def add(tx: Tx, ref: Ref, due_at: Instant) -> bool:
    """Ask for a read. True if it is new; one that is asked for already stays, only newer."""
    statement = upsert(tx)(hints)
    now = to_micros(tx.now)
    values = {
        "connection": ref.connection,
        "kind": ref.kind,
        "external_id": ref.external_id,
        "partition": partition_of(str(ref)),
        "due_at": to_micros(due_at),
        "hinted_at": now,
    }
    again = {"hinted_at": now, "times": hints.c.times + 1}
    taken = tx.db.execute(
        statement.values(values)
        .on_conflict_do_update(index_elements=["connection", "kind", "external_id"], set_=again)
        .returning(hints.c.times)
    )
    return int(taken.scalar_one()) == 1


def claim(
    tx: Tx,
    connections: Sequence[ConnectionName],
    partitions: Sequence[int] | None,
    limit: int,
    worker: int,
) -> list[Pending]:
    """Take due reads of these connections; each is this worker's until it is read, or it dies."""
    free = not_in_hand(tx, hints.c.reading_by)
    due = hints.c.due_at <= to_micros(tx.now)
    query = select(hints).where(hints.c.connection.in_(connections), due, free)
    if partitions is not None:
        query = query.where(hints.c.partition.in_(partitions))
    rows = tx.db.execute(query.order_by(hints.c.due_at).limit(limit)).all()
    taken = [
        Pending(
            ref=Ref(ConnectionName(row.connection), Kind(row.kind), ExternalId(row.external_id)),
            hinted_at=row.hinted_at,
            attempts=row.attempts,
        )
        for row in rows
    ]
    for pending in taken:
        tx.db.execute(update(hints).where(_is(pending.ref)).values(reading_by=worker))
    return taken


def hurry(tx: Tx, connection: ConnectionName) -> None:
    """Reads that have waited out failures of this connection are due at once."""
    now = to_micros(tx.now)
    here = update(hints).where(
        hints.c.connection == connection, hints.c.attempts > 0, hints.c.due_at > now
    )
    tx.db.execute(here.values(due_at=now))


def asked_for(tx: Tx) -> list[Ref]:
    """Every record that is to be read, the next first."""
    rows = tx.db.execute(select(hints).order_by(hints.c.due_at))
    return [
        Ref(ConnectionName(row.connection), Kind(row.kind), ExternalId(row.external_id))
        for row in rows
    ]


def finish(tx: Tx, pending: Pending, again_at: Instant) -> None:
    """The read is done; if the record was hinted at meanwhile, it is read again at `again_at`."""
    same = and_(_is(pending.ref), hints.c.hinted_at == pending.hinted_at)
    if tx.db.execute(delete(hints).where(same)).rowcount == 0:
        here = update(hints).where(_is(pending.ref))
        tx.db.execute(
            here.values(reading_by=None, attempts=0, problem="", due_at=to_micros(again_at))
        )


def postpone(tx: Tx, pending: Pending, due_at: Instant, problem: str) -> None:
    here = update(hints).where(_is(pending.ref))
    tx.db.execute(
        here.values(
            reading_by=None,
            attempts=pending.attempts + 1,
            due_at=to_micros(due_at),
            problem=problem,
        )
    )


def drop(tx: Tx, ref: Ref) -> None:
    tx.db.execute(delete(hints).where(_is(ref)))


def _is(ref: Ref):  # type: ignore[no-untyped-def]  # a SQL condition
    return and_(
        hints.c.connection == ref.connection,
        hints.c.kind == ref.kind,
        hints.c.external_id == ref.external_id,
    )
