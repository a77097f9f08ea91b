"""Sessions: who has entered the console by a one-time ticket. Of both only a hash is kept.

They go by the real time, which each function is told, whatever time the firm's own clock shows.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, or_, select, update

from tricord.core.ids import Instant
from tricord.store.audit import record_act
from tricord.store.codec import from_micros, to_micros
from tricord.store.database import Tx
from tricord.store.schema import sessions, tickets

TICKET_LASTS = timedelta(minutes=10)
LASTS = timedelta(hours=12)
IDLES = timedelta(hours=8)
NOTED_EVERY = timedelta(minutes=1)
_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    person: str
    made_at: Instant
    seen_at: Instant


def offer(tx: Tx, person: str, now: Instant) -> str:
    """A ticket for this person: 256 random bits, good once, for ten minutes."""
    ticket = secrets.token_urlsafe(_BYTES)
    stale = to_micros(now - TICKET_LASTS)
    tx.db.execute(delete(tickets).where(tickets.c.made_at < stale))
    values = {"hash": _hash(ticket), "person": person, "made_at": to_micros(now)}
    tx.db.execute(insert(tickets).values(values))
    record_act(tx, "console.ticket_made", "console", actor=f"person:{person}")
    return ticket


def enter(tx: Tx, ticket: str, now: Instant) -> str | None:
    """A new session for a ticket that is unused and young; None for any other."""
    taken = tx.db.execute(
        update(tickets)
        .where(
            tickets.c.hash == _hash(ticket),
            tickets.c.used_at.is_(None),
            tickets.c.made_at > to_micros(now - TICKET_LASTS),
        )
        .values(used_at=to_micros(now))
        .returning(tickets.c.person)
    ).first()
    if taken is None:
        return None
    secret, at = secrets.token_urlsafe(_BYTES), to_micros(now)
    over = or_(
        sessions.c.made_at <= to_micros(now - LASTS),
        sessions.c.seen_at <= to_micros(now - IDLES),
    )
    tx.db.execute(delete(sessions).where(over))
    values = {"hash": _hash(secret), "person": taken.person, "made_at": at, "seen_at": at}
    tx.db.execute(insert(sessions).values(values))
    record_act(tx, "console.entered", "console", actor=f"person:{taken.person}")
    return secret


def of(tx: Tx, secret: str, now: Instant) -> Session | None:
    """The session, unless it is over: 12 hours after it began, or 8 after it was last used."""
    row = tx.db.execute(
        select(sessions).where(
            sessions.c.hash == _hash(secret),
            sessions.c.made_at > to_micros(now - LASTS),
            sessions.c.seen_at > to_micros(now - IDLES),
        )
    ).first()
    if row is None:
        return None
    made_at, seen_at = from_micros(row.made_at), from_micros(row.seen_at)
    return Session(person=row.person, made_at=made_at, seen_at=seen_at)


def touch(tx: Tx, secret: str, now: Instant) -> None:
    """Note that it was used now."""
    here = update(sessions).where(sessions.c.hash == _hash(secret))
    tx.db.execute(here.values(seen_at=to_micros(now)))


def leave(tx: Tx, secret: str) -> None:
    """End it at once."""
    gone = delete(sessions).where(sessions.c.hash == _hash(secret)).returning(sessions.c.person)
    row = tx.db.execute(gone).first()
    if row is not None:
        record_act(tx, "console.left", "console", actor=f"person:{row.person}")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
