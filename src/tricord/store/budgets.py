"""Budgets that several processes share: when the next places of each are free."""

from sqlalchemy import func, literal

from tricord.store.codec import to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import budgets


def reserve(tx: Tx, name: str, *, gap: float, burst: int, places: int) -> float:
    """Take the next `places` of the budget; answers in how many seconds they may be used.

    `gap` is in seconds between two places in the long run; `burst` is how many may come at one
    stroke. It is the generic cell rate algorithm (ITU-T I.371), its one number kept in a row.
    """
    now, step = to_micros(tx.now), max(1, round(gap * 1_000_000))
    floor = now - burst * step
    greatest = func.max if tx.db.dialect.name == "sqlite" else func.greatest
    statement = upsert(tx)(budgets).values(name=name, next_at=floor + places * step)
    taken = tx.db.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"next_at": greatest(budgets.c.next_at, literal(floor)) + places * step},
        ).returning(budgets.c.next_at)
    ).scalar_one()
    return max(0.0, (int(taken) - places * step - now) / 1_000_000)
