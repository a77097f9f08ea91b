"""The spine, measured against a floor measured in the same run.

    scripts/bench [--json] [--deals N] [--webhooks N]

Floor: bare HTTP calls per second to the same sandbox, through the same sender, with nothing stored.
Figures that end in `of_bare_http` are fractions of it. Latencies are in milliseconds.
"""

import argparse
import asyncio
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from tricord.app.demo import Stage, running_demo
from tricord.app.home import Home
from tricord.app.wiring import Hub
from tricord.connectors.stripe.connector import CONNECTOR as STRIPE
from tricord.engine.wire import NetworkSender
from tricord.sdk.connector import Limits
from tricord.sdk.talk import get


def percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50_ms": round(1000 * statistics.median(ordered), 1),
        "p99_ms": round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 1),
    }


async def bare_calls_per_second(hub: Hub, calls: int) -> float:
    """One GET that the sandbox answers at once, ten at a time, as a connector would send it."""
    assert hub.engine is not None
    found = next(c for c in hub.engine.connections.values() if c.connector.name == "stripe")
    limitless = replace(STRIPE, limits=Limits(at_once=10, per_second=1e9, burst=1))
    connection = replace(found, connector=limitless)
    async with NetworkSender() as sender:
        request = get("/v1/customers", [("limit", "1")])
        start = time.perf_counter()
        for _ in range(0, calls, 50):
            await asyncio.gather(*(sender.send(connection, request) for _ in range(50)))
        return calls / (time.perf_counter() - start)


async def acknowledgements(stage: Stage, count: int) -> tuple[float, list[float]]:
    """Webhooks per second stored and answered, from eight connections, and each one's latency."""
    outbox = stage.boxes["stripe"].box.outbox
    parcel = outbox.parcels[0]
    event = json.loads(parcel.body)
    took: list[float] = []

    async def some(session: aiohttp.ClientSession, numbers: range) -> None:
        for number in numbers:
            body = json.dumps(event | {"id": f"evt_bench_{number}", "type": "x.y"}).encode()
            headers = parcel.sign(body, parcel.url)
            start = time.perf_counter()
            async with session.post(parcel.url, data=body, headers=headers) as answer:
                assert answer.status == 200, answer.status
            took.append(time.perf_counter() - start)

    async with aiohttp.ClientSession() as session:
        start = time.perf_counter()
        await asyncio.gather(*(some(session, range(n, count, 8)) for n in range(8)))
        return count / (time.perf_counter() - start), took


async def signatures(stage: Stage, deals: int) -> list[float]:
    """From "stage changed" to the sent invoice, one deal after the other."""
    names = []
    for n in range(deals):
        client = {"company": f"Company {n}", "contact_email": f"c{n}@bench.example"}
        names.append(await stage.new_deal(0, name=f"Deal {n}", **client))
    await asyncio.sleep(2.0)
    took = []
    for number, deal in enumerate(names):
        start = time.perf_counter()
        await stage.move(deal, "contractsigned")
        while True:
            state = await stage.state("stripe")
            if len(state["sent_emails"]) > number:
                break
            await asyncio.sleep(0.01)
        took.append(time.perf_counter() - start)
        await asyncio.sleep(0.3)
    return took


async def measure(deals: int, webhooks: int, tell: Callable[[str], None]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tricord-bench-") as folder:
        async with running_demo(Home(Path(folder)), seed=1, poll="10 minutes") as (hub, stage):
            tell(f"Signing {deals} deals ...")
            before = await stage.calls()
            took = await signatures(stage, deals)
            await asyncio.sleep(3.0)
            calls = await stage.calls() - before
            tell("Measuring the floor ...")
            floor = await bare_calls_per_second(hub, 2000)
            tell(f"Sending {webhooks} webhooks ...")
            cpu = time.process_time()
            rate, answers = await acknowledgements(stage, webhooks)
            cpu = time.process_time() - cpu
    return {
        "store": "sqlite",
        "bare_http_calls_per_second": round(floor),
        "webhooks_acknowledged_per_second": round(rate),
        "webhooks_acknowledged_of_bare_http": round(rate / floor, 3),
        "acknowledgement": percentiles(answers),
        "cpu_ms_per_webhook_with_sender": round(1000 * cpu / webhooks, 2),
        "signature_to_sent_invoice": percentiles(took),
        "vendor_calls_per_invoice": round(calls / deals, 1),
        "rss_mb_with_sandboxes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--deals", type=int, default=20)
    parser.add_argument("--webhooks", type=int, default=2000)
    wanted = parser.parse_args()
    tell = (lambda _: None) if wanted.json else (lambda words: print(words, flush=True))
    found = asyncio.run(measure(wanted.deals, wanted.webhooks, tell))
    if wanted.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):42} {value}")


if __name__ == "__main__":
    main()
