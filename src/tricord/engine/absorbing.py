"""Absorbing: deliveries become looks at records, or hints to read them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from tricord.core import troubles
from tricord.core.commands import UpdateRecord
from tricord.core.ids import Kind, Ref
from tricord.engine.batch import Batch
from tricord.engine.homing import see
from tricord.sdk.errors import PayloadMalformed, TricordError
from tricord.sdk.talk import Hint
from tricord.store import cases, deliveries, hints, mirror, schedule
from tricord.store.audit import record_act
from tricord.store.codec import to_micros

QUIET = timedelta(milliseconds=250)
FRESH = timedelta(seconds=1)


def absorb(batch: Batch, waiting: Sequence[deliveries.Waiting]) -> int:
    """Take in what waits: all at once, or one by one when something stands in the way.

    Answers with how many are no longer waiting.
    """
    if not waiting:
        return 0
    try:
        with batch.undoable():
            for one in waiting:
                _take_in(batch, one)
    except Exception:  # told apart below, each by itself
        return sum(absorb_delivery(batch, one) for one in waiting)
    _absorbed(batch, waiting)
    return len(waiting)


def absorb_delivery(batch: Batch, waiting: deliveries.Waiting) -> bool:
    """Take in one delivery; set it aside whole if it cannot be read.

    False when it must wait, because another worker has an account of it in hand.
    """
    try:
        with batch.undoable():
            _take_in(batch, waiting)
    except schedule.Busy:
        return False
    except TricordError as error:
        _park(batch, waiting, error.detail)
        return True
    except Exception as error:  # the engine's boundary: one bad event must not stop the rest
        _park(batch, waiting, f"it broke the program ({type(error).__name__})")
        return True
    _absorbed(batch, [waiting])
    return True


def _take_in(batch: Batch, waiting: deliveries.Waiting) -> None:
    name = waiting.delivery.connection
    connection = batch.connections.get(name)
    if connection is None or connection.connector.parse is None:
        raise PayloadMalformed(f"no connection {name!r} reads webhooks")
    for one in connection.connector.parse(connection.access, waiting.delivery):
        if isinstance(one, Hint):
            take_hint(batch, one)
        else:
            see(batch, one, "webhook")


def _absorbed(batch: Batch, waiting: Sequence[deliveries.Waiting]) -> None:
    deliveries.mark_absorbed(batch.tx, [one.id for one in waiting])
    for one in waiting:
        if one.again:
            cases.close_case(batch.tx, f"parked/{one.id}")


def take_hint(batch: Batch, hint: Hint) -> bool:
    """Ask for a read, unless it tells what we know or echoes what we wrote. True if it was news."""
    connection = batch.connections.get(hint.ref.connection)
    if connection is None or hint.ref.kind not in connection.connector.reads:
        return False
    stamp = mirror.stamp_of(batch.tx, hint.ref)
    if hint.version is not None and stamp is not None and stamp >= hint.version:
        return False
    if hint.change is not None and _is_echo(batch, hint.ref, *hint.change):
        return False
    return hints.add(batch.tx, hint.ref, batch.tx.now + _patience(batch, hint.ref))


def _patience(batch: Batch, ref: Ref) -> timedelta:
    """How long to wait before a read, so that a volley of news makes one read, not five.

    A record that was looked at a moment ago, or one of a kind we make ourselves and may be
    making now, waits a little; any other is read at once.
    """
    version = mirror.version_of(batch.tx, ref)
    if version is None:
        ours = (Kind.CUSTOMER, Kind.INVOICE, Kind.MESSAGE)
        return QUIET if ref.kind in ours else timedelta()
    age = timedelta(milliseconds=to_micros(batch.tx.now) // 1000 - version)
    return QUIET if age < FRESH else timedelta()


def _is_echo(batch: Batch, ref: Ref, name: str, value: str) -> bool:
    known = mirror.known(batch.tx, ref)
    if known is None:
        return False
    written = batch.account(known[0]).writes_to(ref)
    if not written or not isinstance(written[-1].command, UpdateRecord):
        return False
    ours = dict(written[-1].command.values).get(name)
    return ours is not None and _same_value(ours, value)


def _park(batch: Batch, waiting: deliveries.Waiting, problem: str) -> None:
    deliveries.park(batch.tx, waiting.id, problem)
    record_act(batch.tx, "delivery.parked", str(waiting.id))
    delivery = waiting.delivery
    size = len(delivery.body)
    told = troubles.parked(batch.policy, waiting.id, size, delivery.connection, problem)
    cases.open_case(batch.tx, told, "engine")


def _same_value(ours: str, theirs: str) -> bool:
    """Texts alike, or numbers alike: vendors write 450.0 for 450.00."""
    if ours == theirs:
        return True
    try:
        return Decimal(ours) == Decimal(theirs)
    except InvalidOperation:
        return False
