"""Connections as people look after them: how each does, since when, and what waits for it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from tricord.core.commands import EffectState
from tricord.core.ids import ConnectionName, Instant
from tricord.core.money import Money
from tricord.store import grants
from tricord.store.codec import from_micros, maybe_time
from tricord.store.database import Tx
from tricord.store.row_views import Row
from tricord.store.schema import budgets, commands, connections, cursors, deliveries, hints, leases

_WAITING = (EffectState.READY, EffectState.SENDING, EffectState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow(Row):
    """`oldest_delivery` has waited longest to be absorbed, `oldest_command` to be carried out.

    `money` is that of the invoices among the commands that wait. `consent_ends` is when the vendor
    must be asked for access anew, None where that never comes; `budget_free_at` is when the next
    call has a place, where workers share the budget. `lease` is the state of the subscription to
    webhooks, "" where it cannot be asked for.
    """

    name: str
    connector: str
    state: str
    since: Instant
    problem: str
    paused_until: Instant | None
    failures: int
    last_delivery: Instant | None
    last_answer: Instant | None
    last_poll: Instant | None
    next_poll: Instant | None
    poll_problem: str
    deliveries_waiting: int
    oldest_delivery: Instant | None
    reads_waiting: int
    oldest_read: Instant | None
    commands_waiting: int
    oldest_command: Instant | None
    money: tuple[Money, ...]
    token_ends: Instant | None
    consent_ends: Instant | None
    budget_free_at: Instant | None
    lease: str
    lease_seen: Instant | None
    lease_ends: Instant | None
    lease_problem: str

    @property
    def oldest(self) -> Instant | None:
        """When the oldest thing that still waits here came up."""
        waiting = (self.oldest_delivery, self.oldest_read, self.oldest_command)
        return min((at for at in waiting if at is not None), default=None)


def connection_rows(tx: Tx) -> list[ConnectionRow]:
    """Every connection, by name, in a handful of queries whatever their number."""
    query = (
        select(
            connections,
            cursors.c.polled_at,
            cursors.c.next_at,
            cursors.c.problem.label("poll_problem"),
            leases.c.state.label("lease"),
            leases.c.checked_at,
            leases.c.expires_at,
            leases.c.problem.label("lease_problem"),
        )
        .outerjoin(cursors, cursors.c.connection == connections.c.name)
        .outerjoin(leases, leases.c.connection == connections.c.name)
        .order_by(connections.c.name)
    )
    waits = _Waits(tx)
    return [_row(row, waits) for row in tx.db.execute(query)]


def connection_names(tx: Tx) -> tuple[str, ...]:
    query = select(connections.c.name).order_by(connections.c.name)
    return tuple(tx.db.execute(query).scalars())


class _Waits:
    """What waits for each connection, read once for all of them."""

    def __init__(self, tx: Tx) -> None:
        waiting = deliveries.c.state == "waiting"
        self.deliveries = _counted(
            tx, deliveries.c.connection, func.min(deliveries.c.received_at), waiting
        )
        self.reads = _counted(tx, hints.c.connection, func.min(hints.c.hinted_at))
        is_open = (
            commands.c.ended_at.is_(None),
            commands.c.state.in_([str(state) for state in _WAITING]),
        )
        oldest = func.min(commands.c.planned_at)
        self.commands = _counted(tx, commands.c.connection, oldest, *is_open)
        self.money: dict[str, tuple[Money, ...]] = {}
        sums = (
            select(commands.c.connection, commands.c.currency, func.sum(commands.c.minor))
            .where(*is_open, commands.c.currency.is_not(None))
            .group_by(commands.c.connection, commands.c.currency)
            .order_by(commands.c.currency)
        )
        for name, currency, minor in tx.db.execute(sums):
            self.money[name] = (*self.money.get(name, ()), Money(int(minor), currency))
        self.grants = grants.forecasts(tx)
        self.budgets = dict(tx.db.execute(select(budgets.c.name, budgets.c.next_at)).all())


def _counted(tx: Tx, column: Any, oldest: Any, *where: Any) -> dict[str, tuple[int, int]]:
    query = select(column, func.count(), oldest).where(*where).group_by(column)
    return {name: (count, first) for name, count, first in tx.db.execute(query)}


def _row(row, waits: _Waits) -> ConnectionRow:  # type: ignore[no-untyped-def]  # a row of health
    arrived, arrived_first = waits.deliveries.get(row.name, (0, None))
    hinted, hinted_first = waits.reads.get(row.name, (0, None))
    asked, asked_first = waits.commands.get(row.name, (0, None))
    token, consent = waits.grants.get(ConnectionName(row.name), (None, None))
    return ConnectionRow(
        name=row.name,
        connector=row.connector,
        state=row.state,
        since=from_micros(row.changed_at),
        problem=row.problem,
        paused_until=maybe_time(row.paused_until),
        failures=row.failures,
        last_delivery=maybe_time(row.delivered_at),
        last_answer=maybe_time(row.answered_at),
        last_poll=maybe_time(row.polled_at),
        next_poll=maybe_time(row.next_at),
        poll_problem=row.poll_problem or "",
        deliveries_waiting=arrived,
        oldest_delivery=maybe_time(arrived_first),
        reads_waiting=hinted,
        oldest_read=maybe_time(hinted_first),
        commands_waiting=asked,
        oldest_command=maybe_time(asked_first),
        money=waits.money.get(row.name, ()),
        token_ends=token,
        consent_ends=consent,
        budget_free_at=maybe_time(waits.budgets.get(row.name)),
        lease=row.lease or "",
        lease_seen=maybe_time(row.checked_at),
        lease_ends=maybe_time(row.expires_at),
        lease_problem=row.lease_problem or "",
    )
