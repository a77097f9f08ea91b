"""The breaker: what an answer, or none, says of its connection as a whole.

A vendor that fails some times in a row is left alone, and so is one that takes our credentials no
more. What is meant for it waits in order. One harmless probe at a time finds out when it is back,
and then everything that waited is due at once.
"""

from datetime import timedelta

from tricord.core import troubles
from tricord.core.ids import ConnectionName
from tricord.engine.batch import Batch
from tricord.engine.results import WasProbed
from tricord.sdk.errors import AccessLost, OutcomeUnknown, TryAgain
from tricord.store import cases, commands, connections, cursors, hints
from tricord.store.audit import record_act

DOWN_FOR_A_CASE = timedelta(seconds=20)
LIMITED_FOR_A_CASE = timedelta(minutes=10)
LIMITED_AT_LEAST = timedelta(seconds=1)


def well(batch: Batch, name: ConnectionName) -> None:
    """The vendor answered as it should; what follows from that is done once, by `note`."""
    batch.well[name] = None


def note(batch: Batch) -> None:
    """Write down which vendors are well: what waited for one is due, and no more anyone's worry.

    It comes last in a transaction, because every worker needs these rows.
    """
    for name in sorted(batch.well):
        for kind in ("access", "down", "limited"):
            cases.close_case(batch.tx, f"{kind}/{name}")
        if connections.answered(batch.tx, name):
            record_act(batch.tx, "connection.back", name)
            commands.hurry(batch.tx, name)
            hints.hurry(batch.tx, name)
            cursors.hurry(batch.tx, name)
    batch.well.clear()


def troubled(batch: Batch, name: ConnectionName, error: Exception) -> None:
    """What this error says of the connection. One that concerns a single request says nothing."""
    batch.well.pop(name, None)
    match error:
        case AccessLost():
            connections.lost_access(batch.tx, name, error.detail)
            title = batch.connections[name].connector.title
            told = troubles.access_lost(batch.policy, name, title, error.detail)
            cases.open_case(batch.tx, told, "engine")
        case TryAgain(limited=True):
            _limited(batch, name, error)
        case TryAgain() | OutcomeUnknown():
            asked = getattr(error, "retry_after", None) or 0.0
            at_least = timedelta(seconds=min(asked, connections.LONGEST_PAUSE.total_seconds()))
            _tell_if_down(batch, connections.failed(batch.tx, name, error.detail, at_least))
        case _:
            return


def settle_probe(batch: Batch, probed: WasProbed) -> None:
    """Close the breaker, or leave it open for a while longer."""
    if probed.result is None:
        well(batch, probed.connection)
        return
    error = probed.result
    if not isinstance(error, AccessLost | TryAgain | OutcomeUnknown):
        error = TryAgain(f"{probed.connection}: the probe failed ({type(error).__name__})")
    troubled(batch, probed.connection, error)


def is_down(batch: Batch, name: ConnectionName) -> bool:
    """Whether the connection as a whole is somebody's case, so that single failures are none."""
    known = connections.health(batch.tx, name)
    return known is not None and known.state in connections.HALF_OPEN


def _limited(batch: Batch, name: ConnectionName, error: TryAgain) -> None:
    wait = timedelta(seconds=min(error.retry_after or 0.0, 86_400.0))
    until = batch.tx.now + max(wait, LIMITED_AT_LEAST)
    known = connections.limited(batch.tx, name, error.detail, until)
    if known and batch.tx.now - known.since >= LIMITED_FOR_A_CASE:
        told = troubles.limited(batch.policy, name, known.since, error.detail)
        cases.open_case(batch.tx, told, "engine")


def _tell_if_down(batch: Batch, known: connections.Health | None) -> None:
    if known is None or known.state != "down":
        return
    if batch.tx.now - known.since < DOWN_FOR_A_CASE:
        return
    waiting, at_stake = commands.waiting_at(batch.tx, known.name, batch.policy.firm.currency)
    told = troubles.down(batch.policy, known.name, known.since, known.problem, waiting, at_stake)
    cases.open_case(batch.tx, told, "engine")
