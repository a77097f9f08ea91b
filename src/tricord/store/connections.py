"""Connections: how each vendor is doing, as far as the last answers tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from tricord.core.ids import ConnectionName, Instant
from tricord.store.codec import from_micros, maybe_micros, maybe_time, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import connections
from tricord.store.workers import not_in_hand

FAILURES_UNTIL_DOWN = 3
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(seconds=60)
NOTED_EVERY = timedelta(seconds=5)
HALF_OPEN = ("down", "access_lost")
"""States that end by a probe alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`state`: `ok`, `limited`, `down` or `access_lost`; `since` is when that state began."""

    name: ConnectionName
    state: str
    since: datetime
    problem: str


def announce(tx: Tx, name: ConnectionName, connector: str) -> None:
    """Make the connection known."""
    tx.db.execute(
        upsert(tx)(connections)
        .values(name=name, connector=connector, state="ok", changed_at=to_micros(tx.now))
        .on_conflict_do_update(index_elements=["name"], set_={"connector": connector})
    )


def health(tx: Tx, name: ConnectionName) -> Health | None:
    row = tx.db.execute(select(connections).where(connections.c.name == name)).first()
    if row is None:
        return None
    since = from_micros(row.changed_at)
    return Health(name=name, state=row.state, since=since, problem=row.problem)


def answered(tx: Tx, name: ConnectionName) -> bool:
    """The vendor answered as it should. True when that ended a bad state.

    While all is well it is noted every few seconds alone: all work waits for this one row.
    """
    row = tx.db.execute(select(connections).where(connections.c.name == name)).first()
    if row is None:
        return False
    lately = to_micros(tx.now - NOTED_EVERY)
    if row.state == "ok" and not row.failures and (row.answered_at or 0) > lately:
        return False
    values: dict[str, object] = {"answered_at": to_micros(tx.now), "failures": 0}
    if row.state != "ok":
        values |= {"state": "ok", "problem": "", "paused_until": None, "pauses": 0}
        values |= {"changed_at": to_micros(tx.now), "probing_by": None}
    tx.db.execute(update(connections).where(connections.c.name == name).values(values))
    return row.state in HALF_OPEN


def limited(tx: Tx, name: ConnectionName, problem: str, until: Instant) -> Health | None:
    """The vendor asked us to slow down: nothing goes there until then."""
    return _worse(tx, name, "limited", problem, until)


def failed(
    tx: Tx, name: ConnectionName, problem: str, at_least: timedelta = timedelta()
) -> Health | None:
    """No answer, or a broken one. After some in a row the connection is down until a probe."""
    row = tx.db.execute(
        update(connections)
        .where(connections.c.name == name)
        .values(failures=connections.c.failures + 1)
        .returning(connections)
    ).first()
    if row is None or (row.state not in HALF_OPEN and row.failures < FAILURES_UNTIL_DOWN):
        return health(tx, name)
    return _worse(tx, name, "down", problem, tx.now + max(at_least, _pause(row.pauses)))


def lost_access(tx: Tx, name: ConnectionName, problem: str) -> Health | None:
    """The vendor takes our credentials no more. A probe tells when it does again."""
    row = tx.db.execute(select(connections.c.pauses).where(connections.c.name == name)).first()
    pause = _pause(row.pauses if row else 0)
    return _worse(tx, name, "access_lost", problem, tx.now + pause)


def delivered_at(tx: Tx, name: ConnectionName) -> datetime | None:
    """When the last webhook came from there; None when none ever has."""
    query = select(connections.c.delivered_at).where(connections.c.name == name)
    return maybe_time(tx.db.execute(query).scalar())


def unheard(tx: Tx, name: ConnectionName, *, news: bool) -> datetime | None:
    """Since when news was found by asking alone; `news` begins that time, a webhook ends it."""
    query = select(connections.c.unheard_since).where(connections.c.name == name)
    since = tx.db.execute(query).scalar()
    if since is None and news:
        since = to_micros(tx.now)
        here = update(connections).where(connections.c.name == name)
        tx.db.execute(here.values(unheard_since=since))
    return maybe_time(since)


def heard(tx: Tx, name: ConnectionName) -> None:
    """News comes by itself again, or will."""
    here = update(connections).where(connections.c.name == name)
    tx.db.execute(here.values(unheard_since=None))


def usable(tx: Tx) -> list[ConnectionName]:
    """The connections that nothing keeps waiting now."""
    free = or_(
        connections.c.paused_until.is_(None), connections.c.paused_until <= to_micros(tx.now)
    )
    query = select(connections.c.name).where(free, connections.c.state.not_in(HALF_OPEN))
    rows = tx.db.execute(query.order_by(connections.c.name))
    return [ConnectionName(row.name) for row in rows]


def claim_probes(tx: Tx, names: Sequence[ConnectionName], worker: int) -> list[ConnectionName]:
    """Half open: of each of these that has been kept waiting long enough, one try is ours."""
    free = not_in_hand(tx, connections.c.probing_by)
    due = connections.c.paused_until <= to_micros(tx.now)
    taken = tx.db.execute(
        update(connections)
        .where(connections.c.state.in_(HALF_OPEN), connections.c.name.in_(names), due, free)
        .values(probing_by=worker)
        .returning(connections.c.name)
    )
    return [ConnectionName(row.name) for row in taken]


def _pause(pauses: int) -> timedelta:
    """Doubling from two seconds to a minute."""
    longer = 1 << min(pauses, 10)
    return min(FIRST_PAUSE * longer, LONGEST_PAUSE)


def _worse(tx: Tx, name: ConnectionName, state: str, problem: str, until: Instant) -> Health | None:
    known = health(tx, name)
    if known is None:
        return None
    if state == "limited" and known.state in HALF_OPEN:
        state = known.state
    since = known.since if known.state == state else tx.now
    tx.db.execute(
        update(connections)
        .where(connections.c.name == name)
        .values(
            state=state,
            problem=problem,
            changed_at=to_micros(since),
            paused_until=maybe_micros(until),
            pauses=connections.c.pauses + 1,
            probing_by=None,
        )
    )
    return Health(name=name, state=state, since=since, problem=problem)
