"""The audit log as people look through it."""

from sqlalchemy import select

from tricord.store.audit import Entry, entry_of
from tricord.store.database import Tx
from tricord.store.schema import audit

WHO = ("people", "tricord")


def audit_rows(tx: Tx, who: str, about: str, limit: int, offset: int = 0) -> list[Entry]:
    """The newest first: of everybody or of one of WHO; about everything, or of this one subject."""
    query = select(audit).order_by(audit.c.seq.desc()).limit(limit).offset(offset)
    if who == "people":
        query = query.where(audit.c.actor.startswith("person:", autoescape=True))
    elif who == "tricord":
        query = query.where(audit.c.actor == "tricord")
    if about:
        query = query.where(audit.c.subject == about)
    return [entry_of(row) for row in tx.db.execute(query)]
