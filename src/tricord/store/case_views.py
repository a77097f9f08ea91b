"""Cases as rows for people: a list to choose from, and one whole with its history."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select

from tricord.core.cases import Case, CaseState
from tricord.store import audit, codec, notices
from tricord.store.account_views import names_of
from tricord.store.codec import from_micros, maybe_time, to_micros
from tricord.store.command_views import attempts_of, command_row
from tricord.store.database import Tx
from tricord.store.incidents import of_cause
from tricord.store.notices import Told
from tricord.store.row_views import ActRow, CaseDetail, CaseRow, NoticeRow
from tricord.store.schema import cases
from tricord.store.sealing import unseal

_LONGEST_NUMBER = 18
_OF_COMMANDS = ("approval", "cannot", "failing", "refused", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """What to list; "" leaves it open. `whose` is an assignee, or the owner of what is nobody's."""

    kind: str = ""
    cause: str = ""
    severity: str = ""
    whose: str = ""
    overdue: bool = False


EVERY_CASE = CaseFilter()


def list_cases(
    tx: Tx, wanted: CaseFilter, state: str, limit: int, offset: int = 0
) -> list[CaseRow]:
    """The newest first. `state` is `open`, `snoozed`, or `closed` for what is over."""
    live = (str(CaseState.OPEN), str(CaseState.SNOOZED))
    query = select(cases).where(
        cases.c.state == state if state in live else cases.c.state.not_in(live)
    )
    for column in ("kind", "cause", "severity"):
        value = getattr(wanted, column)
        query = query.where(cases.c[column] == value) if value else query
    if wanted.whose:
        unassigned = (cases.c.assignee == "") & (cases.c.owner == wanted.whose)
        query = query.where(or_(cases.c.assignee == wanted.whose, unassigned))
    if wanted.overdue:
        query = query.where(cases.c.due_at <= to_micros(tx.now))
    return case_rows(tx, query.order_by(cases.c.id.desc()).limit(limit).offset(offset))


def case_detail(tx: Tx, key_or_id: str) -> CaseDetail | None:
    wanted = cases.c.key == key_or_id
    if key_or_id.isascii() and key_or_id.isdigit() and len(key_or_id) <= _LONGEST_NUMBER:
        wanted = or_(wanted, cases.c.id == int(key_or_id))
    query = select(cases).where(wanted).order_by(cases.c.id.desc()).limit(1)
    row = next(iter(case_rows(tx, query)), None)
    if row is None:
        return None
    command = command_row(tx, row.command) if row.command else None
    subjects = [row.key, *([row.command] if row.command else [])]
    incident = of_cause(tx, row.cause)
    told = notices.of_incident(tx, row.cause, incident.occurrence) if incident else []
    return CaseDetail(
        case=row,
        command=command,
        attempts=attempts_of(tx, command.id) if command else (),
        history=tuple(_act(entry) for entry in audit.entries_of(tx, subjects)),
        notices=tuple(notice_row(one) for one in told),
    )


def case_rows(tx: Tx, query: Select) -> list[CaseRow]:  # type: ignore[type-arg]  # rows of cases
    """The cases that `query` selects whole, opened."""
    rows = tx.db.execute(query).all()
    names = names_of(tx, {row.account for row in rows})
    return [_row(tx, _opened(tx, row), names.get(row.account or "", ""), row) for row in rows]


def notice_row(told: Told) -> NoticeRow:
    return NoticeRow(
        at=told.planned_at,
        cause=told.alert.cause,
        step=told.step,
        destination=told.destination,
        title=told.alert.title,
        state=str(told.state),
        attempts=told.attempts,
        ended_at=told.ended_at,
        receipt=told.receipt,
        problem=told.problem,
    )


def _act(entry: audit.Entry) -> ActRow:
    detail = entry["detail"]
    return ActRow(
        at=datetime.fromisoformat(str(entry["at"])),
        actor=str(entry["actor"]),
        act=str(entry["act"]),
        detail=detail if isinstance(detail, dict) else {},
    )


def newest(tx: Tx) -> int:
    """The number of the case that was opened last, 0 before the first."""
    return int(tx.db.execute(select(func.coalesce(func.max(cases.c.id), 0))).scalar_one())


def opened_after(tx: Tx, number: int) -> list[Case]:
    """The cases opened after that one which are open still, by key."""
    query = select(cases).where(cases.c.id > number, cases.c.state == "open")
    return [_opened(tx, row) for row in tx.db.execute(query.order_by(cases.c.key)).all()]


def _opened(tx: Tx, row) -> Case:  # type: ignore[no-untyped-def]  # a row of cases
    return codec.load_case(unseal(tx.keys.common, row.sealed, f"cases|{row.key}"))


def _row(tx: Tx, case: Case, name: str, row) -> CaseRow:  # type: ignore[no-untyped-def]  # its row
    live = row.state in (str(CaseState.OPEN), str(CaseState.SNOOZED))
    about = row.key.removeprefix(f"{row.kind}/") if row.kind in _OF_COMMANDS else ""
    return CaseRow(
        id=row.id,
        key=row.key,
        kind=row.kind,
        cause=row.cause,
        severity=row.severity,
        title=case.title,
        owner=row.owner,
        assignee=row.assignee,
        state=row.state,
        money=case.money,
        account=row.account or "",
        account_name=name,
        command=about,
        opened_at=from_micros(row.opened_at),
        due_at=from_micros(row.due_at),
        overdue=live and row.due_at <= to_micros(tx.now),
        snoozed_until=maybe_time(row.snoozed_until),
        escalated_at=maybe_time(row.escalated_at),
        closed_at=maybe_time(row.closed_at),
        next_actions=case.next_actions,
        actions=tuple(str(action) for action in case.actions) if live else (),
        evidence=case.evidence,
        why=str(case.because),
    )
