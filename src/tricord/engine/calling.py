"""Calling: a talk held with good access, and its end as a value, whatever the end was."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from tricord.core.commands import Priority
from tricord.engine.connection import Connection
from tricord.engine.means import Means
from tricord.engine.talking import Log, hold
from tricord.sdk.connector import Access
from tricord.sdk.errors import AccessLost, TricordError

log = structlog.get_logger("tricord.engine")


async def call(
    means: Means,
    start: Callable[[Access], Any],
    connection: Connection,
    priority: Priority,
    notes: Log | None = None,
) -> Any:
    """The talk's result, or the error it ended in, as a value to be recorded."""
    notes = notes or Log()
    try:
        access = await means.tokens.access(connection)
        try:
            return await _talk(means, start, access, connection, priority, notes)
        except AccessLost:
            if connection.oauth is None:
                raise
            # A token may end before its time. Talks can be replayed from their first line.
            refused = access.text("access_token")
            access = await means.tokens.access(connection, refused)
            return await _talk(means, start, access, connection, priority, notes)
    except TricordError as error:
        return error
    except Exception as error:  # the engine's boundary: recorded as unknown, told as a case
        log.error("engine.talk_broke", connection=connection.name, error=type(error).__name__)
        return error


async def _talk(
    means: Means,
    start: Callable[[Access], Any],
    access: Access,
    connection: Connection,
    priority: Priority,
    notes: Log,
) -> Any:
    return await hold(
        start(access),
        replace(connection, access=access),
        means.sender,
        memory=means.memory,
        log=notes,
        priority=priority,
        fence=means.pulse.sure,
    )
