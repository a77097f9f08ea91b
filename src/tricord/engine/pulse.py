"""Pulse: this process says that it lives, and knows when it may no longer be believed."""

import asyncio
import contextlib
import os
import platform
from datetime import timedelta

import structlog

from tricord.engine.clock import Clock
from tricord.store import workers
from tricord.store.database import Database, Tx

log = structlog.get_logger("tricord.pulse")

EVERY = timedelta(seconds=1)
SURE_FOR = timedelta(seconds=4)
"""Less than `workers.DEAD_AFTER`: we stop writing to vendors before others take our work over."""


class Pulse:
    """`worker` is this process's number, a new one after it was taken for dead. `place` is what
    it holds alone on this machine, its process number when that is nothing.

    `crowd` is how many workers lived at the last beat, ours among them.
    """

    def __init__(self, database: Database, clock: Clock, kind: str, place: str = "") -> None:
        self._database = database
        self._clock = clock
        self._kind = kind
        self._place = f"{platform.node()}:{place or os.getpid()}"
        self._sure_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self._alone = database.engine.dialect.name == "sqlite"
        self.worker = 0
        self.crowd = 1

    def sure(self) -> bool:
        """Whether nobody can have taken us for dead yet: only then may a write leave."""
        return self._alone or asyncio.get_running_loop().time() < self._sure_until

    async def start(self) -> None:
        await self.beat()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        worker = self.worker
        await self._database.write(lambda tx: workers.end(tx, worker), self._clock.now())

    async def beat(self) -> None:
        """Say that we live, and see who else does."""
        loop = asyncio.get_running_loop()
        # Measured from before the beat: a process that stood still in it is not sure of anything.
        asked = loop.time()
        known = self.worker

        def work(tx: Tx) -> tuple[int, int]:
            ours = known
            if not ours or not workers.beat(tx, ours):
                ours = workers.begin(tx, self._kind, self._place)
            return ours, len(workers.alive(tx))

        self.worker, self.crowd = await self._database.beat(work, self._clock.now())
        if known and known != self.worker:
            log.warning("pulse.renewed", was=known, now=self.worker)
        self._sure_until = asked + SURE_FOR.total_seconds()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY.total_seconds())
            try:
                await self.beat()
            except Exception as error:  # the store is not to be written now: we are not sure
                log.error("pulse.failed", error=type(error).__name__)
