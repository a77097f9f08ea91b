"""Telling: a notice is carried to its destination, and what became of it is written down."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from tricord.core import troubles
from tricord.core.alerting import Desk, Step
from tricord.core.alerts import OVER
from tricord.core.commands import Priority
from tricord.core.ids import ConnectionName
from tricord.core.policy.types import Policy
from tricord.engine.clock import Clock
from tricord.engine.connection import Connection
from tricord.engine.talking import Log, hold
from tricord.engine.wire import Sender
from tricord.sdk.connector import Notice, Once, Work
from tricord.sdk.errors import AccessLost, OutcomeUnknown, Refused, TricordError, TryAgain
from tricord.sdk.talk import Done
from tricord.store import cases, notices
from tricord.store.database import Tx
from tricord.store.notices import NoticeState, Told

log = structlog.get_logger("tricord.alerts")

CASE_AFTER = 3
LONGEST_WAIT = timedelta(minutes=1)
LAST_WORD = timedelta(hours=1)
"""How long it is tried to tell that something is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One attempt, over. `answer` is what the destination answered last, as a status."""

    told: Told
    result: Done | Exception
    once: Once
    answer: str


def talkers(connections: Mapping[ConnectionName, Connection]) -> tuple[ConnectionName, ...]:
    """The connections that can tell people something, in the policy's order."""
    return tuple(name for name, one in connections.items() if one.connector.notice is not None)


async def carry(
    told: Told, connection: Connection, notice: Notice, sender: Sender, clock: Clock
) -> Outcome:
    """One attempt to tell. Whatever it ends in is a value, to be recorded."""
    notes = Log()
    if told.again and notice.once is Once.NEVER:
        # A process died with it in hand: it may have arrived, and a copy would not be known as one.
        lost = OutcomeUnknown("the process stopped while it was told")
        return Outcome(told=told, result=lost, once=notice.once, answer="")
    work = Work(key=told.key, at=clock.now(), again=told.again or told.attempts > 1)
    result: Done | Exception
    try:
        talk = notice.tell(connection.access, told.alert, work)
        result = await hold(talk, connection, sender, log=notes, priority=Priority.MONEY)
    except TricordError as error:
        result = error
    except Exception as error:  # the boundary: recorded, and told elsewhere
        log.error("alerts.talk_broke", connection=connection.name, error=type(error).__name__)
        result = error
    answer = notes.exchanges[-1].answer if notes.exchanges else ""
    return Outcome(told=told, result=result, once=notice.once, answer=answer)


def record(tx: Tx, policy: Policy, desk: Desk, outcome: Outcome, dice: random.Random) -> None:
    """Write down what became of an attempt, and have others told where this one cannot be."""
    told, result = outcome.told, outcome.result
    problem = _problem(result)
    match result:
        case Done():
            receipt = " ".join(part for part in (outcome.answer, _name(result)) if part)
            notices.end(tx, told, NoticeState.SENT, receipt=receipt)
            cases.close_case(tx, f"alert_failing/{told.destination}")
        case TryAgain() as error:
            if told.attempts >= CASE_AFTER:
                _tell_failing(tx, policy, told, problem)
            late = tx.now >= told.latest_at
            if late and _given_up(tx, desk, told):
                notices.end(tx, told, NoticeState.FAILED, problem=problem)
            else:
                asked = timedelta(seconds=error.retry_after or 0)
                notices.retry(tx, told, tx.now + max(asked, _wait(told, dice)), problem)
        case AccessLost() | Refused():
            _tell_failing(tx, policy, told, problem)
            if told.step == OVER or _given_up(tx, desk, told):
                notices.end(tx, told, NoticeState.FAILED, problem=problem)
            else:
                notices.retry(tx, told, tx.now + LONGEST_WAIT, problem)
        case _ if outcome.once is Once.NEVER and (told.step == OVER or _given_up(tx, desk, told)):
            notices.end(tx, told, NoticeState.UNKNOWN, problem=problem)
        case _:
            # It may have arrived. Where a copy is known as one, it is sent again; and where nobody
            # else can be told as well, for an alert twice is better than none.
            notices.retry(tx, told, tx.now + _wait(told, dice), problem)


def _given_up(tx: Tx, desk: Desk, told: Told) -> bool:
    """Whether somebody else has been told, is being told, or can be; then they are."""
    if told.step == OVER:
        return tx.now >= told.latest_at + LAST_WORD
    same = notices.of_step(tx, told)
    lively = (NoticeState.READY, NoticeState.SENDING, NoticeState.SENT)
    if any(other.state in lively for other in same if other.id != told.id):
        return True
    tried = {other.destination for other in same}
    left = [name for name in desk.destinations if name not in tried]
    if not left:
        return False
    step = Step(name=told.step, alert=told.alert, to=(), within=told.latest_at - told.planned_at)
    notices.plan(tx, step, left[:1])
    return True


def _tell_failing(tx: Tx, policy: Policy, told: Told, problem: str) -> None:
    cases.open_case(tx, troubles.alert_failing(policy, told.destination, problem), "alerts")


def _wait(told: Told, dice: random.Random) -> timedelta:
    seconds = min(2.0 ** min(told.attempts, 6), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=seconds * (0.75 + dice.random() / 2))


def _problem(result: Done | Exception) -> str:
    if isinstance(result, Done):
        return ""
    return result.detail if isinstance(result, TricordError) else type(result).__name__


def _name(done: Done) -> str:
    """What the destination knows the notice by: its own id, or ours where it keeps that."""
    return done.remote.external_id if done.remote else ""
