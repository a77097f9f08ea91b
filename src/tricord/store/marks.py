"""Marks: how far the firm's tables have come, read from ends of indexes, to tell what is new.

Two marks that differ in a part say that something of that part has changed. Reading them costs the
same however much there is, so that it can be done every second.
"""

from sqlalchemy import func, select

from tricord.store.database import Tx
from tricord.store.schema import accounts, attempts, audit, connections, deliveries, workers

PARTS = ("audit", "attempts", "accounts", "deliveries", "waiting", "connections", "workers")


def marks(tx: Tx) -> dict[str, str]:
    """How far each part has come. Equal texts say that nothing is new there."""
    waiting = deliveries.c.state == "waiting"
    query = select(
        select(func.max(audit.c.seq)).scalar_subquery().label("audit"),
        select(func.max(attempts.c.id)).scalar_subquery().label("attempts"),
        select(func.max(accounts.c.changed_at)).scalar_subquery().label("accounts"),
        select(func.max(deliveries.c.id)).scalar_subquery().label("deliveries"),
        select(func.count()).select_from(deliveries).where(waiting).scalar_subquery()
        .label("waiting"),
        select(func.sum(workers.c.id)).scalar_subquery().label("workers"),
    )  # fmt: skip
    row = tx.db.execute(query).one()
    found = {part: str(getattr(row, part) or 0) for part in PARTS if part != "connections"}
    return found | {"connections": _health(tx)}


def _health(tx: Tx) -> str:
    """The sum of the moments at which connections were last heard of: it grows with each."""
    moments = (connections.c.changed_at, connections.c.delivered_at, connections.c.answered_at)
    query = select(*(func.coalesce(func.sum(moment), 0) for moment in moments))
    return str(sum(int(value) for value in tx.db.execute(query).one()))
