"""A hub as its own process, that ends itself with SIGKILL at the nth passing of a point."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from tricord.app.home import Home
from tricord.app.wiring import running_hub
from tricord.core.commands import Priority
from tricord.engine.connection import Connection
from tricord.engine.wire import NetworkSender
from tricord.sdk.talk import Response, Wire


class Spot:
    """Kills the process at the nth passing of one point, from whatever thread."""

    def __init__(self, point: str, nth: int) -> None:
        self.point = point
        self.left = nth

    def __call__(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class DyingSender:
    """The real wire, with a point before and after each request and each write."""

    def __init__(self, inner: NetworkSender, spot: Callable[[str], None]) -> None:
        self._inner = inner
        self._spot = spot

    async def send(
        self, connection: Connection, wire: Wire, priority: Priority = Priority.NEWS
    ) -> Response:
        self._spot("before a request")
        if wire.writes:
            self._spot("before a write")
        answer = await self._inner.send(connection, wire, priority)
        if wire.writes:
            self._spot("after a write")
        self._spot("after a request")
        return answer


async def main(home: Path, port: int, point: str, nth: int) -> None:
    spot = Spot(point, nth)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with NetworkSender() as inner:
        sender = DyingSender(inner, spot)
        async with running_hub(Home(home), port=port, sender=sender, crash_point=spot):
            await stopped.wait()


def live(home: str, port: int, point: str, nth: int, database: str) -> None:
    """The whole life of the process. It was forked before the test chose its database."""
    os.environ["TRICORD_DATABASE"] = database
    asyncio.run(main(Path(home), port, point, nth))
