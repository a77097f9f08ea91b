"""The caseload: cases by owner, kind and money, for those who work through them."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy import case as when

from tricord.core.money import Money
from tricord.store.case_views import case_rows
from tricord.store.database import Tx
from tricord.store.row_views import CaseRow, Row
from tricord.store.schema import cases

CASE_ORDERS = ("money", "due", "newest", "oldest")
CASE_STATES = ("open", "snoozed", "closed")
"""`closed` is whatever is over, whoever ended it."""
_WHOSE: ColumnElement[str] = when((cases.c.assignee != "", cases.c.assignee), else_=cases.c.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """What to list; "" leaves it open. `state` is one of CASE_STATES.

    `owner` is whoever has it: the person it was given to, else its owner by policy.
    """

    state: str = "open"
    owner: str = ""
    kind: str = ""
    cause: str = ""
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
        query = query.where(_WHOSE.in_([wanted.owner]))
    if wanted.kind:
        query = query.where(cases.c.kind == wanted.kind)
    if wanted.cause:
        query = query.where(cases.c.cause == wanted.cause)
    order = {
        "money": (func.coalesce(cases.c.minor, -1).desc(), cases.c.id),
        "due": (cases.c.due_at, cases.c.id),
        "newest": (cases.c.id.desc(),),
        "oldest": (cases.c.id,),
    }[wanted.order]
    return case_rows(tx, query.order_by(*order).limit(limit).offset(offset))


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
    return Tallies(owners=counted(_WHOSE), kinds=counted(cases.c.kind), money=money)


def _in_state(state: str) -> ColumnElement[bool]:
    live = ("open", "snoozed")
    return cases.c.state.not_in(live) if state == "closed" else cases.c.state.in_([state])
