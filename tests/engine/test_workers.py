"""Several workers on one PostgreSQL: any may die or sleep, and nothing is lost or doubled."""

import asyncio
import os
import random
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from engine.crew import Crew, crew
from engine.supervising import until
from tricord.core.commands import EffectState
from tricord.engine.clock import SystemClock
from tricord.store import schema, views
from tricord.store.codec import to_micros
from tricord.store.database import Tx

KILLS = 50 if os.environ.get("TRICORD_LONG") else 6
CONTINUES_WITHIN = 10.0


async def _sign(crew: Crew, number: int) -> None:
    client = {"company": f"Company {number}", "contact_email": f"c{number}@crew.example"}
    deal = await crew.stage.new_deal(0, name=f"Deal {number}", **client)
    await crew.stage.move(deal, "contractsigned")


async def _read(crew: Crew, work: Any) -> Any:
    return await crew.database.read(work, SystemClock().now())


def _in_hand(tx: Tx) -> dict[int, int]:
    """How many commands each worker is sending just now."""
    table = schema.commands
    query = select(table.c.worker, func.count()).where(table.c.state == str(EffectState.SENDING))
    return dict(tx.db.execute(query.group_by(table.c.worker)).all())


def _orphaned(tx: Tx) -> list[tuple[int, int]]:
    """(the worker that died, when its attempt was taken up by another)."""
    table = schema.attempts
    query = select(table.c.worker, table.c.ended_at).where(table.c.problem.like("%worker stopped%"))
    return [(row.worker, row.ended_at) for row in tx.db.execute(query)]


async def _settled(crew: Crew) -> dict[str, Any] | None:
    status: dict[str, Any] = await _read(crew, views.status)
    moving = {"ready", "sending"} & set(status["commands"])
    waiting = status["deliveries"]["waiting"] + status["hints"]
    return None if moving or waiting else status


async def _judge(crew: Crew, deals: int, paid: int) -> None:
    """Each vendor's own ledger: one object per business key, however often workers died."""

    async def all_there() -> Any:
        stripe, hubspot = [await crew.stage.state(v) for v in ("stripe", "hubspot")]
        done = len(stripe["sent_emails"]) >= deals and len(hubspot["notes"]) >= deals + paid
        return done and await _settled(crew)

    status = await until(all_there, "every deal is invoiced and told", 240)
    stripe, hubspot, mail = [await crew.stage.state(v) for v in ("stripe", "hubspot", "smtp")]
    assert len(stripe["customers"]) == deals
    assert [(i["total"]) for i in stripe["invoices"]] == [360000] * deals
    assert len(stripe["sent_emails"]) == deals
    assert len(hubspot["notes"]) == deals + paid
    assert mail["duplicates"] == {}
    unknown = status["commands"].get("unknown", 0)
    assert len(mail["messages"]) <= 2 * paid <= len(mail["messages"]) + unknown
    found = await _read(crew, lambda tx: views.cases(tx, limit=99))
    assert {case.kind for case in found} <= {"unknown"}, "only a mail may be unknown for good"
    assert len(found) == unknown
    assert status["deliveries"]["parked"] == 0


def test_t12_t13_kill_9_of_one_of_three_workers_again_and_again_repeats_and_loses_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    async def whole() -> None:
        async with crew(tmp_path, postgres_url) as made:
            await made.stage.act("stripe", "stripe", latency_seconds=0.15)
            dice, kills, paid = random.Random(7), {}, 0
            for number in range(KILLS):
                await _sign(made, number)
                busy = await until(lambda: _read(made, _in_hand), "a worker has work in hand", 60)
                victim = dice.choice([n for n in made.workers if n in busy] or [*made.workers])
                kills[victim] = to_micros(SystemClock().now())
                await made.kill(victim)
                await made.hire()
            for invoice in (await made.stage.state("stripe"))["invoices"][:5]:
                if invoice["status"] == "open":
                    await made.stage.act("stripe", f"invoices/{invoice['id']}/pay")
                    paid += 1
            await _judge(made, KILLS, paid)
            late = [
                (ended - kills[worker]) / 1e6
                for worker, ended in await _read(made, _orphaned)
                if worker in kills
            ]
            assert late, "workers were killed with work in hand"
            assert max(late) < CONTINUES_WITHIN, sorted(late)[-5:]

    asyncio.run(whole())


def test_t14_a_worker_that_sleeps_for_half_a_minute_does_no_harm(
    tmp_path: Path, postgres_url: str
) -> None:
    async def whole() -> None:
        async with crew(tmp_path, postgres_url) as made:
            await made.stage.act("stripe", "stripe", latency_seconds=0.3)
            for number in range(6):
                await _sign(made, number)
            busy = await until(lambda: _read(made, _in_hand), "a worker has work in hand", 60)
            sleeper = made.workers[max(busy, key=lambda worker: busy[worker])]
            sleeper.send_signal(signal.SIGSTOP)
            for number in range(6, 10):
                await _sign(made, number)
            await asyncio.sleep(30)
            sleeper.send_signal(signal.SIGCONT)
            await asyncio.sleep(3)
            await _judge(made, 10, 0)

    asyncio.run(whole())
