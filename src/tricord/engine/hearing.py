"""Hearing: whether each vendor still tells us by itself what happens there. Silence is a case."""

from collections.abc import Sequence
from datetime import timedelta

from tricord.core import troubles
from tricord.core.ids import ConnectionName
from tricord.engine import breaker
from tricord.engine.batch import Batch
from tricord.engine.results import WasLeased
from tricord.sdk.connector import Lease
from tricord.sdk.errors import TricordError
from tricord.store import cases, connections, deliveries, leases
from tricord.store.audit import record_act
from tricord.store.codec import to_micros

UNHEARD_FOR_A_LOOK = timedelta(seconds=10)
UNHEARD_FOR_A_CASE = timedelta(seconds=25)
CLOCKS_DIFFER_BY = timedelta(seconds=2)
LOOK_AGAIN = timedelta(minutes=5)
SHORTEST_RHYTHM = timedelta(hours=24)
TIMES_THE_LONGEST = 3


def settle_lease(batch: Batch, one: WasLeased) -> None:
    """Write down what the vendor said of our subscription."""
    tx, name = batch.tx, one.connection
    match one.result:
        case Lease(live=True) as lease:
            due = leases.next_look(tx.now, lease.expires_at)
            leases.note(tx, name, "live", expires_at=lease.expires_at, due_at=due)
            cases.close_case(tx, f"lapsed/{name}")
            if lease.renewed:
                record_act(tx, "subscription.renewed", name)
                # It had lapsed: the gap is what polls are for, and one is due at once.
                connections.heard(tx, name)
                cases.close_case(tx, f"unheard/{name}")
        case Lease() as lease:
            leases.note(tx, name, "lapsed", problem=lease.problem, due_at=tx.now + LOOK_AGAIN)
            told = troubles.lapsed(batch.policy, name, lease.problem)
            cases.open_case(tx, told, "engine")
        case error:
            words = error.detail if isinstance(error, TricordError) else type(error).__name__
            leases.note(tx, name, "unknown", problem=words, due_at=tx.now + LOOK_AGAIN)
            breaker.troubled(batch, name, error)


def after_poll(batch: Batch, name: ConnectionName, news: Sequence[int | None]) -> None:
    """After a poll: was there news that no webhook told of? Has the vendor lost its rhythm?

    `news` are the times of what was new to us, in milliseconds since 1970. What happened before the
    last webhook came was told: our own writes come back that way and are not read again. Where no
    webhook has ever come, polling is how the firm wants it, and nothing is missed.
    """
    tx = batch.tx
    delivered = connections.delivered_at(tx, name)
    if delivered is None:
        return
    told_until = to_micros(delivered + CLOCKS_DIFFER_BY) // 1000
    untold = any(at is None or at > told_until for at in news)
    since = connections.unheard(tx, name, news=untold)
    if since is None:
        cases.close_case(tx, f"unheard/{name}")
    elif tx.now - since >= UNHEARD_FOR_A_CASE:
        cases.open_case(tx, troubles.unheard(batch.policy, name, since), "engine")
    if since is not None and tx.now - since >= UNHEARD_FOR_A_LOOK:
        leases.hurry(tx, name)
    silence = tx.now - delivered
    if silence < SHORTEST_RHYTHM:
        cases.close_case(tx, f"quiet/{name}")
        return
    usual = deliveries.longest_gap(tx, name)
    if usual is not None and silence > max(SHORTEST_RHYTHM, TIMES_THE_LONGEST * usual):
        cases.open_case(tx, troubles.quiet(batch.policy, name, delivered, usual), "engine")
