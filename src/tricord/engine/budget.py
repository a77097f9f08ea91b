"""Budgets: how fast one connection's requests may leave, and which goes first when many wait.

A budget belongs to a (connection, bucket). Within a process the most urgent waiting request gets
the next place. Between processes the rate is shared through `reserve`, which sells places in small
blocks, so that no request costs a look at the database.
"""

import asyncio
import contextlib
import heapq
import math
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from tricord.core.commands import Priority
from tricord.sdk.connector import Limits

log = structlog.get_logger("tricord.budget")

BLOCK_SECONDS = 0.25
Reserve = Callable[[str, Limits, int], Awaitable[float]]
"""Buys places in the budget of this name; answers in how many seconds they may be used."""


class Budget:
    """`crowd` tells how many workers share what may be in flight at once."""

    def __init__(
        self, name: str, limits: Limits, reserve: Reserve | None, crowd: Callable[[], int]
    ) -> None:
        self._name = name
        self._limits = limits
        self._reserve = reserve
        self._crowd = crowd
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = 0
        self._in_flight = 0
        self._bought = 0
        self._next = -math.inf
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def place(self, priority: Priority) -> AsyncIterator[None]:
        """Wait for a place, and hold it while the block runs."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._numbers += 1
        heapq.heappush(self._waiting, (int(priority), self._numbers, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._leave()
            raise
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        self._in_flight -= 1
        self._moved.set()

    async def _serve(self) -> None:
        """Give places to those who wait, as places come free, until nobody waits."""
        while self._waiting:
            if self._in_flight >= max(1, self._limits.at_once // max(1, self._crowd())):
                self._moved.clear()
                await self._moved.wait()
                continue
            if self._bought == 0:
                await self._buy()
            # The choice is made only now that there is a place: the most urgent may have just come.
            _, _, future = heapq.heappop(self._waiting)
            if future.cancelled():
                continue
            self._bought -= 1
            self._in_flight += 1
            future.set_result(None)

    async def _buy(self) -> None:
        if self._reserve is None:
            self._bought, wait = 1, self._own_wait()
        else:
            most = max(1, int(self._limits.per_second * BLOCK_SECONDS))
            wanted = min(len(self._waiting), most)
            try:
                wait = await self._reserve(self._name, self._limits, wanted)
            except Exception as error:  # the store is away: keep to our share of the rate
                log.error("budget.not_shared", budget=self._name, error=type(error).__name__)
                wanted, wait = 1, self._crowd() / self._limits.per_second
            self._bought = wanted
        if wait > 0:
            await asyncio.sleep(wait)

    def _own_wait(self) -> float:
        now = asyncio.get_running_loop().time()
        gap = 1.0 / self._limits.per_second
        start = max(self._next, now - self._limits.burst * gap)
        self._next = start + gap
        return start - now
