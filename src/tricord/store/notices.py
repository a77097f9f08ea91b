"""Notices: one alert to one destination. Durable before a byte leaves, with what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Select, insert, select, update

from tricord.core.alerting import Step
from tricord.core.alerts import Alert, alert_key
from tricord.core.ids import ConnectionName, Instant
from tricord.store import codec
from tricord.store.codec import from_micros, maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.schema import notices
from tricord.store.sealing import seal, unseal


class NoticeState(StrEnum):
    """`unknown`: it may have arrived. `failed`: this destination will not take it; others were told
    in its place. `dropped`: it was over before it could be told."""

    READY = "ready"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DROPPED = "dropped"


_ARRIVED = (str(NoticeState.SENT), str(NoticeState.UNKNOWN))
_WAITING = (str(NoticeState.READY), str(NoticeState.SENDING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice as it stands. `again` says that an earlier attempt may have reached it."""

    id: int
    key: str
    alert: Alert
    step: str
    destination: ConnectionName
    state: NoticeState
    attempts: int
    planned_at: Instant
    latest_at: Instant
    ended_at: Instant | None
    receipt: str
    problem: str
    again: bool = False


def plan(tx: Tx, step: Step, to: Sequence[ConnectionName]) -> int:
    """Store one notice for each destination, and tell how many are new: a known key is the same."""
    new = 0
    for destination in to:
        key = alert_key(step.alert.cause, step.alert.occurrence, step.name, destination)
        if tx.db.execute(select(notices.c.id).where(notices.c.key == key)).first():
            continue
        plain = codec.dump(replace(step.alert, key=key))
        tx.db.execute(
            insert(notices).values(
                key=key,
                cause=step.alert.cause,
                occurrence=step.alert.occurrence,
                step=step.name,
                destination=destination,
                state=str(NoticeState.READY),
                planned_at=to_micros(tx.now),
                due_at=to_micros(tx.now),
                latest_at=to_micros(tx.now + step.within),
                sealed=seal(tx.keys.common, plain, f"notices|{key}"),
            )
        )
        new += 1
    return new


def drop_waiting(tx: Tx, cause: str, occurrence: int) -> None:
    """What of an occurrence could not be told while it lasted is told no more."""
    here = update(notices).where(
        notices.c.cause == cause,
        notices.c.occurrence == occurrence,
        notices.c.state == str(NoticeState.READY),
    )
    tx.db.execute(here.values(state=str(NoticeState.DROPPED), ended_at=to_micros(tx.now)))


def reached(tx: Tx, cause: str, occurrence: int) -> list[ConnectionName]:
    """Where an occurrence has been told, or may have been: they hear that it is over."""
    query = select(notices.c.destination).where(
        notices.c.cause == cause,
        notices.c.occurrence == occurrence,
        notices.c.state.in_((*_ARRIVED, str(NoticeState.SENDING))),
    )
    found = tx.db.execute(query.order_by(notices.c.id)).scalars()
    return [ConnectionName(name) for name in dict.fromkeys(found)]


def claim(tx: Tx, usable: Sequence[ConnectionName], lease: timedelta) -> list[Told]:
    """Take the oldest notice of each destination that is due, its lease being durable first.

    One that a dead process had in hand is taken again, marked: it may have arrived.
    """
    now = to_micros(tx.now)
    query = select(notices).where(notices.c.state.in_(_WAITING), notices.c.destination.in_(usable))
    turn: dict[str, Told] = {}
    for row in tx.db.execute(query.order_by(notices.c.id)):
        held = row.state == str(NoticeState.SENDING)
        if row.destination in turn or (held and row.lease_until > now):
            turn.setdefault(row.destination, _nothing(tx, row))
            continue
        if row.due_at <= now:
            turn[row.destination] = replace(_read(tx, row), again=held)
    taken = [told for told in turn.values() if told.state is not NoticeState.DROPPED]
    for told in taken:
        here = update(notices).where(notices.c.id == told.id)
        tx.db.execute(
            here.values(
                state=str(NoticeState.SENDING),
                attempts=told.attempts + 1,
                lease_until=to_micros(tx.now + lease),
            )
        )
    return [replace(told, attempts=told.attempts + 1) for told in taken]


def _nothing(tx: Tx, row) -> Told:  # type: ignore[no-untyped-def]  # a row of notices
    """Holds a destination's place while a notice to it is on its way."""
    return replace(_read(tx, row), state=NoticeState.DROPPED)


def end(tx: Tx, told: Told, state: NoticeState, *, receipt: str = "", problem: str = "") -> None:
    tx.db.execute(
        update(notices)
        .where(notices.c.id == told.id)
        .values(
            state=str(state),
            ended_at=to_micros(tx.now),
            lease_until=None,
            receipt=receipt,
            problem=problem,
        )
    )


def retry(tx: Tx, told: Told, due_at: Instant, problem: str) -> None:
    tx.db.execute(
        update(notices)
        .where(notices.c.id == told.id)
        .values(
            state=str(NoticeState.READY),
            due_at=to_micros(due_at),
            lease_until=None,
            problem=problem,
        )
    )


def of_step(tx: Tx, told: Told) -> list[Told]:
    """All notices of the same step of the same occurrence, to whomever, this one among them."""
    query = select(notices).where(
        notices.c.cause == told.alert.cause,
        notices.c.occurrence == told.alert.occurrence,
        notices.c.step == told.step,
    )
    return _all(tx, query)


def of_incident(tx: Tx, cause: str, occurrence: int) -> list[Told]:
    query = select(notices).where(notices.c.cause == cause, notices.c.occurrence == occurrence)
    return _all(tx, query)


def newest(tx: Tx, limit: int) -> list[Told]:
    """The latest notices, newest first, whatever became of them."""
    query = select(notices).order_by(notices.c.id.desc()).limit(limit)
    return [_read(tx, row) for row in tx.db.execute(query)]


def _all(tx: Tx, query: Select) -> list[Told]:  # type: ignore[type-arg]  # rows of notices
    return [_read(tx, row) for row in tx.db.execute(query.order_by(notices.c.id))]


def _read(tx: Tx, row) -> Told:  # type: ignore[no-untyped-def]  # a row of notices
    plain = unseal(tx.keys.common, row.sealed, f"notices|{row.key}")
    return Told(
        id=row.id,
        key=row.key,
        alert=codec.load_alert(plain),
        step=row.step,
        destination=ConnectionName(row.destination),
        state=NoticeState(row.state),
        attempts=row.attempts,
        planned_at=from_micros(row.planned_at),
        latest_at=from_micros(row.latest_at),
        ended_at=maybe_time(row.ended_at),
        receipt=row.receipt,
        problem=row.problem,
    )
