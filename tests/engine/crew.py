"""Workers and a server as processes of their own on one PostgreSQL, beside sandbox vendors."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tricord.app.demo import Stage, demo_policy, demo_secrets, running_stage
from tricord.app.home import Home
from tricord.app.web import free_port
from tricord.store.database import Database


@dataclass(slots=True)
class Crew:
    home: Home
    stage: Stage
    port: int
    database: Database
    environment: dict[str, str]
    workers: dict[int, Process] = field(default_factory=dict)

    async def start(self, *arguments: str) -> tuple[Process, dict[str, Any]]:
        """One `tricord` process, and what it announced when it was ready."""
        program = Path(sys.executable).with_name("tricord")
        line = [str(program), "--home", str(self.home.path), *arguments, "--json"]
        process = await asyncio.create_subprocess_exec(*line, env=self.environment, stdout=PIPE)
        assert process.stdout is not None
        told = await asyncio.wait_for(process.stdout.readline(), 60)
        assert told.startswith(b"{"), told
        return process, json.loads(told)

    async def hire(self) -> int:
        """One more worker; answers with its number."""
        process, told = await self.start("work")
        self.workers[told["worker"]] = process
        return int(told["worker"])

    async def kill(self, number: int) -> None:
        process = self.workers.pop(number)
        process.send_signal(signal.SIGKILL)
        await process.wait()


@contextlib.asynccontextmanager
async def crew(
    folder: Path, postgres_url: str, *, workers: int = 3, poll: str = "2 seconds"
) -> AsyncIterator[Crew]:
    """One server and some workers at work; all are told to stop at the end, and do."""
    port = free_port()
    async with running_stage(f"http://127.0.0.1:{port}", seed=7) as stage:
        home = Home(folder)
        home.make()
        home.policy_path.write_text(demo_policy(stage, poll))
        home.secrets_path.touch(mode=0o600)
        home.secrets_path.write_text(demo_secrets(stage))
        environment = dict(os.environ) | {"TRICORD_DATABASE": postgres_url}
        os.environ["TRICORD_DATABASE"] = postgres_url
        database = home.open_database()
        made = Crew(home, stage, port, database, environment)
        server, _ = await made.start("serve", "--port", str(port))
        try:
            await asyncio.gather(*(made.hire() for _ in range(workers)))
            yield made
        finally:
            everyone = [server, *made.workers.values()]
            for process in everyone:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGCONT)
                    process.send_signal(signal.SIGTERM)
            codes = await asyncio.gather(*(process.wait() for process in everyone))
            database.close()
            os.environ.pop("TRICORD_DATABASE")
        assert set(codes) == {0}, codes
