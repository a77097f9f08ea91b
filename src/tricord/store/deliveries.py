"""Deliveries: stored before the answer, each once; accepted = absorbed + waiting + parked."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tricord.core.delivery import Delivery
from tricord.core.identity import partition_of
from tricord.core.ids import ConnectionName
from tricord.store.codec import from_micros, to_micros
from tricord.store.database import Tx
from tricord.store.schema import connections, deliveries
from tricord.store.sealing import seal, unseal

RHYTHM = 500
FEWEST_FOR_A_RHYTHM = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery with the name its copies share; `source` is `webhook` or `poll`."""

    delivery: Delivery
    name: str
    source: str = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """`again`: it was parked or absorbed before, and a person wants it read once more."""

    id: int
    delivery: Delivery
    again: bool = False


def upsert(tx: Tx):  # type: ignore[no-untyped-def]  # one of two dialects' insert functions
    """The dialect's INSERT with ON CONFLICT."""
    return sqlite_insert if tx.db.dialect.name == "sqlite" else pg_insert


def partition_for(arrival: Arrival) -> int:
    """The partition in which it is absorbed; copies have the same."""
    return partition_of(f"{arrival.delivery.connection}|{arrival.name}")


def accept(tx: Tx, arrivals: Sequence[Arrival]) -> int:
    """Store what arrived; of copies only the number is kept. A poll never counts as a copy.

    Answers with how many a poll brought that had not come by themselves.
    """
    if not arrivals:
        return 0
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for arrival in arrivals:
        known = rows.get((arrival.delivery.connection, arrival.name))
        if known is not None:
            known["copies"] = int(str(known["copies"])) + 1
            continue
        rows[arrival.delivery.connection, arrival.name] = {
            "connection": arrival.delivery.connection,
            "name": arrival.name,
            "source": arrival.source,
            "partition": partition_for(arrival),
            "state": "waiting",
            "received_at": to_micros(arrival.delivery.received_at),
            "copies": 1,
            "sealed": _sealed(tx, arrival),
        }
    statement = upsert(tx)(deliveries)
    told = statement.on_conflict_do_update(
        index_elements=["connection", "name"],
        set_={"copies": deliveries.c.copies + statement.excluded.copies},
    )
    found = statement.on_conflict_do_nothing(index_elements=["connection", "name"]).returning(
        deliveries.c.id
    )
    # In one order everywhere, so that two who store the same copies do not wait for each other.
    fresh = 0
    for _, row in sorted(rows.items()):
        if row["source"] == "poll":
            fresh += tx.db.execute(found, row).first() is not None
        else:
            tx.db.execute(told, row)
    for name in sorted({a.delivery.connection for a in arrivals if a.source == "webhook"}):
        _heard_from(tx, name)
    return fresh


def _heard_from(tx: Tx, name: ConnectionName) -> None:
    """Note it at most once a second: every webhook of a connection would wait for this one row."""
    lately = to_micros(tx.now - timedelta(seconds=1))
    stale = or_(
        connections.c.delivered_at.is_(None),
        connections.c.delivered_at < lately,
        connections.c.unheard_since.is_not(None),
    )
    here = update(connections).where(connections.c.name == name, stale)
    tx.db.execute(here.values(delivered_at=to_micros(tx.now), unheard_since=None))


def waiting(tx: Tx, partitions: Sequence[int] | None, limit: int) -> list[Waiting]:
    """The oldest deliveries nobody has absorbed yet, of all partitions or of those named."""
    query = select(deliveries).where(deliveries.c.state == "waiting")
    if partitions is not None:
        query = query.where(deliveries.c.partition.in_(partitions))
    rows = tx.db.execute(query.order_by(deliveries.c.id).limit(limit))
    return [Waiting(id=row.id, delivery=_opened(tx, row), again=bool(row.tries)) for row in rows]


