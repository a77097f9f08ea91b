"""Replaying: what would happen if a delivery or a command came up once more; and then doing so.

A replay yields no new effect by itself: a known business key is done or on its way. The preview is
the same absorbing and deciding as ever, in a transaction that is rolled back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tricord.core.commands import EffectState
from tricord.core.ids import ConnectionName, Ref
from tricord.core.money import Money
from tricord.core.policy.types import Policy
from tricord.engine.absorbing import absorb_delivery
from tricord.engine.batch import Batch
from tricord.engine.connection import Connection
from tricord.engine.deciding import converge
from tricord.store import commands, deliveries, hints, mirror
from tricord.store.audit import record_act
from tricord.store.database import Tx

NOBODY = 0
"""The worker of a rehearsal: it takes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One command as a preview shows it. `state` is where it stands now, "" for one that is new."""

    key: str
    verb: str
    connection: ConnectionName
    state: str = ""
    money: Money | None = None
    remote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`would_run` is new or comes up again, `done` is left alone; `reads` are asked of vendors
    first, so that more may follow from what they say. `problem` says why nothing can be replayed.
    """

    what: str
    would_run: tuple[Effect, ...] = ()
    done: tuple[Effect, ...] = ()
    reads: tuple[Ref, ...] = ()
    problem: str = ""


Connections = Mapping[ConnectionName, Connection]


def preview_delivery(tx: Tx, policy: Policy, connections: Connections, number: int) -> Preview:
    """What absorbing this delivery again would lead to. Call it in a rehearsal: it writes."""
    what = f"delivery {number}"
    waiting = deliveries.to_replay(tx, number)
    if waiting is None:
        return Preview(what=what, problem="there is no such delivery")
    before, asked = commands.latest(tx), set(hints.asked_for(tx))
    batch = Batch(tx, policy, dict(connections), NOBODY)
    absorb_delivery(batch, waiting)
    problem = deliveries.problem_of(tx, number)
    if problem:
        return Preview(what=what, problem=f"it still cannot be read: {problem}")
    reads = tuple(ref for ref in hints.asked_for(tx) if ref not in asked)
    for ref in reads:
        known = mirror.known(tx, ref)
        if known is not None:
            batch.touch(known[0])
    accounts = list(batch.touched)
    converge(batch)
    planned = commands.since(tx, before)
    ended = [row for account in accounts for row in commands.ended_of(tx, account)]
    return Preview(
        what=what,
        would_run=tuple(_effect(row, fresh=True) for row in planned),
        done=tuple(_effect(row, fresh=False) for row in ended),
        reads=reads,
    )


def preview_command(tx: Tx, key: str) -> Preview:
    """What retrying this command would lead to."""
    row = commands.summary(tx, key)
    if row is None:
        return Preview(what=key, problem="there is no such command")
    effect = _effect(row, fresh=False)
    match EffectState(row.state):
        case EffectState.DONE:
            return Preview(what=key, done=(effect,))
        case EffectState.REFUSED | EffectState.UNKNOWN | EffectState.READY:
            return Preview(what=key, would_run=(effect,))
        case EffectState.SENDING:
            return Preview(what=key, problem="it is on its way just now")
        case EffectState.HELD:
            return Preview(what=key, problem="it waits for approval: tricord approve")
        case EffectState.SKIPPED | EffectState.GIVEN_UP:
            return Preview(what=key, problem="it was ended, and is planned anew if it is due")


def replay_delivery(tx: Tx, number: int, actor: str) -> bool:
    """Have the delivery absorbed once more. False when there is none of this number."""
    if not deliveries.again(tx, number):
        return False
    record_act(tx, "delivery.replayed", str(number), actor=actor)
    return True


def replay_command(tx: Tx, key: str, actor: str) -> bool:
    """Have the command carried out, if it is not done. What may have been done is looked up."""
    states = (EffectState.REFUSED, EffectState.UNKNOWN, EffectState.READY)
    if not commands.release(tx, key, states):
        return False
    record_act(tx, "command.replayed", key, actor=actor)
    mirror.wake_owner(tx, key)
    return True


def _effect(row: commands.Summary, *, fresh: bool) -> Effect:
    return Effect(
        key=row.key,
        verb=row.verb,
        connection=row.connection,
        state="" if fresh else row.state,
        money=row.money,
        remote=row.remote,
    )
