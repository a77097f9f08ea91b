"""Lanes: groups of partitions that workers drain, and the job runner that says when.

The runner is Procrastinate, in the firm's own PostgreSQL. A job says "drain lane 3" and carries
nothing else; everything that matters is in our tables. So a job that is lost only delays: a
periodic job drains every lane in which something waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

import procrastinate
import structlog
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from sqlalchemy import text
from sqlalchemy.engine import make_url

from tricord.engine.drain import Drain
from tricord.engine.means import Means
from tricord.store import schedule
from tricord.store.database import PARTITIONS, Database

log = structlog.get_logger("tricord.lanes")

LANES = 16
QUEUE = "tricord"
LINGER = timedelta(milliseconds=900)
"""Less than a second, after which the periodic job comes by anyway."""
_SCHEMA_LOCK = 0x7472_6963


def lane_of(partition: int) -> int:
    return partition * LANES // PARTITIONS


def partitions_of(lane: int) -> list[int]:
    return [number for number in range(PARTITIONS) if lane_of(number) == lane]


def make_tables(database: Database) -> None:
    """Procrastinate's own tables, once, whoever of several processes comes first."""
    with database.engine.begin() as db:
        db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
        if db.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar() is None:
            db.exec_driver_sql(procrastinate.schema.SchemaManager.get_schema().replace("%", "%%"))


class Runner:
    """Procrastinate, with our three tasks. `means` is None where lanes are only kicked."""

    def __init__(self, url: str, means: Means | None = None) -> None:
        conninfo = make_url(url).set(drivername="postgresql")
        connector = procrastinate.PsycopgConnector(
            conninfo=conninfo.render_as_string(hide_password=False), min_size=1, max_size=6
        )
        self._app = procrastinate.App(connector=connector)
        self._means = means
        self._draining: dict[int, Drain] = {}
        self._kicks: set[asyncio.Task[None]] = set()
        self._drain = self._app.task(name="drain", queue=QUEUE)(self._drained)
        self._sweep = self._app.task(name="sweep", queue=QUEUE)(self._swept)
        self._tidy = self._app.task(name="tidy", queue=QUEUE)(self._tidied)

    async def __aenter__(self) -> "Runner":
        await self._app.open_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._kicks:
            await asyncio.wait(self._kicks)
        await self._app.close_async()

    def kick(self, partitions: Iterable[int]) -> None:
        """Have the lanes of these partitions drained soon. Never raises and never waits."""
        for lane in sorted({lane_of(partition) for partition in partitions}):
            task = asyncio.create_task(self._kick(lane))
            self._kicks.add(task)
            task.add_done_callback(self._kicks.discard)

    async def run(self, stopped: asyncio.Event) -> None:
        """Carry out drains until told to stop; then what is in flight is waited for."""
        self._app.periodic(cron="* * * * * *")(self._sweep)
        self._app.periodic(cron="*/5 * * * *")(self._tidy)
        worker = asyncio.create_task(
            self._app.run_worker_async(
                queues=[QUEUE],
                concurrency=LANES + 2,
                install_signal_handlers=False,
                delete_jobs="always",
                shutdown_graceful_timeout=45.0,
            )
        )
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait({worker, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if self._means is not None:
            self._means.stopping = True
        for drain in self._draining.values():
            drain.wake()
        waiting.cancel()
        if not worker.done():
            worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)

    async def _kick(self, lane: int) -> None:
        wanted = self._drain.configure(queueing_lock=f"drain/{lane}")
        try:
            await wanted.defer_async(lane=lane)
        except AlreadyEnqueued:
            return
        except ConnectorException as error:  # only late: the periodic job comes by
            log.warning("lane.not_kicked", lane=lane, error=type(error).__name__)

    async def _drained(self, lane: int) -> None:
        means = self._means
        if means is None:
            return
        if lane in self._draining:
            self._draining[lane].wake()
            return
        drain = self._draining[lane] = Drain(means, partitions_of(lane))
        try:
            await drain.until_idle(LINGER)
        finally:
            await _whatever_comes(drain.land)
            del self._draining[lane]

    async def _swept(self, timestamp: int) -> None:
        """Kick every lane in which something waits at `timestamp`, or did shortly before."""
        means = self._means
        if means is not None:
            busy = await means.database.read(schedule.busy_partitions, means.clock.now())
            log.debug("lanes.swept", at=timestamp, busy=len(busy))
            self.kick(busy)

    async def _tidied(self, timestamp: int) -> None:
        """Jobs of workers that died: what they drained is drained by others already."""
        log.debug("lanes.tidied", at=timestamp)
        for job in await self._app.job_manager.get_stalled_jobs(queue=QUEUE):
            if job.id is not None:
                await self._app.job_manager.finish_job_by_id_async(
                    job.id, status=Status.FAILED, delete_job=True
                )


async def _whatever_comes(work: Callable[[], Awaitable[None]]) -> None:
    """What was sent is recorded even when the drain is cancelled; that may take its time."""
    await asyncio.shield(asyncio.ensure_future(work()))
