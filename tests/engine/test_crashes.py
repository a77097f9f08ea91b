"""Death between any two steps, and a new start: nothing is lost, nothing is doubled."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from engine.supervising import Supervisor, supervised, until

STEPS = [
    ("before the delivery commits", (1, 3)),
    ("after the delivery commits", (1, 3)),
    ("after absorbing", (2, 9)),
    ("after claiming", (2, 5, 12)),
    ("after sending commits", (1, 2, 5)),
    ("answer read, not recorded", (1, 2, 5)),
    ("before a write", (1, 3, 5, 9)),
    ("after a write", (1, 2, 3, 4, 5, 7, 10)),
    ("after a request", (2,)),
]
SPOTS = [(point, nth) for point, numbers in STEPS for nth in numbers]


async def _invoice(supervisor: Supervisor) -> Any:
    invoices = (await supervisor.stage.state("stripe"))["invoices"]
    return next((one for one in invoices if one["status"] == "open"), None)


async def _told(supervisor: Supervisor) -> Any:
    """Whether the CRM shows the payment and both mails left or are somebody's case."""
    status = await supervisor.settled()
    if status is None:
        return None
    state = await supervisor.stage.state("hubspot")
    paid = [d["properties"].get("tricord_payment_status") for d in state["deals"]] == ["paid"]
    mails = len((await supervisor.stage.state("smtp"))["messages"])
    unknown = status["commands"].get("unknown", 0)
    logged = len(state["emails"]) == 2 - unknown
    return status if paid and mails + unknown >= 2 and logged else None


async def _story(folder: Path, spot: tuple[str, int]) -> None:
    async with supervised(folder, spot=spot) as supervisor:
        stage = supervisor.stage
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        invoice = await until(lambda: _invoice(supervisor), "the deposit is invoiced")
        await stage.act("stripe", f"invoices/{invoice['id']}/pay")
        status = await until(lambda: _told(supervisor), "the payment is told everywhere")
        await asyncio.sleep(0.3)
        stripe, hubspot, mail = [await stage.state(v) for v in ("stripe", "hubspot", "smtp")]
        assert supervisor.deaths == [-signal.SIGKILL], "it must die where the test says, once"
        assert len(stripe["customers"]) == 1
        assert [(i["total"], i["status"]) for i in stripe["invoices"]] == [(360000, "paid")]
        assert len(stripe["sent_emails"]) == 1
        assert len(hubspot["notes"]) == 2
        assert mail["duplicates"] == {}
        unknown = status["commands"].get("unknown", 0)
        assert len(mail["messages"]) <= 2
        assert status["open_cases"] == unknown
        assert status["deliveries"]["parked"] == 0


@pytest.mark.parametrize(("point", "nth"), SPOTS)
def test_t12_t13_dying_at_any_step_loses_and_doubles_nothing(
    tmp_path: Path, point: str, nth: int
) -> None:
    asyncio.run(_story(tmp_path, (point, nth)))
