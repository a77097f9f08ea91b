"""What the program remembers of itself between runs: when it last did a thing, and by what."""

from datetime import timedelta

from sqlalchemy import select

from tricord.store.codec import to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import meta


def is_new(tx: Tx, name: str, value: str) -> bool:
    """Whether this was another value last time. It is this one from now on."""
    if _recalled(tx, name) == value:
        return False
    _remember(tx, name, value)
    return True


def is_time_for(tx: Tx, name: str, gap: timedelta) -> bool:
    """Whether this was last begun longer ago than `gap`; if so, it is begun now."""
    known = _recalled(tx, name)
    if known is not None and to_micros(tx.now - gap) < int(known):
        return False
    _remember(tx, name, str(to_micros(tx.now)))
    return True


def _recalled(tx: Tx, name: str) -> str | None:
    value: str | None = tx.db.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
    return value


def _remember(tx: Tx, name: str, value: str) -> None:
    statement = upsert(tx)(meta).values(name=name, value=value)
    tx.db.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
