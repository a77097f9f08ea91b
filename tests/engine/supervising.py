"""A hub process that may die and is started again, beside sandbox vendors that live on here."""

import asyncio
import contextlib
import multiprocessing
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from engine.dying_hub import live
from tricord.app.demo import Stage, demo_policy, demo_secrets, running_stage
from tricord.app.home import Home
from tricord.app.web import free_port
from tricord.engine.clock import SystemClock
from tricord.store import views
from tricord.store.database import Database

# Hubs are forked from one process that has imported everything: a real process to kill, at once.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["engine.dying_hub", "tricord.console"])


@dataclass(slots=True)
class Supervisor:
    """Starts the hub again whenever it has died. Only its first life is told to die."""

    home: Home
    stage: Stage
    port: int
    spot: tuple[str, int] | None
    database: Database
    deaths: list[int] = field(default_factory=list)
    _process: BaseProcess | None = None
    _ended: bool = False

    async def run(self) -> None:
        spot = self.spot
        while not self._ended:
            point, nth = spot if spot and not self.deaths else ("", 0)
            arguments = (str(self.home.path), self.port, point, nth, self.home.database_url)
            self._process = FORKS.Process(target=live, args=arguments)
            self._process.start()
            await asyncio.to_thread(self._process.join)
            if not self._ended:
                self.deaths.append(self._process.exitcode or 0)

    def end(self) -> None:
        self._ended = True
        if self._process is not None and self._process.is_alive():
            self._process.terminate()

    async def status(self) -> dict[str, Any]:
        status: dict[str, Any] = await self.database.read(views.status, SystemClock().now())
        return status

    async def settled(self) -> dict[str, Any] | None:
        """The hub's own figures once nothing waits, is due or is on its way; None before."""
        status = await self.status()
        moving = {"ready", "sending"} & set(status["commands"])
        waiting = status["deliveries"]["waiting"] + status["hints"]
        return None if moving or waiting else status


@contextlib.asynccontextmanager
async def supervised(
    folder: Path,
    *,
    spot: tuple[str, int] | None = None,
    poll: str = "1 second",
    policy: Callable[[str], str] = lambda text: text,
) -> AsyncIterator[Supervisor]:
    """A hub process and its vendors. `policy` may change the agency's text."""
    port = free_port()
    async with running_stage(f"http://127.0.0.1:{port}", seed=7) as stage:
        home = Home(folder)
        home.make()
        home.policy_path.write_text(policy(demo_policy(stage, poll)))
        home.secrets_path.touch(mode=0o600)
        home.secrets_path.write_text(demo_secrets(stage))
        database = home.open_database()
        supervisor = Supervisor(home=home, stage=stage, port=port, spot=spot, database=database)
        task = asyncio.create_task(supervisor.run())
        try:
            yield supervisor
        finally:
            supervisor.end()
            await task
            database.close()


async def until(check: Callable[[], Awaitable[Any]], what: str, seconds: float = 120.0) -> Any:
    """Wait until `check` gives something true, and give that."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        found = await check()
        if found:
            return found
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.05)
