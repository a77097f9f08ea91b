"""Holding a talk: requests go out, answers go back in, errors get their class and are counted."""

import asyncio
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

from tricord.core.commands import Priority
from tricord.engine.connection import Connection
from tricord.engine.wire import Sender
from tricord.sdk.errors import TryAgain
from tricord.sdk.talk import FetchMail, Hello, Mail, Request, Response, Wire

T = TypeVar("T")
LONGEST_TALK = 2000
MOST_EXCHANGES = 50
MOST_SHOWN = 4000
Fence = Callable[[], bool]

_SECRET_FIELD = re.compile(
    r"""((?:^|[&{,\s])"?[\w.\[\]%-]*(?:secret|token|password|routing_key|authorization)"""
    r"""[\w\]%-]*"?\s*[=:]\s*)(?:"[^"]*"|[^&,}\s]*)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and how it ended, for a person to read. `sent` has no credentials in it.

    `answer` is a status, or the name of the error there was instead of an answer.
    """

    what: str
    answer: str
    ms: int
    sent: str = ""


@dataclass(slots=True)
class Log:
    """What happened in one talk: what was said, and whether anything that writes was sent."""

    exchanges: list[Exchange] = field(default_factory=list)
    wrote: bool = False


@dataclass(slots=True)
class Memory:
    """Answers to reads that a connector declared to stay fresh for a while."""

    kept: dict[tuple[str, str], tuple[float, Response]] = field(default_factory=dict)

    def recall(self, connection: str, wire: Wire) -> Response | None:
        found = self.kept.get((connection, wire.path)) if isinstance(wire, Request) else None
        if found is None or found[0] < asyncio.get_running_loop().time():
            return None
        return found[1]

    def keep(self, connection: str, wire: Wire, answer: Response) -> None:
        if isinstance(wire, Request) and wire.fresh_for and answer.status == 200:
            until = asyncio.get_running_loop().time() + wire.fresh_for
            self.kept[connection, wire.path] = (until, answer)


async def hold(
    talk: Generator[Wire, Response, T],
    connection: Connection,
    sender: Sender,
    *,
    memory: Memory | None = None,
    log: Log | None = None,
    priority: Priority = Priority.NEWS,
    fence: Fence = lambda: True,
) -> T:
    """Carry one talk to its end and return what it returns.

    `fence` is asked just before each write: a worker that may have been taken for dead sends none.
    Raises what the talk or the sender raises: an answer whose status the request did not expect
    becomes the connector's own error, thrown into the talk at its yield.
    """
    memory, log = memory or Memory(), log or Log()
    try:
        wire = next(talk)
        for _ in range(LONGEST_TALK):
            answer = memory.recall(connection.name, wire)
            if answer is None:
                answer = await _sent(sender, connection, wire, log, priority, fence)
                memory.keep(connection.name, wire, answer)
            wire = talk.send(_checked(connection, wire, answer))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        talk.close()
    raise RuntimeError(f"{connection.name}: a talk of more than {LONGEST_TALK} requests")


async def _sent(
    sender: Sender,
    connection: Connection,
    wire: Wire,
    log: Log,
    priority: Priority,
    fence: Fence,
) -> Response:
    loop = asyncio.get_running_loop()
    start = loop.time()
    told = "cut short"
    try:
        if wire.writes and not fence():
            raise TryAgain(f"{connection.name}: this worker was not sure to be alive")
        answer = await sender.send(connection, wire, priority)
        told = str(answer.status)
    except TryAgain as error:
        # The sender vouches that nothing of this request reached the vendor.
        told = type(error).__name__
        raise
    except BaseException as error:
        told = type(error).__name__
        log.wrote = log.wrote or wire.writes
        raise
    finally:
        if len(log.exchanges) < MOST_EXCHANGES:
            ms = round(1000 * (loop.time() - start))
            log.exchanges.append(Exchange(what=_what(wire), answer=told, ms=ms, sent=_shown(wire)))
    log.wrote = log.wrote or wire.writes
    return answer


def _what(wire: Wire) -> str:
    match wire:
        case Request():
            return f"{wire.method} {wire.path.partition('?')[0]}".rstrip()
        case Mail():
            return "MAIL"
        case Hello():
            return "NOOP"
        case FetchMail():
            return f"FETCH {wire.folder}"
        case _:
            assert_never(wire)


def _shown(wire: Wire) -> str:
    """What a write said, without its headers, where credentials are, and without secret fields."""
    if not isinstance(wire, Request) or not wire.writes:
        return ""
    text = wire.body[:MOST_SHOWN].decode("utf-8", "replace")
    return _SECRET_FIELD.sub(r"\1***", text)


def _checked(connection: Connection, wire: Wire, answer: Response) -> Response:
    if not isinstance(wire, Request):
        return answer
    good = answer.status in wire.expected if wire.expected else 200 <= answer.status < 300
    if good:
        return answer
    detail = f"{connection.name}: {wire.method} {wire.path.partition('?')[0]}".rstrip()
    raise connection.connector.explain(answer, detail)
