"""Whose is whose, as people see it: the match queue, and a client's record with its lineage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select

from tricord.core.account import Account
from tricord.core.ids import AccountId, Instant, Ref
from tricord.core.policy.types import Policy
from tricord.core.survivorship import Lineage, Sighting, Survivor, survivors
from tricord.store import codec, links, matches, schema
from tricord.store.account_views import home, keys_of, names_of, whole
from tricord.store.codec import from_micros
from tricord.store.database import Tx
from tricord.store.mirror import account_of, ref_of
from tricord.store.row_views import LinkRow, Row
from tricord.store.sealing import unseal


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRow(Row):
    """One question to a person: is `record`, now called `name`, the client `account_name`?"""

    id: int
    record: Ref
    name: str
    here: str
    account: str
    account_name: str
    score: float
    reasons: tuple[str, ...]
    state: str
    proposed_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageRow(Row):
    value: str
    record: Ref
    role: str
    since: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow(Row):
    """One field of the master record. `masters` are roles; `written` says the CRM follows them."""

    field: str
    value: str
    held: LineageRow | None
    agreeing: tuple[LineageRow, ...]
    others: tuple[LineageRow, ...]
    masters: tuple[str, ...]
    written: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRow(Row):
    emptied: str
    home: str
    actor: str
    reason: str
    merged_at: Instant
    unmerged_at: Instant | None
    records: tuple[Ref, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait(Row):
    """One client: the master record, what belongs to it and on what ground, and merges."""

    account: str
    name: str
    fields: tuple[FieldRow, ...]
    links: tuple[LinkRow, ...]
    merges: tuple[MergeRow, ...]
    matches: tuple[MatchRow, ...]


def queue(tx: Tx, limit: int, offset: int = 0) -> list[MatchRow]:
    """The open matches, the likeliest first."""
    return _rows(tx, matches.waiting(tx, limit, offset))


def fields_of(tx: Tx, held: Account, policy: Policy) -> tuple[FieldRow, ...]:
    """The client's master record: what holds of each field, and where it came from."""
    told = survivors(held, policy, sightings(tx, sorted(held.records)))
    return tuple(_field(one) for one in told)


def portrait(tx: Tx, account_id: str, policy: Policy) -> Portrait | None:
    """The client of this id, or the one it was merged into; None when there is none."""
    here = home(tx, account_id)
    if here is None:
        return None
    held = whole(tx, here)
    refs = sorted(held.records)
    return Portrait(
        account=here,
        name=held.name,
        fields=fields_of(tx, held, policy),
        links=tuple(_links(tx, here)),
        merges=merges_of(tx, here),
        matches=tuple(_rows(tx, [m for ref in refs for m in matches.of_record(tx, ref)])),
    )


def merges_of(tx: Tx, account: AccountId) -> tuple[MergeRow, ...]:
    """The merges that emptied or filled this account, undone ones too."""
    return tuple(
        MergeRow(
            emptied=one.emptied,
            home=one.home,
            actor=one.actor,
            reason=one.reason,
            merged_at=one.merged_at,
            unmerged_at=one.unmerged_at,
            records=one.records,
        )
        for one in links.merges_of(tx, account)
    )


def sightings(tx: Tx, refs: Sequence[Ref]) -> list[Sighting]:
    """Every kept look at these records, in whichever account it was taken."""
    table = schema.observations
    told = [ref for ref in refs if str(ref.kind) in ("company", "contact", "customer")]
    found: list[Any] = []
    for start in range(0, len(told), 100):
        wanted = or_(
            *(
                and_(
                    table.c.connection == ref.connection,
                    table.c.kind == ref.kind,
                    table.c.external_id == ref.external_id,
                )
                for ref in told[start : start + 100]
            )
        )
        found += tx.db.execute(select(table).where(wanted).order_by(table.c.id)).all()
    keys = keys_of(tx, [row.account for row in found])
    looks = []
    for row in found:
        ref = ref_of(row)
        raw = unseal(keys[row.account], row.sealed, f"observations|{ref}|{row.version}")
        record = codec.load_look(str(ref.kind), raw)
        looks.append(Sighting(record=record, seen_at=from_micros(row.observed_at)))
    return looks


def _rows(tx: Tx, found: Sequence[matches.Match]) -> list[MatchRow]:
    places = {one.record: account_of(tx, one.record) or AccountId("") for one in found}
    there = {one.account: home(tx, one.account) or one.account for one in found}
    names = names_of(tx, [*places.values(), *there.values()])
    return [
        MatchRow(
            id=one.id,
            record=one.record,
            name=names.get(places[one.record], ""),
            here=places[one.record],
            account=there[one.account],
            account_name=names.get(there[one.account], ""),
            score=one.score,
            reasons=one.reasons,
            state=one.state,
            proposed_at=one.proposed_at,
        )
        for one in found
    ]


def _links(tx: Tx, account: AccountId) -> list[LinkRow]:
    table = schema.links
    query = select(table).where(table.c.account == account)
    query = query.order_by(table.c.connection, table.c.kind, table.c.external_id)
    return [
        LinkRow(ref=ref_of(row), basis=row.basis, linked_at=from_micros(row.linked_at))
        for row in tx.db.execute(query)
    ]


def _field(one: Survivor) -> FieldRow:
    return FieldRow(
        field=one.field,
        value=one.value,
        held=_lineage(one.held) if one.held else None,
        agreeing=tuple(_lineage(each) for each in one.agreeing),
        others=tuple(_lineage(each) for each in one.others),
        masters=one.mastery.sources,
        written=bool(one.mastery.property),
    )


def _lineage(one: Lineage) -> LineageRow:
    return LineageRow(value=one.value, record=one.record, role=one.role, since=one.since)
