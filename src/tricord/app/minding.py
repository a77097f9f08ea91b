"""Minding: a watch beside the hub, as a process of its own that is started again when it dies.

It has a session of its own: Ctrl-C and the end of a terminal reach the hub alone, which ends it in
good order. When the hub is killed it stays for a while, to tell people so.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator

import structlog

from tricord.app.home import Home

log = structlog.get_logger("tricord.app")

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
LIVED_WELL = 60.0
GRACE_SECONDS = 20.0


@contextlib.asynccontextmanager
async def minded_watch(home: Home, console: str) -> AsyncIterator[None]:
    """A watch for as long as the block lasts; then it is told to stop, and waited for."""
    minder = _Minder(home, console)
    task = asyncio.create_task(minder.run())
    try:
        yield
    finally:
        await minder.stop()
        await task


class _Minder:
    def __init__(self, home: Home, console: str) -> None:
        self._command = (
            sys.executable, "-m", "tricord.cli.main", "watch", "--home", str(home.path),
            "--parent", str(os.getpid()), "--console", console,
        )  # fmt: skip
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            begun = loop.time()
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
            if self._stopping.is_set():
                self._process.terminate()
            code = await self._process.wait()
            if self._stopping.is_set():
                return
            pause = FIRST_PAUSE if loop.time() - begun > LIVED_WELL else min(
                pause * 2, LONGEST_PAUSE
            )  # fmt: skip
            log.error("watch.died", code=code, again_in=pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    async def stop(self) -> None:
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