def number_of(tx: Tx, connection: ConnectionName, name: str) -> int:
    """The number of a delivery that has been accepted."""
    query = select(deliveries.c.id).where(
        deliveries.c.connection == connection, deliveries.c.name == name
    )
    return int(tx.db.execute(query).scalar_one())


def mark_absorbed(tx: Tx, ids: Sequence[int]) -> None:
    if ids:
        here = update(deliveries).where(deliveries.c.id.in_(ids))
        tx.db.execute(here.values(state="absorbed", absorbed_at=to_micros(tx.now)))


def park(tx: Tx, delivery_id: int, problem: str) -> None:
    """Set aside what could not be read: kept whole, with the place of the problem."""
    here = update(deliveries).where(deliveries.c.id == delivery_id)
    tx.db.execute(here.values(state="parked", problem=problem, absorbed_at=None))


def release(tx: Tx, delivery_id: int) -> bool:
    """Let a parked delivery be read once more. False when there is no such one."""
    here = update(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.state == "parked")
    return (
        tx.db.execute(
            here.values(state="waiting", problem="", tries=deliveries.c.tries + 1)
        ).rowcount
        == 1
    )


def longest_gap(tx: Tx, connection: ConnectionName) -> timedelta | None:
    """The longest silence between the last webhooks of a connection; None while too few came."""
    query = (
        select(deliveries.c.received_at)
        .where(deliveries.c.connection == connection, deliveries.c.source == "webhook")
        .order_by(deliveries.c.id.desc())
        .limit(RHYTHM)
    )
    times = [from_micros(at) for at in tx.db.execute(query).scalars()]
    if len(times) < FEWEST_FOR_A_RHYTHM:
        return None
    return max(later - earlier for later, earlier in pairwise(times))


def again(tx: Tx, delivery_id: int) -> bool:
    """Let a delivery be absorbed once more, whatever became of it. False when there is none."""
    here = update(deliveries).where(deliveries.c.id == delivery_id)
    return (
        tx.db.execute(
            here.values(state="waiting", problem="", tries=deliveries.c.tries + 1)
        ).rowcount
        == 1
    )


def to_replay(tx: Tx, delivery_id: int) -> Waiting | None:
    """A delivery as if it waited, whatever became of it."""
    delivery = opened(tx, delivery_id)
    return Waiting(id=delivery_id, delivery=delivery) if delivery else None


def problem_of(tx: Tx, delivery_id: int) -> str:
    """Why a delivery is parked; "" for one that is not."""
    query = select(deliveries.c.problem).where(
        deliveries.c.id == delivery_id, deliveries.c.state == "parked"
    )
    return str(tx.db.execute(query).scalar() or "")


def opened(tx: Tx, delivery_id: int) -> Delivery | None:
    row = tx.db.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()
    return _opened(tx, row) if row else None


def counts(tx: Tx) -> dict[str, int]:
    """How many deliveries stand in each state; a state with none counts 0."""
    query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    return {"waiting": 0, "absorbed": 0, "parked": 0} | dict(tx.db.execute(query).all())


def _sealed(tx: Tx, arrival: Arrival) -> bytes:
    delivery = arrival.delivery
    plain = json.dumps(
        {
            "method": delivery.method,
            "url": delivery.url,
            "headers": dict(delivery.headers),
            "body": base64.b64encode(delivery.body).decode(),
        }
    )
    about = f"deliveries|{delivery.connection}|{arrival.name}"
    return seal(tx.keys.common, plain.encode(), about)


def _opened(tx: Tx, row) -> Delivery:  # type: ignore[no-untyped-def]  # a row of deliveries
    about = f"deliveries|{row.connection}|{row.name}"
    held = json.loads(unseal(tx.keys.common, row.sealed, about))
    return Delivery(
        connection=ConnectionName(row.connection),
        body=base64.b64decode(held["body"]),
        received_at=from_micros(row.received_at),
        method=held["method"],
        url=held["url"],
        headers=held["headers"],
    )
