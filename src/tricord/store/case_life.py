"""What happens to a case while it is open: it is given to somebody, put off, overdue, escalated."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import case as when
from sqlalchemy import func, select, update

from tricord.core.alerting import Group
from tricord.core.alerts import Severity
from tricord.core.cases import CaseState
from tricord.core.ids import Instant
from tricord.core.money import Money
from tricord.store.audit import record_act
from tricord.store.cases import LIVING
from tricord.store.codec import from_micros, to_micros
from tricord.store.database import Tx
from tricord.store.schema import cases

_OPEN = cases.c.state == str(CaseState.OPEN)
_NAMED = 3


def assign(tx: Tx, key: str, who: str, actor: str) -> bool:
    """Give a live case to somebody. False when there is none."""
    here = update(cases).where(cases.c.key == key, cases.c.state.in_(LIVING))
    if tx.db.execute(here.values(assignee=who)).rowcount == 0:
        return False
    record_act(tx, "case.assigned", key, actor=actor, assignee=who)
    return True


def snooze(tx: Tx, key: str, until: Instant, actor: str) -> bool:
    """Put a live case off; it is nobody's worry until then. False when there is none."""
    here = update(cases).where(cases.c.key == key, cases.c.state.in_(LIVING))
    values = {"state": str(CaseState.SNOOZED), "snoozed_until": to_micros(until)}
    if tx.db.execute(here.values(**values)).rowcount == 0:
        return False
    record_act(tx, "case.snoozed", key, actor=actor, until=until.isoformat())
    return True


def wake(tx: Tx) -> int:
    """Open again what was put off until now; its time to be dealt with starts anew."""
    over = (cases.c.state == str(CaseState.SNOOZED), cases.c.snoozed_until <= to_micros(tx.now))
    keys = tx.db.execute(select(cases.c.key).where(*over)).scalars().all()
    if keys:
        later = cases.c.due_at - cases.c.opened_at + cases.c.snoozed_until
        fresh = {"state": str(CaseState.OPEN), "due_at": later, "escalated_at": None}
        tx.db.execute(update(cases).where(*over).values(**fresh))
        for key in keys:
            record_act(tx, "case.woken", key)
    return len(keys)


def set_due(tx: Tx, due: Sequence[tuple[Severity, timedelta]]) -> None:
    """Open cases are due as the policy of now says."""
    start = when((cases.c.snoozed_until.is_(None), cases.c.opened_at), else_=cases.c.snoozed_until)
    for severity, span in due:
        wanted = start + span // timedelta(microseconds=1)
        here = update(cases).where(
            _OPEN, cases.c.severity == str(severity), cases.c.due_at != wanted
        )
        tx.db.execute(here.values(due_at=wanted))


def escalate(tx: Tx, to: str) -> list[str]:
    """What is overdue and nobody's own goes to `to`, once. The keys of what went."""
    late = (
        _OPEN,
        cases.c.assignee == "",
        cases.c.escalated_at.is_(None),
        cases.c.due_at <= to_micros(tx.now),
    )
    found = tx.db.execute(select(cases.c.id, cases.c.key, cases.c.owner).where(*late)).all()
    for row in found:
        here = update(cases).where(cases.c.id == row.id)
        tx.db.execute(here.values(owner=to, escalated_at=to_micros(tx.now)))
        record_act(tx, "case.escalated", row.key, before=row.owner, owner=to)
    return [row.key for row in found]


def groups(tx: Tx) -> list[Group]:
    """All open cases by cause, with how many, since when, whose, and what is at stake."""
    query = (
        select(
            cases.c.cause,
            func.min(cases.c.kind).label("kind"),
            func.min(cases.c.severity).label("severity"),
            func.count().label("number"),
            func.min(cases.c.opened_at).label("oldest"),
            func.count(cases.c.escalated_at).label("escalated"),
        )
        .where(_OPEN)
        .group_by(cases.c.cause)
        .order_by(cases.c.cause)
    )
    rows = tx.db.execute(query).all()
    if not rows:
        return []
    money, owners = _money(tx), _owners(tx)
    return [
        Group(
            cause=row.cause,
            kind=row.kind,
            severity=Severity(row.severity),
            count=row.number,
            oldest=from_micros(row.oldest),
            owners=owners[row.cause],
            money=money.get(row.cause, ()),
            keys=_first_keys(tx, row.cause),
            escalated=row.escalated > 0,
        )
        for row in rows
    ]


def _money(tx: Tx) -> dict[str, tuple[Money, ...]]:
    query = (
        select(cases.c.cause, cases.c.currency, func.sum(cases.c.minor).label("minor"))
        .where(_OPEN, cases.c.currency.is_not(None))
        .group_by(cases.c.cause, cases.c.currency)
        .order_by(cases.c.cause, cases.c.currency)
    )
    found: dict[str, tuple[Money, ...]] = {}
    for row in tx.db.execute(query):
        found[row.cause] = (*found.get(row.cause, ()), Money(int(row.minor), row.currency))
    return found


def _owners(tx: Tx) -> dict[str, tuple[str, ...]]:
    """Whose the cases of each cause are: an assignee before the owner by policy."""
    whose = when((cases.c.assignee != "", cases.c.assignee), else_=cases.c.owner)
    query = (
        select(cases.c.cause, whose.label("whose"), func.count().label("count"))
        .where(_OPEN)
        .group_by(cases.c.cause, whose)
        .order_by(cases.c.cause, func.count().desc(), whose)
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in tx.db.execute(query):
        found[row.cause] = (*found.get(row.cause, ()), row.whose)
    return found


def _first_keys(tx: Tx, cause: str) -> tuple[str, ...]:
    query = select(cases.c.key).where(_OPEN, cases.c.cause == cause)
    return tuple(tx.db.execute(query.order_by(cases.c.id).limit(_NAMED)).scalars())
