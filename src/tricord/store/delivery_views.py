"""Deliveries as rows for people. What is in them is sealed, and opened one at a time."""

from dataclasses import dataclass

from sqlalchemy import select

from tricord.core.ids import Instant
from tricord.store.codec import from_micros, maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.row_views import Row
from tricord.store.schema import deliveries

STATES = ("waiting", "absorbed", "parked")
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow(Row):
    """`name` is what its copies share; `copies` counts them."""

    id: int
    connection: str
    name: str
    source: str
    state: str
    received_at: Instant
    absorbed_at: Instant | None
    copies: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """What to list; "" and None leave it open. `search` is a number, or the vendor's own id."""

    connection: str = ""
    state: str = ""
    search: str = ""
    until: Instant | None = None


def delivery_rows(tx: Tx, wanted: DeliveryFilter, limit: int, offset: int = 0) -> list[DeliveryRow]:
    """The newest first."""
    query = select(deliveries).order_by(deliveries.c.id.desc()).limit(limit).offset(offset)
    if wanted.connection:
        query = query.where(deliveries.c.connection == wanted.connection)
    if wanted.state:
        query = query.where(deliveries.c.state == wanted.state)
    if wanted.until is not None:
        query = query.where(deliveries.c.received_at < to_micros(wanted.until))
    if _is_number(wanted.search):
        query = query.where(deliveries.c.id == int(wanted.search))
    elif wanted.search:
        query = query.where(deliveries.c.name == wanted.search)
    return [_row(row) for row in tx.db.execute(query)]


def delivery_row(tx: Tx, number: str) -> DeliveryRow | None:
    if not _is_number(number):
        return None
    row = tx.db.execute(select(deliveries).where(deliveries.c.id == int(number))).first()
    return None if row is None else _row(row)


def _row(row) -> DeliveryRow:  # type: ignore[no-untyped-def]  # a row of deliveries
    return DeliveryRow(
        id=row.id,
        connection=row.connection,
        name=row.name,
        source=row.source,
        state=row.state,
        received_at=from_micros(row.received_at),
        absorbed_at=maybe_time(row.absorbed_at),
        copies=row.copies,
        problem=row.problem,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
