"""A backfill, measured: how fast a firm's past comes in, and whether the last page costs the first.

    scripts/bench backfill [--json] [--clients N]

The vendors are sandboxes in another process on this machine, with their limits lifted and ours too,
so that what is measured is Tricord. Each client is a company, a contact, a deal, a customer and an
invoice with its payments. Memory and CPU are those of the process that imports.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import mean
from typing import Any

from tricord.app.backfilling import Asked, backfilling
from tricord.app.demo import demo_policy, demo_secrets, running_stage
from tricord.app.going_live import show
from tricord.app.home import Home
from tricord.app.wiring import connections_of
from tricord.core.commands import Priority
from tricord.engine.clock import SystemClock
from tricord.engine.connection import Connection
from tricord.engine.wire import NetworkSender
from tricord.sandbox.hubspot.box import HubSpotBox
from tricord.sandbox.stripe.box import StripeBox
from tricord.sdk.connector import Limits
from tricord.sdk.talk import Response, Wire
from tricord.store.imports import Import

UNTIL = datetime(2026, 9, 30, tzinfo=UTC)
LIMITLESS = Limits(at_once=10, per_second=1e9, burst=1)
ENDS = 10
"""Pages at each end of a kind whose times are compared."""


class Unlimited:
    """The real wire without our own budgets."""

    def __init__(self, inner: NetworkSender) -> None:
        self._inner = inner

    async def send(
        self, connection: Connection, wire: Wire, priority: Priority = Priority.NEWS
    ) -> Response:
        free = replace(connection.connector, limits=LIMITLESS, buckets={})
        return await self._inner.send(replace(connection, connector=free), wire, priority)


def vendors(clients: int, pipe: Pipe) -> None:
    """A process of vendors with a past: sends policy and secrets, then its counts when asked."""

    async def live() -> None:
        async with running_stage(None, seed=1) as stage:
            hubspot, stripe = stage.boxes["hubspot"].box, stage.boxes["stripe"].box
            assert isinstance(hubspot, HubSpotBox)
            assert isinstance(stripe, StripeBox)
            hubspot.fill(clients, UNTIL)
            stripe.fill(clients, UNTIL)
            pipe.send((demo_policy(stage, "10 minutes"), demo_secrets(stage)))
            await asyncio.to_thread(pipe.recv)
            pipe.send({**hubspot.gate.by_route, **stripe.door.calls})

    asyncio.run(live())


@contextmanager
def firm(clients: int) -> Iterator[tuple[str, str, Pipe]]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=vendors, args=(clients, theirs))
    process.start()
    policy, secrets = ours.recv()
    try:
        yield policy, secrets, ours
    finally:
        process.join(10)
        process.kill()


@dataclass(slots=True)
class Pages:
    """When each page of each kind was stored, and how much memory there was then."""

    stored: dict[str, list[float]] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)

    def tell(self, one: Import) -> None:
        self.stored.setdefault(one.name, []).append(time.perf_counter())
        self.memory.append(rss_mb())

    def page_seconds(self) -> dict[str, tuple[float, float]]:
        """By kind: the mean time between pages at the start and at the end of its import."""
        found = {}
        for name, times in self.stored.items():
            gaps = [later - earlier for earlier, later in pairwise(times)]
            if len(gaps) >= 2 * ENDS:
                found[name] = (mean(gaps[:ENDS]), mean(gaps[-ENDS - 1 : -1]))
        return found


def rss_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def measure(clients: int, tell: Callable[[str], None]) -> dict[str, Any]:
    tell(f"Making {clients} clients at the vendors ...")
    with tempfile.TemporaryDirectory(prefix="tricord-bench-") as folder, firm(clients) as made:
        policy, secrets, pipe = made
        home = Home(Path(folder))
        home.make()
        home.policy_path.write_text(policy)
        home.secrets_path.touch(mode=0o600)
        home.secrets_path.write_text(secrets)
        tell("Importing ...")
        pages, cpu, start = Pages(), time.process_time(), time.perf_counter()
        async with NetworkSender() as inner:
            importing = backfilling(home, Asked(), tell=pages.tell, sender=Unlimited(inner))
            async with importing as backfill:
                before = rss_mb()
                rows = await backfill.run()
                took, cpu = time.perf_counter() - start, time.process_time() - cpu
        tell("Rehearsing ...")
        rehearsing = time.perf_counter()
        shown = rehearsal(home)
        rehearsing = time.perf_counter() - rehearsing
        pipe.send("how often were you called?")
        calls: dict[str, int] = pipe.recv()
    seen = sum(one.seen for one in rows)
    return {
        "store": home.database_url.partition(":")[0],
        "clients": clients,
        "records_listed": seen,
        "not_done": [f"{one.name} {one.state} {one.problem}" for one in rows if one.problem],
        "seconds": round(took, 1),
        "records_per_second": round(seen / took),
        "cpu_ms_per_record": round(1000 * cpu / seen, 2),
        "vendor_calls": sum(calls.values()),
        "vendor_writes": {route: n for route, n in calls.items() if _writes(route)},
        "page_ms_at_start_and_end": {
            name: [round(1000 * first), round(1000 * last)]
            for name, (first, last) in pages.page_seconds().items()
        },
        "rss_mb_before_halfway_and_most": [
            round(before),
            round(pages.memory[len(pages.memory) // 2]),
            round(max(pages.memory)),
        ],
        "rehearsal_seconds": round(rehearsing, 1),
        "accounts_rehearsed": shown,
    }


def rehearsal(home: Home) -> int:
    loaded = home.load()
    connections = {one.name: one for one in connections_of(loaded)}
    database = home.open_database()
    try:
        now = SystemClock().now()
        found = database.rehearse(lambda tx: show(tx, loaded.policy, connections, "bench"), now)
    finally:
        database.close()
    return found.untouched.accounts


def _writes(route: str) -> bool:
    return not route.startswith("GET ") and not route.endswith(("/search", "/batch/read"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--clients", type=int, default=2000)
    wanted = parser.parse_args()
    tell = (lambda _: None) if wanted.json else (lambda words: print(words, flush=True))
    found = asyncio.run(measure(wanted.clients, tell))
    if wanted.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):32} {value}")


if __name__ == "__main__":
    main()
