"""The caseload: cases by owner, kind and money, for those who work through them."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from tricord.core.money import Money
from tricord.store.case_views import case_rows
from tricord.store.database import Tx
from tricord.store.row_views import CaseRow, Row
from tricord.store.schema import cases

CASE_ORDERS = ("money", "newest", "oldest")
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """What to list; "" leaves it open. `state` is `open` or `closed`, whoever closed it."""

    state: str = "open"
    owner: str = ""
    kind: str = ""
    order: str = "money"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies(Row):
    """How many cases each owner and each kind has, and the money in them by currency."""

    owners: dict[str, int]
    kinds: dict[str, int]
    money: tuple[Money, ...]


def listed_cases(tx: Tx, wanted: CaseQuery, limit: int, offset: int = 0) -> list[CaseRow]:
    """In the order wanted; of those with equal money, the oldest first."""
    query = select(cases).where(_in_state(wanted.state))
    if wanted.owner:
        query = query.where(cases.c.owner == wanted.owner)
    if wanted.kind:
        query = query.where(cases.c.kind == wanted.kind)
    order = {
        "money": (func.coalesce(cases.c.minor, -1).desc(), cases.c.id),
        "newest": (cases.c.id.desc(),),
        "oldest": (cases.c.id,),
    }[wanted.order]
    return case_rows(tx, query.order_by(*order).limit(limit).offset(offset))


def case_row(tx: Tx, key_or_id: str) -> CaseRow | None:
    """One case, by its number or by its key; of several with one key, the latest."""
    wanted = cases.c.key == key_or_id
    if key_or_id.isascii() and key_or_id.isdigit() and len(key_or_id) <= _LONGEST_NUMBER:
        wanted = or_(wanted, cases.c.id == int(key_or_id))
    query = select(cases).where(wanted).order_by(cases.c.id.desc()).limit(1)
    return next(iter(case_rows(tx, query)), None)


def case_tallies(tx: Tx, state: str) -> Tallies:
    here = _in_state(state)

    def counted(column: ColumnElement[str]) -> dict[str, int]:
        query = select(column, func.count()).where(here).group_by(column)
        return dict(tx.db.execute(query.order_by(func.count().desc(), column)).all())

    sums = (
        select(cases.c.currency, func.sum(cases.c.minor))
        .where(here, cases.c.currency.is_not(None))
        .group_by(cases.c.currency)
        .order_by(cases.c.currency)
    )
    money = tuple(Money(int(minor), currency) for currency, minor in tx.db.execute(sums))
    return Tallies(owners=counted(cases.c.owner), kinds=counted(cases.c.kind), money=money)


def _in_state(state: str):  # type: ignore[no-untyped-def]  # a SQL condition
    return cases.c.state == "open" if state == "open" else cases.c.state != "open"
