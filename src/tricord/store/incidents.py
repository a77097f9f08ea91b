"""Incidents: what was told of each occurrence of a cause, so that it is told once."""

from collections.abc import Sequence

from sqlalchemy import select, update

from tricord.core.alerting import Incident
from tricord.core.alerts import Severity
from tricord.store.codec import from_micros, maybe_micros, maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import incidents


def latest(tx: Tx) -> list[Incident]:
    """The latest occurrence of every cause there has been, in the order of causes."""
    query = select(incidents).where(incidents.c.latest).order_by(incidents.c.cause)
    return [_read(row) for row in tx.db.execute(query)]


def of_cause(tx: Tx, cause: str) -> Incident | None:
    query = select(incidents).where(incidents.c.cause == cause, incidents.c.latest)
    row = tx.db.execute(query).first()
    return None if row is None else _read(row)


def keep(tx: Tx, changed: Sequence[Incident]) -> None:
    """Write incidents as they stand now; a new occurrence takes the place of the one before."""
    for incident in changed:
        values = {
            "kind": incident.kind,
            "severity": str(incident.severity),
            "opened_at": to_micros(incident.opened_at),
            "level": incident.level,
            "escalated": incident.escalated,
            "told_at": maybe_micros(incident.told_at),
            "most": incident.most,
            "gone_at": maybe_micros(incident.gone_at),
            "over_at": maybe_micros(incident.over_at),
            "before": maybe_micros(incident.before),
            "latest": True,
        }
        older = update(incidents).where(
            incidents.c.cause == incident.cause, incidents.c.occurrence < incident.occurrence
        )
        tx.db.execute(older.values(latest=False))
        statement = upsert(tx)(incidents).values(
            cause=incident.cause, occurrence=incident.occurrence, **values
        )
        tx.db.execute(
            statement.on_conflict_do_update(index_elements=["cause", "occurrence"], set_=values)
        )


def _read(row) -> Incident:  # type: ignore[no-untyped-def]  # a row of incidents
    return Incident(
        cause=row.cause,
        occurrence=row.occurrence,
        kind=row.kind,
        severity=Severity(row.severity),
        opened_at=from_micros(row.opened_at),
        level=row.level,
        escalated=bool(row.escalated),
        told_at=maybe_time(row.told_at),
        most=row.most,
        gone_at=maybe_time(row.gone_at),
        over_at=maybe_time(row.over_at),
        before=maybe_time(row.before),
    )
