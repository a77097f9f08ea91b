"""The firm's money from columns alone: no record is opened, however many accounts there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, case, func, literal, select

from tricord.core.ids import ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.money import Money
from tricord.store.books import BILLED, ELSEWHERE
from tricord.store.codec import from_micros, to_micros
from tricord.store.database import Tx
from tricord.store.row_views import Ageing, Row, Totals
from tricord.store.schema import books, movements

_CAME_IN = ("payment", ELSEWHERE)
_WENT_BACK = ("refund", "dispute")
DSO_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow(Row):
    """What a span of time brought in one currency. `received` is less what went back."""

    invoiced: Money
    received: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Point(Row):
    """What was owed at an instant, and for how many days of sales that stands (DSO)."""

    at: Instant
    owed: Money
    days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow(Row):
    """An invoice with something outstanding that falls due."""

    account: str
    ref: Ref
    outstanding: Money
    due_at: Instant


def totals(tx: Tx, accounts: Sequence[str] | None = None) -> dict[str, tuple[Totals, ...]]:
    """Currency by currency what is invoiced and owed: of each of these, or of all as ""."""
    owner = books.c.account if accounts is not None else literal("")
    late = _late(tx)
    columns = [
        owner.label("owner"),
        books.c.currency,
        func.sum(books.c.total).label("invoiced"),
        func.sum(books.c.outstanding).label("outstanding"),
        _sum(late).label("overdue"),
        _sum(and_(late, _younger(tx, 30))).label("to_30"),
        _sum(and_(late, ~_younger(tx, 30), _younger(tx, 60))).label("to_60"),
        _sum(and_(late, ~_younger(tx, 60))).label("older"),
    ]
    query = select(*columns).group_by(books.c.currency).order_by(books.c.currency)
    if accounts is not None:
        query = query.where(books.c.account.in_(accounts)).group_by(books.c.account)
    found: dict[str, tuple[Totals, ...]] = {}
    for row in tx.db.execute(query):
        found[row.owner] = (*found.get(row.owner, ()), _totals(row))
    return found


def flow(tx: Tx, since: Instant, until: Instant) -> tuple[Flow, ...]:
    """What was invoiced and what came in between two instants, by currency."""
    kind = movements.c.kind
    query = (
        select(
            movements.c.currency,
            func.sum(case((kind == BILLED, movements.c.minor), else_=0)).label("invoiced"),
            func.sum(case((kind.in_((*_CAME_IN, *_WENT_BACK)), -movements.c.minor), else_=0)).label(
                "received"
            ),
        )
        .where(movements.c.moved_at >= to_micros(since), movements.c.moved_at < to_micros(until))
        .group_by(movements.c.currency)
        .order_by(movements.c.currency)
    )
    return tuple(
        Flow(
            invoiced=Money(int(row.invoiced), row.currency),
            received=Money(int(row.received), row.currency),
        )
        for row in tx.db.execute(query)
    )


def course(tx: Tx, currency: str, times: Sequence[Instant]) -> tuple[Point, ...]:
    """What was owed at each of these times, and the DSO at each: one scan, whatever their number.

    DSO is what is owed over what was invoiced in the ninety days before, times ninety.
    """
    edges = sorted({*times, *(at - timedelta(days=DSO_DAYS) for at in times)})
    place = case(
        *((movements.c.moved_at <= to_micros(at), number) for number, at in enumerate(edges)),
        else_=len(edges),
    ).label("place")
    billed = func.sum(case((movements.c.kind == BILLED, movements.c.minor), else_=0))
    query = (
        select(place, func.sum(movements.c.minor).label("minor"), billed.label("billed"))
        .where(movements.c.currency == currency, movements.c.moved_at.is_not(None))
        .group_by(place)
    )
    sums = {row.place: (int(row.minor), int(row.billed)) for row in tx.db.execute(query)}
    owed, invoiced, at_edge = 0, 0, {}
    for number, at in enumerate(edges):
        minor, billed_then = sums.get(number, (0, 0))
        owed, invoiced = owed + minor, invoiced + billed_then
        at_edge[at] = (owed, invoiced)
    points = []
    for at in times:
        left, so_far = at_edge[at]
        sold = so_far - at_edge[at - timedelta(days=DSO_DAYS)][1]
        days = round(left / sold * DSO_DAYS, 1) if sold > 0 else None
        points.append(Point(at=at, owed=Money(left, currency), days=days))
    return tuple(points)


def pace(tx: Tx, limit: int) -> tuple[float, ...]:
    """Seconds from the milestone to the sent invoice of the latest invoices, oldest first."""
    query = (
        select(books.c.issued_at, books.c.reached_at)
        .where(books.c.reached_at.is_not(None), books.c.issued_at.is_not(None))
        .order_by(books.c.issued_at.desc())
        .limit(limit)
    )
    rows = tx.db.execute(query).all()
    return tuple(max(0, row.issued_at - row.reached_at) / 1_000_000 for row in reversed(rows))


def falling_due(tx: Tx, until: Instant, limit: int) -> tuple[DueRow, ...]:
    """What falls due from now until then, the earliest first."""
    query = (
        select(books)
        .where(
            books.c.outstanding > 0,
            books.c.due_at > to_micros(tx.now),
            books.c.due_at <= to_micros(until),
        )
        .order_by(books.c.due_at, books.c.external_id)
        .limit(limit)
    )
    return tuple(
        DueRow(
            account=row.account,
            ref=Ref(ConnectionName(row.connection), Kind.INVOICE, ExternalId(row.external_id)),
            outstanding=Money(row.outstanding, row.currency),
            due_at=from_micros(row.due_at),
        )
        for row in tx.db.execute(query)
    )


def _late(tx: Tx) -> ColumnElement[bool]:
    return and_(books.c.outstanding > 0, books.c.due_at <= to_micros(tx.now))


def _younger(tx: Tx, days: int) -> ColumnElement[bool]:
    return books.c.due_at > to_micros(tx.now - timedelta(days=days))


def _sum(wanted: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((wanted, books.c.outstanding), else_=0))


def _totals(row) -> Totals:  # type: ignore[no-untyped-def]  # a row of sums
    def money(minor: object) -> Money:
        return Money(int(str(minor)), row.currency)

    current = int(row.outstanding) - int(row.overdue)
    return Totals(
        invoiced=money(row.invoiced),
        outstanding=money(row.outstanding),
        overdue=money(row.overdue),
        ageing=Ageing(
            not_due=money(current),
            to_30=money(row.to_30),
            to_60=money(row.to_60),
            older=money(row.older),
        ),
    )
