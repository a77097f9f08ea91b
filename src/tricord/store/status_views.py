"""How the whole is doing: what waits, what is at stake, and whether each connection is alive."""

from sqlalchemy import func, select

from tricord.core.money import Money
from tricord.store.codec import from_micros, maybe_time
from tricord.store.database import Tx
from tricord.store.row_views import plain
from tricord.store.schema import cases, commands, connections, cursors, deliveries, hints


def command_counts(tx: Tx) -> dict[str, int]:
    query = select(commands.c.state, func.count()).group_by(commands.c.state)
    return dict(tx.db.execute(query.order_by(commands.c.state)).all())


def oldest_waiting_seconds(tx: Tx) -> float | None:
    """The age of the delivery that has waited longest; None when none waits."""
    query = select(func.min(deliveries.c.received_at)).where(deliveries.c.state == "waiting")
    received = tx.db.execute(query).scalar_one()
    return None if received is None else (tx.now - from_micros(received)).total_seconds()


def hints_waiting(tx: Tx) -> int:
    return int(tx.db.execute(select(func.count()).select_from(hints)).scalar_one())


def open_cases(tx: Tx) -> int:
    query = select(func.count()).select_from(cases).where(cases.c.state == "open")
    return int(tx.db.execute(query).scalar_one())


def at_stake(tx: Tx) -> tuple[Money, ...]:
    """The money of all open cases, one sum per currency."""
    query = (
        select(cases.c.currency, func.sum(cases.c.minor).label("minor"))
        .where(cases.c.state == "open", cases.c.currency.is_not(None))
        .group_by(cases.c.currency)
        .order_by(cases.c.currency)
    )
    return tuple(Money(int(row.minor), row.currency) for row in tx.db.execute(query))


def connection_health(tx: Tx) -> list[dict[str, object]]:
    """Each connection with what it last brought and answered, by name."""
    query = (
        select(connections, cursors.c.polled_at, cursors.c.problem.label("poll_problem"))
        .outerjoin(cursors, cursors.c.connection == connections.c.name)
        .order_by(connections.c.name)
    )
    return [
        {
            "name": row.name,
            "connector": row.connector,
            "state": row.state,
            "problem": row.problem,
            "paused_until": plain(maybe_time(row.paused_until)),
            "last_delivery": plain(maybe_time(row.delivered_at)),
            "last_answer": plain(maybe_time(row.answered_at)),
            "last_poll": plain(maybe_time(row.polled_at)),
            "poll_problem": row.poll_problem or "",
        }
        for row in tx.db.execute(query)
    ]
