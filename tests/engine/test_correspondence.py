"""Correspondence from end to end: what clients answer stands on the deal, what bounces is told."""

import asyncio
from pathlib import Path
from typing import Any

from engine.supervising import until
from engine.test_mailbox import mail, paid, play, read_of
from engine.test_spine import quiet
from tricord.app.demo import Stage
from tricord.app.wiring import Hub
from tricord.store import views


async def emails(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await stage.state("hubspot"))["emails"]
    return found


async def receipt(stage: Stage) -> str:
    sent = (await mail(stage))["messages"]
    return next(str(one["id"]) for one in sent if one["subject"].startswith("Receipt"))


async def on_deal(stage: Stage, email: dict[str, Any]) -> bool:
    state = await stage.state("hubspot")
    return any(
        {row["from_type"], row["to_type"]} == {"deals", "emails"}
        and str(email["id"]) in (str(row["from_id"]), str(row["to_id"]))
        for row in state["associations"]
    )


async def logged(stage: Stage, count: int) -> list[dict[str, Any]]:
    async def check() -> list[dict[str, Any]] | None:
        found = await emails(stage)
        return found if len(found) >= count else None

    found: list[dict[str, Any]] = await until(check, f"{count} mails are on the timeline")
    return found


def test_a_clients_answer_stands_on_the_deal_once_and_our_mails_are_not_doubled(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await paid(hub, stage)
        await stage.act("smtp", f"mails/{await receipt(stage)}/reply", text="Thank you, Harbour!")
        await stage.act("smtp", f"mails/{await receipt(stage)}/away", text="I am away.")
        assert await read_of(hub, stage) == 4
        found = await logged(stage, 3)
        await asyncio.sleep(1.5)
        await quiet(hub)
        assert len(await emails(stage)) == len(found) == 3
        (answer,) = [e for e in found
                     if e["properties"]["hs_email_subject"].startswith("Re: ")]  # fmt: skip
        assert answer["properties"]["hs_email_text"] == "Thank you, Harbour!"
        assert await on_deal(stage, answer)
        assert await hub.read(lambda tx: views.cases(tx, limit=9)) == []

    play(tmp_path, story)


def test_a_bounce_is_a_case_of_its_client_and_the_next_mail_stays_here(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await paid(hub, stage)
        await stage.act("smtp", f"mails/{await receipt(stage)}/bounce", code="5.1.1")

        async def told() -> Any:
            return await hub.read(lambda tx: views.cases(tx, limit=9))

        (case,) = await until(told, "the bounce is a case")
        assert case.kind == "bounced"
        assert "Northwind Traders" in case.title
        assert "a***@northwind.example" in case.title
        await quiet(hub)
        assert len(await emails(stage)) == 2, "a report is no correspondence"

    play(tmp_path, story)
