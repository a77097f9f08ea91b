"""Recording: what reads, polls and probes brought is written down, with what follows from it."""

import random
from datetime import datetime, timedelta

from tricord.core import troubles
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName
from tricord.engine import breaker, hearing
from tricord.engine.absorbing import QUIET, take_hint
from tricord.engine.acting import CASE_AFTER, wait_after
from tricord.engine.batch import Batch
from tricord.engine.homing import see
from tricord.engine.results import WasPolled, WasRead
from tricord.sdk.errors import PayloadMalformed, Refused, TricordError, TryAgain
from tricord.sdk.talk import Changes
from tricord.store import cases, cursors, deliveries, hints
from tricord.store.deliveries import Arrival


def record_read(batch: Batch, one: WasRead, dice: random.Random) -> None:
    """Fold what a read showed, or put it off, or tell a person that it cannot be read."""
    tx, ref = batch.tx, one.pending.ref
    match one.result:
        case tuple() as records:
            for record in records:
                see(batch, record, "read")
            hints.finish(tx, one.pending, tx.now + QUIET)
            breaker.well(batch, ref.connection)
            cases.close_case(tx, f"unreadable/{ref}")
        case PayloadMalformed() | Refused() as error:
            hints.drop(tx, ref)
            told = troubles.unreadable(batch.policy, ref, error.detail)
            cases.open_case(tx, told, "engine")
        case error:
            attempt = one.pending.attempts + 1
            due = _put_off(batch, ref.connection, attempt, error, dice)
            hints.postpone(tx, one.pending, due, detail_of(error))
            if attempt >= CASE_AFTER and not breaker.is_down(batch, ref.connection):
                told = troubles.unreadable(batch.policy, ref, detail_of(error))
                cases.open_case(tx, told, "engine")


def record_poll(batch: Batch, one: WasPolled, dice: random.Random) -> None:
    """Take in what a poll found, as deliveries and hints, and move its cursor on."""
    tx, name = batch.tx, one.poll.connection
    connection = batch.connections[name]
    match one.result:
        case Changes() as changes:
            _take_in(batch, name, changes)
            gap = timedelta() if changes.more else connection.poll
            cursors.advance(tx, one.poll, changes.cursor, tx.now + gap)
            breaker.well(batch, name)
            cases.close_case(tx, f"poll/{name}")
        case error:
            attempt = one.poll.attempts + 1
            due = _put_off(batch, name, attempt, error, dice)
            cursors.postpone(tx, one.poll, due, detail_of(error))
            if attempt >= CASE_AFTER and not breaker.is_down(batch, name):
                told = troubles.silent(batch.policy, name, detail_of(error))
                cases.open_case(tx, told, "engine")


def _take_in(batch: Batch, name: ConnectionName, changes: Changes) -> None:
    """Deliveries and hints of a poll, and which of them no webhook has told of."""
    news: list[int | None] = []
    for event in changes.missed:
        delivery = Delivery(connection=name, body=event.body, received_at=batch.tx.now)
        arrival = Arrival(delivery=delivery, name=event.id, source="poll")
        if deliveries.accept(batch.tx, [arrival]):
            news.append(event.version)
    news.extend([hint.version for hint in changes.hints if take_hint(batch, hint)])
    hearing.after_poll(batch, name, news)


def detail_of(error: Exception) -> str:
    """What may be told of an error: our own words, or the name of a foreign one."""
    return error.detail if isinstance(error, TricordError) else type(error).__name__


def _put_off(
    batch: Batch, name: ConnectionName, attempt: int, error: Exception, dice: random.Random
) -> datetime:
    """When to look again after a read or poll failed, having noted what it says of its vendor."""
    breaker.troubled(batch, name, error)
    asked = error.retry_after if isinstance(error, TryAgain) else None
    return batch.tx.now + wait_after(attempt, dice, asked)
