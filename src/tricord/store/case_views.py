"""Cases as rows for people."""

from sqlalchemy import Select, func, select

from tricord.core.cases import Case
from tricord.store import codec
from tricord.store.account_views import names_of
from tricord.store.codec import from_micros, maybe_time
from tricord.store.database import Tx
from tricord.store.row_views import CaseRow
from tricord.store.schema import cases
from tricord.store.sealing import unseal


def case_rows(tx: Tx, query: Select) -> list[CaseRow]:  # type: ignore[type-arg]  # rows of cases
    """The cases that `query` selects whole, opened."""
    rows = tx.db.execute(query).all()
    names = names_of(tx, {row.account for row in rows})
    return [_row(_opened(tx, row), names.get(row.account or "", ""), row) for row in rows]


def newest(tx: Tx) -> int:
    """The number of the case that was opened last, 0 before the first."""
    return int(tx.db.execute(select(func.coalesce(func.max(cases.c.id), 0))).scalar_one())


def opened_after(tx: Tx, number: int) -> list[Case]:
    """The cases opened after that one which are open still, by key."""
    query = select(cases).where(cases.c.id > number, cases.c.state == "open")
    return [_opened(tx, row) for row in tx.db.execute(query.order_by(cases.c.key)).all()]


def _opened(tx: Tx, row) -> Case:  # type: ignore[no-untyped-def]  # a row of cases
    return codec.load_case(unseal(tx.keys.common, row.sealed, f"cases|{row.key}"))


def _row(case: Case, name: str, row) -> CaseRow:  # type: ignore[no-untyped-def]  # a row of cases
    return CaseRow(
        id=row.id,
        key=row.key,
        kind=row.kind,
        title=case.title,
        owner=row.owner,
        state=row.state,
        money=case.money,
        account=row.account or "",
        account_name=name,
        opened_at=from_micros(row.opened_at),
        closed_at=maybe_time(row.closed_at),
        next_actions=case.next_actions,
        evidence=case.evidence,
        why=str(case.because),
    )
