"""The mode of a home: whether anything may leave, and who signed that it may."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import select

from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import meta


class Mode(StrEnum):
    """What a home may do.

    `live`: everything. `importing`: a backfill is under way, so nothing may leave. `rehearsing`:
    it has ended, and nothing may leave until a person has signed the go-live.
    """

    LIVE = "live"
    IMPORTING = "importing"
    REHEARSING = "rehearsing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who let a home go live, when, by which policy, and the digest of what they were shown."""

    by: str
    at: str
    firm: str
    policy: str
    digest: str


def mode_of(tx: Tx) -> Mode:
    """A home that was never backfilled is live, as its policy's go-live date says."""
    found = _value(tx, "mode")
    return Mode(found) if found else Mode.LIVE


def enter(tx: Tx, mode: Mode) -> bool:
    """False when it is the mode already."""
    if mode_of(tx) is mode:
        return False
    _put(tx, "mode", str(mode))
    return True


def sign(tx: Tx, signature: Signature) -> None:
    _put(tx, "signature", json.dumps(asdict(signature)))


def signature_of(tx: Tx) -> Signature | None:
    """The latest go-live, None where there was none."""
    found = _value(tx, "signature")
    return Signature(**json.loads(found)) if found else None


def _value(tx: Tx, name: str) -> str | None:
    found: str | None = tx.db.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
    return found


def _put(tx: Tx, name: str, value: str) -> None:
    statement = upsert(tx)(meta).values(name=name, value=value)
    tx.db.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
