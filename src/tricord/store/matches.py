"""The match queue: accounts a record may belong to, until a person accepts or rejects each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, select, update

from tricord.core.ids import AccountId, Instant, Ref
from tricord.store.codec import from_micros, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.mirror import ref_of
from tricord.store.schema import matches

OPEN, ACCEPTED, REJECTED = "open", "accepted", "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`score` from 0 to 1; `reasons` hold no personal data."""

    id: int
    record: Ref
    account: AccountId
    score: float
    reasons: tuple[str, ...]
    state: str
    actor: str
    proposed_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    account: AccountId
    score: float
    reasons: tuple[str, ...]


def propose(tx: Tx, record: Ref, wanted: Sequence[Proposal]) -> None:
    """The record's open matches are exactly these; what a person decided stays decided."""
    kept = [one.account for one in wanted]
    gone = and_(_of(record), matches.c.state == OPEN, matches.c.account.not_in(kept))
    tx.db.execute(delete(matches).where(gone))
    for one in wanted:
        told = {"score": round(one.score * 10_000), "reasons": "\n".join(one.reasons)}
        place = {
            "connection": record.connection,
            "kind": str(record.kind),
            "external_id": record.external_id,
            "account": one.account,
        }
        values = {**place, **told, "state": OPEN, "proposed_at": to_micros(tx.now)}
        statement = upsert(tx)(matches).values(values)
        tx.db.execute(
            statement.on_conflict_do_update(
                index_elements=list(place), set_=told, where=matches.c.state == OPEN
            )
        )


def of_record(tx: Tx, record: Ref) -> list[Match]:
    """Every match of a record in whatever state, the likeliest first."""
    query = select(matches).where(_of(record)).order_by(matches.c.score.desc(), matches.c.account)
    return [_opened(row) for row in tx.db.execute(query)]


def waiting(tx: Tx, limit: int, offset: int = 0) -> list[Match]:
    """The queue: what is open, the likeliest first."""
    query = select(matches).where(matches.c.state == OPEN)
    query = query.order_by(matches.c.score.desc(), matches.c.id).limit(limit).offset(offset)
    return [_opened(row) for row in tx.db.execute(query)]


def one(tx: Tx, number: int) -> Match | None:
    row = tx.db.execute(select(matches).where(matches.c.id == number)).first()
    return None if row is None else _opened(row)


def decide(tx: Tx, number: int, state: str, actor: str) -> None:
    here = update(matches).where(matches.c.id == number)
    tx.db.execute(here.values(state=state, actor=actor, decided_at=to_micros(tx.now)))


def _opened(row) -> Match:  # type: ignore[no-untyped-def]  # a row of matches
    return Match(
        id=row.id,
        record=ref_of(row),
        account=AccountId(row.account),
        score=row.score / 10_000,
        reasons=tuple(row.reasons.split("\n")),
        state=row.state,
        actor=row.actor,
        proposed_at=from_micros(row.proposed_at),
    )


def _of(ref: Ref):  # type: ignore[no-untyped-def]  # a SQL condition
    return and_(
        matches.c.connection == ref.connection,
        matches.c.kind == ref.kind,
        matches.c.external_id == ref.external_id,
    )
