"""What people decided about whose a record is: choices of an account, merges, and their undoing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, delete, insert, select, update

from tricord.core.ids import AccountId, Instant, Ref
from tricord.store.codec import from_micros, maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.mirror import named
from tricord.store.schema import choices, merges

# Asked at every look, so built once.
_CHOSEN = select(choices.c.account).where(
    choices.c.connection == bindparam("connection"),
    choices.c.kind == bindparam("kind"),
    choices.c.external_id == bindparam("external_id"),
)
_MERGED = select(merges.c.home).where(
    merges.c.emptied == bindparam("account"), merges.c.unmerged_at.is_(None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A person said that two accounts are one client. What moved then is what goes back."""

    id: int
    emptied: AccountId
    home: AccountId
    actor: str
    reason: str
    merged_at: Instant
    unmerged_at: Instant | None
    records: tuple[Ref, ...]
    commands: tuple[str, ...]
    cases: tuple[str, ...]


def chosen(tx: Tx, ref: Ref) -> AccountId | None:
    """The account that a person linked this record to."""
    row = tx.db.execute(_CHOSEN, named(ref)).first()
    return AccountId(row.account) if row is not None else None


def choose(tx: Tx, ref: Ref, account: AccountId, actor: str) -> None:
    values = {"account": account, "actor": actor, "chosen_at": to_micros(tx.now)}
    place = named(ref)
    statement = upsert(tx)(choices).values({**place, **values})
    tx.db.execute(statement.on_conflict_do_update(index_elements=list(place), set_=values))


def unchoose(tx: Tx, ref: Ref) -> bool:
    """False when no person has linked it."""
    return tx.db.execute(delete(choices).where(_of(ref))).rowcount == 1


def merged(tx: Tx, account: AccountId) -> AccountId | None:
    """The account that a person merged this one into."""
    row = tx.db.execute(_MERGED, {"account": account}).first()
    return AccountId(row.home) if row is not None else None


def merge(tx: Tx, emptied: AccountId, home: AccountId, actor: str, reason: str) -> int:
    values = {
        "emptied": emptied,
        "home": home,
        "actor": actor,
        "reason": reason,
        "merged_at": to_micros(tx.now),
    }
    return int(tx.db.execute(insert(merges).values(values).returning(merges.c.id)).scalar_one())


def note_moved(
    tx: Tx, number: int, records: Sequence[Ref], commands: Sequence[str], cases: Sequence[str]
) -> None:
    """Keep what a merge moved, so that undoing it is exact."""
    moved = {
        "records": [str(ref) for ref in records],
        "commands": list(commands),
        "cases": list(cases),
    }
    here = update(merges).where(merges.c.id == number)
    tx.db.execute(here.values(moved=json.dumps(moved, separators=(",", ":"))))


def unmerge(tx: Tx, number: int) -> None:
    here = update(merges).where(merges.c.id == number, merges.c.unmerged_at.is_(None))
    tx.db.execute(here.values(unmerged_at=to_micros(tx.now)))


def live_merge(tx: Tx, emptied: AccountId) -> Merge | None:
    row = tx.db.execute(select(merges).where(_live(emptied))).first()
    return None if row is None else _opened(row)


def merges_of(tx: Tx, account: AccountId) -> list[Merge]:
    """Every merge, undone or not, from or into this account, the oldest first."""
    either = (merges.c.emptied == account) | (merges.c.home == account)
    rows = tx.db.execute(select(merges).where(either).order_by(merges.c.id))
    return [_opened(row) for row in rows]


def _opened(row) -> Merge:  # type: ignore[no-untyped-def]  # a row of merges
    moved = json.loads(row.moved)
    return Merge(
        id=row.id,
        emptied=AccountId(row.emptied),
        home=AccountId(row.home),
        actor=row.actor,
        reason=row.reason,
        merged_at=from_micros(row.merged_at),
        unmerged_at=maybe_time(row.unmerged_at),
        records=tuple(Ref.parse(text) for text in moved.get("records", ())),
        commands=tuple(moved.get("commands", ())),
        cases=tuple(moved.get("cases", ())),
    )


def _live(account: AccountId):  # type: ignore[no-untyped-def]  # a SQL condition
    return and_(merges.c.emptied == account, merges.c.unmerged_at.is_(None))


def _of(ref: Ref):  # type: ignore[no-untyped-def]  # a SQL condition
    return and_(
        choices.c.connection == ref.connection,
        choices.c.kind == ref.kind,
        choices.c.external_id == ref.external_id,
    )
