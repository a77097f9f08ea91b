"""Holding a talk: requests go out, answers go back in, errors get their class and are counted."""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from tricord.engine.connection import Connection
from tricord.engine.wire import Sender
from tricord.sdk.errors import TryAgain
from tricord.sdk.talk import Request, Response, Wire

T = TypeVar("T")
LONGEST_TALK = 2000


@dataclass(slots=True)
class Log:
    """What happened in one talk: calls made, and whether anything that writes was sent."""

    calls: int = 0
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
    memory: Memory,
    log: Log,
) -> T:
    """Carry one talk to its end and return what it returns.

    Raises what the talk or the sender raises: an answer whose status the request did not expect
    becomes the connector's own error, thrown into the talk at its yield.
    """
    try:
        wire = next(talk)
        for _ in range(LONGEST_TALK):
            answer = memory.recall(connection.name, wire)
            if answer is None:
                answer = await _sent(sender, connection, wire, log)
                memory.keep(connection.name, wire, answer)
            wire = talk.send(_checked(connection, wire, answer))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        talk.close()
    raise RuntimeError(f"{connection.name}: a talk of more than {LONGEST_TALK} requests")


async def _sent(sender: Sender, connection: Connection, wire: Wire, log: Log) -> Response:
    log.calls += 1
    try:
        answer = await sender.send(connection, wire)
    except TryAgain:
        # The sender vouches that nothing of this request reached the vendor.
        raise
    except BaseException:
        log.wrote = log.wrote or wire.writes
        raise
    log.wrote = log.wrote or wire.writes
    return answer


def _checked(connection: Connection, wire: Wire, answer: Response) -> Response:
    if not isinstance(wire, Request):
        return answer
    good = answer.status in wire.expected if wire.expected else 200 <= answer.status < 300
    if good:
        return answer
    detail = f"{connection.name}: {wire.method} {wire.path.partition('?')[0]}"
    raise connection.connector.explain(answer, detail)
