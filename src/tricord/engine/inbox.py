"""The inbox: arrivals are stored together, many in one transaction, before each is acknowledged."""

import asyncio
from collections.abc import Awaitable, Callable

from tricord.store.deliveries import Arrival

LARGEST = 5_000
BATCH = 500


class InboxFull(Exception):
    """More has arrived than could be stored so far. The sender is asked to come back."""


class Inbox:
    """Group commit for deliveries. `store` writes a list of them in one transaction."""

    def __init__(self, store: Callable[[list[Arrival]], Awaitable[None]]) -> None:
        self._store = store
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def put(self, arrival: Arrival) -> None:
        """Returns when the arrival is durable. Raises InboxFull, or what storing it raised."""
        if len(self._waiting) >= LARGEST:
            raise InboxFull
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flush())
        await future

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            try:
                await self._store([arrival for arrival, _ in batch])
            except Exception as error:  # each sender learns that its delivery is not stored
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for _, future in batch:
                    if not future.done():
                        future.set_result(None)
