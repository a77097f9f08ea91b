"""A mailbox beside the hub: read once, and answered never."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from engine.supervising import until
from engine.test_spine import invoices, quiet
from tricord.app.demo import Stage, demo_policy, demo_secrets, running_stage
from tricord.app.home import Home
from tricord.app.web import free_port
from tricord.app.wiring import Hub, running_hub
from tricord.store.database import Tx
from tricord.store.schema import deliveries

Play = Callable[[Hub, Stage], Awaitable[None]]


def play(folder: Path, story: Play) -> None:
    async def whole() -> None:
        home, port = Home(folder), free_port()
        async with running_stage(f"http://127.0.0.1:{port}", seed=7) as stage:
            home.make()
            home.policy_path.write_text(demo_policy(stage, "1 second"))
            home.secrets_path.touch(mode=0o600)
            home.secrets_path.write_text(demo_secrets(stage))
            async with running_hub(home, port=port) as hub:
                await story(hub, stage)

    asyncio.run(whole())


async def mail(stage: Stage) -> dict[str, Any]:
    return await stage.state("smtp")


async def paid(hub: Hub, stage: Stage) -> None:
    """A client has paid, and has got a receipt and a thank-you."""
    deal = await stage.new_deal(0)
    await stage.move(deal, "contractsigned")
    (one,) = await until(lambda: invoices(stage), "the deposit is invoiced")
    await stage.act("stripe", f"invoices/{one['id']}/pay")

    async def sent() -> bool:
        return len((await mail(stage))["messages"]) >= 2

    await until(sent, "receipt and thank-you have left")


def _kept(tx: Tx) -> int:
    """Mails stored, waiting or read."""
    query = select(func.count()).where(deliveries.c.connection == "inbox")
    return int(tx.db.execute(query).scalar_one())


async def read_of(hub: Hub, stage: Stage) -> int:
    """How many mails the hub holds, once it has read all there are."""

    async def all_read() -> int:
        folders = (await mail(stage))["folders"]
        kept = await hub.read(_kept)
        return kept if kept >= folders["INBOX"] + folders["Sent"] else 0

    found: int = await until(all_read, "every mail is read")
    await quiet(hub)
    return found


def test_t24_an_auto_responder_that_answers_everything_gets_at_most_one_message(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await stage.act("smtp", "addresses", address="ana@northwind.example", away="I am away.")
        await paid(hub, stage)
        for _ in range(3):
            assert await read_of(hub, stage) == 4
            await asyncio.sleep(1.1)
        held = await mail(stage)
        subjects = [one["subject"].split(" for ")[0] for one in held["messages"]]
        assert sorted(subjects) == ["Receipt", "Thank you from Harbour Studio"]
        assert len(held["inbox"]) == 2, "each notice is an answer, and none was answered"
        assert held["duplicates"] == {}

    play(tmp_path, story)


def test_a_mailbox_is_read_once_also_when_it_is_numbered_anew(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        for number in range(3):
            await stage.act("smtp", "mails", **{"from": f"a{number}@x.example", "text": "Hello"})
        assert await read_of(hub, stage) == 3
        await stage.act("smtp", "mailbox", renumber=True)
        await stage.act("smtp", "mails", **{"from": "b@x.example", "text": "Hello"})
        assert await read_of(hub, stage) == 4
        await asyncio.sleep(1.2)
        assert await read_of(hub, stage) == 4
        assert (await mail(stage))["unseen"] == 4, "nothing is marked as read"

    play(tmp_path, story)


def test_nobody_can_push_a_mail_in_from_outside(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        url = f"{hub.base_url}/hooks/inbox"
        async with stage.session.post(url, data=b"From: ana@northwind.example\r\n\r\nx") as answer:
            assert answer.status == 404

    play(tmp_path, story)
