"""Imports: how far each kind of record at each connection has been read whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import and_, case, delete, func, select, update

from tricord.core.ids import ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.store import mirror
from tricord.store.codec import maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import imports, records
from tricord.store.workers import not_in_hand


class ImportState(StrEnum):
    """`counting`: the list has come to its end, and is compared with the vendor's own count.
    `differs`: it is over, and what is here is not what the vendor has.
    """

    WAITING = "waiting"
    RUNNING = "running"
    COUNTING = "counting"
    DONE = "done"
    DIFFERS = "differs"


ENDED = (ImportState.DONE, ImportState.DIFFERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """`seen` counts rows that were listed, `total` is the vendor's count, `held` what is here."""

    connection: ConnectionName
    kind: Kind
    state: ImportState
    cursor: str
    seen: int
    total: int | None
    held: int | None
    started_at: Instant | None
    finished_at: Instant | None
    problem: str

    @property
    def name(self) -> str:
        return f"{self.connection} {self.kind}"

    @property
    def ended(self) -> bool:
        return self.state in ENDED


def announce(tx: Tx, connection: ConnectionName, kinds: Sequence[Kind]) -> None:
    """Have these kinds imported; one that is known stays as it is."""
    for kind in kinds:
        made = upsert(tx)(imports).values(
            connection=connection,
            kind=str(kind),
            cursor="",
            state=str(ImportState.WAITING),
        )
        tx.db.execute(made.on_conflict_do_nothing())


def forget(tx: Tx, connection: ConnectionName, kinds: Sequence[Kind]) -> None:
    """Have these kinds imported from their start again."""
    names = [str(kind) for kind in kinds]
    here = and_(imports.c.connection == connection, imports.c.kind.in_(names))
    tx.db.execute(delete(imports).where(here))


def every(tx: Tx) -> list[Import]:
    rows = tx.db.execute(select(imports).order_by(imports.c.connection, imports.c.kind))
    return [_import(row) for row in rows]


def claim(tx: Tx, connection: ConnectionName, kind: Kind, worker: int) -> Import | None:
    """Take one that has not ended; None when it has, or a living worker has it in hand."""
    here = and_(
        _is(connection, kind),
        imports.c.state.not_in([str(state) for state in ENDED]),
        not_in_hand(tx, imports.c.busy_by),
    )
    started = func.coalesce(imports.c.started_at, to_micros(tx.now))
    waits = imports.c.state == str(ImportState.WAITING)
    state = case((waits, str(ImportState.RUNNING)), else_=imports.c.state)
    values = {"busy_by": worker, "state": state, "started_at": started}
    row = tx.db.execute(update(imports).where(here).values(values).returning(imports)).first()
    return None if row is None else _import(row)


def advance(
    tx: Tx, one: Import, *, cursor: str, listed: int, total: int | None, more: bool
) -> Import:
    """A page was stored: go on from `cursor`. It commits with the records of that page."""
    values: dict[str, object] = {
        "cursor": cursor,
        "state": str(ImportState.RUNNING if more else ImportState.COUNTING),
        "seen": imports.c.seen + listed,
        "problem": "",
    }
    if total is not None:
        values["total"] = total
    here = update(imports).where(_is(one.connection, one.kind))
    return _import(tx.db.execute(here.values(values).returning(imports)).one())


def finish(tx: Tx, one: Import, state: ImportState, held: int, problem: str = "") -> Import:
    values = {"state": str(state), "held": held, "finished_at": to_micros(tx.now)}
    here = update(imports).where(_is(one.connection, one.kind))
    found = here.values(**values, busy_by=None, problem=problem).returning(imports)
    return _import(tx.db.execute(found).one())


def let_go(tx: Tx, one: Import, problem: str) -> Import:
    """It stops here, to be gone on with later."""
    here = update(imports).where(_is(one.connection, one.kind))
    found = here.values(busy_by=None, problem=problem).returning(imports)
    return _import(tx.db.execute(found).one())


def held(tx: Tx, connection: ConnectionName, kind: Kind) -> int:
    """How many records of a kind are here, with those that are no more at the vendor."""
    here = and_(records.c.connection == connection, records.c.kind == str(kind))
    query = select(func.count()).select_from(records).where(here)
    return int(tx.db.execute(query).scalar_one())


def ids_of(tx: Tx, connection: ConnectionName, kind: Kind) -> list[ExternalId]:
    """The vendor's ids of all records of a kind that are here, in their order."""
    here = and_(records.c.connection == connection, records.c.kind == str(kind))
    query = select(records.c.external_id).where(here).order_by(records.c.external_id)
    return [ExternalId(name) for name in tx.db.execute(query).scalars()]


def living(tx: Tx, connection: ConnectionName, kind: Kind) -> int:
    """How many are here and still at the vendor. Only the sealed record tells, so this is slow."""
    refs = (Ref(connection, kind, name) for name in ids_of(tx, connection, kind))
    return sum(not found[1].gone for ref in refs if (found := mirror.known(tx, ref)))


def _is(connection: ConnectionName, kind: Kind):  # type: ignore[no-untyped-def]  # SQL
    return and_(imports.c.connection == connection, imports.c.kind == str(kind))


def _import(row) -> Import:  # type: ignore[no-untyped-def]  # a row of imports
    return Import(
        connection=ConnectionName(row.connection),
        kind=Kind(row.kind),
        state=ImportState(row.state),
        cursor=row.cursor,
        seen=row.seen,
        total=row.total,
        held=row.held,
        started_at=maybe_time(row.started_at),
        finished_at=maybe_time(row.finished_at),
        problem=row.problem,
    )
