"""Facts about the whole home, by name: what one process leaves for another to know."""

from sqlalchemy import select

from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import meta


def fact(tx: Tx, name: str) -> str:
    """The fact of this name, "" while nobody has stated it."""
    return tx.db.execute(select(meta.c.value).where(meta.c.name == name)).scalar() or ""


def state_fact(tx: Tx, name: str, value: str) -> None:
    statement = upsert(tx)(meta).values(name=name, value=value)
    told = statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
    tx.db.execute(told)
