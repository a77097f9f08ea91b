"""Duties: of several processes that could do one thing, one does it."""

from datetime import timedelta

from sqlalchemy import delete, select, update

from tricord.store.codec import to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import duties


def hold(tx: Tx, name: str, holder: str, span: timedelta) -> bool:
    """Take or keep a duty for a while. False while another holds it."""
    until = to_micros(tx.now + span)
    first = upsert(tx)(duties).values(name=name, holder=holder, until=until)
    tx.db.execute(first.on_conflict_do_nothing())
    # In one statement, so that of two takers at once the later one sees the earlier one's row.
    mine = (duties.c.holder == holder) | (duties.c.until <= to_micros(tx.now))
    here = update(duties).where(duties.c.name == name, mine)
    return tx.db.execute(here.values(holder=holder, until=until)).rowcount == 1


def release(tx: Tx, name: str, holder: str) -> None:
    tx.db.execute(delete(duties).where(duties.c.name == name, duties.c.holder == holder))


def holder_of(tx: Tx, name: str) -> str:
    """Whose a duty is now, "" when nobody does."""
    query = select(duties.c.holder).where(duties.c.name == name, duties.c.until > to_micros(tx.now))
    return str(tx.db.execute(query).scalar() or "")
