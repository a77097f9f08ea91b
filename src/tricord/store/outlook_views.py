"""The outlook: commands that wait for a moment of their own, the soonest first."""

from sqlalchemy import select

from tricord.core.commands import EffectState
from tricord.core.ids import Instant
from tricord.store.codec import to_micros
from tricord.store.command_views import command_rows
from tricord.store.database import Tx
from tricord.store.row_views import CommandRow
from tricord.store.schema import commands


def waiting_commands(tx: Tx, until: Instant, limit: int) -> list[CommandRow]:
    """What is ready, or to be looked up, at a moment between now and `until`."""
    states = [str(EffectState.READY), str(EffectState.UNKNOWN)]
    query = (
        select(commands)
        .where(
            commands.c.state.in_(states),
            commands.c.ended_at.is_(None),
            commands.c.due_at > to_micros(tx.now),
            commands.c.due_at <= to_micros(until),
        )
        .order_by(commands.c.due_at, commands.c.id)
    )
    return command_rows(tx, query.limit(limit))
