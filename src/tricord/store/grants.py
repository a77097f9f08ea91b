"""Grants: the OAuth tokens of each connection, sealed, and who is buying the next one.

Each grant has a version. A new one is stored only over the version it was bought with, so of two
buyers the later never overwrites the newer (vendors that rotate would be locked out for good).
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from tricord.core.grants import Grant
from tricord.core.ids import ConnectionName
from tricord.store.codec import from_micros, maybe_micros, maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import grants
from tricord.store.sealing import seal, unseal
from tricord.store.workers import not_in_hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    grant: Grant
    version: int


def held(tx: Tx, name: ConnectionName) -> Held | None:
    """The grant of a connection, opened."""
    row = tx.db.execute(select(grants).where(grants.c.connection == name)).first()
    if row is None:
        return None
    plain = json.loads(unseal(tx.keys.common, row.sealed, _about(name, row.version)))
    grant = Grant(
        access_token=plain["access"],
        refresh_token=plain["refresh"],
        obtained_at=from_micros(row.obtained_at),
        expires_at=from_micros(row.expires_at),
        refresh_until=maybe_time(row.refresh_until),
        scopes=tuple(plain["scopes"]),
    )
    return Held(grant=grant, version=row.version)


def put(tx: Tx, name: ConnectionName, grant: Grant, after: int | None) -> bool:
    """Keep a grant that was bought with version `after`; None keeps it whatever stood there.

    False when another has been kept meanwhile.
    """
    row = tx.db.execute(select(grants.c.version).where(grants.c.connection == name)).first()
    version = (row.version if row else 0) + 1
    plain = json.dumps(
        {
            "access": grant.access_token,
            "refresh": grant.refresh_token,
            "scopes": grant.scopes,
        }
    )
    values = {
        "version": version,
        "obtained_at": to_micros(grant.obtained_at),
        "expires_at": to_micros(grant.expires_at),
        "refresh_until": maybe_micros(grant.refresh_until),
        "buying_by": None,
        "sealed": seal(tx.keys.common, plain.encode(), _about(name, version)),
    }
    if after is not None:
        here = update(grants).where(grants.c.connection == name, grants.c.version == after)
        return version == after + 1 and tx.db.execute(here.values(values)).rowcount == 1
    statement = upsert(tx)(grants).values(connection=name, **values)
    tx.db.execute(statement.on_conflict_do_update(index_elements=["connection"], set_=values))
    return True


def claim(tx: Tx, name: ConnectionName, version: int, worker: int) -> bool:
    """Whether it is for us to buy the grant after this version. One living worker is at it."""
    here = update(grants).where(
        grants.c.connection == name,
        grants.c.version == version,
        not_in_hand(tx, grants.c.buying_by),
    )
    return tx.db.execute(here.values(buying_by=worker)).rowcount == 1


def leave(tx: Tx, name: ConnectionName, worker: int) -> None:
    """We did not buy it: another may try."""
    here = update(grants).where(grants.c.connection == name, grants.c.buying_by == worker)
    tx.db.execute(here.values(buying_by=None))


def forecasts(tx: Tx) -> dict[ConnectionName, tuple[datetime, datetime | None]]:
    """When each connection's token, and its refresh token, will expire."""
    query = select(grants.c.connection, grants.c.expires_at, grants.c.refresh_until)
    return {
        ConnectionName(row.connection): (
            from_micros(row.expires_at),
            maybe_time(row.refresh_until),
        )
        for row in tx.db.execute(query)
    }


def _about(name: ConnectionName, version: int) -> str:
    return f"grants|{name}|{version}"
