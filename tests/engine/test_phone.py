"""The phone on real sockets: texts and calls in, texts out once, whatever is lost on the way."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import update

from engine.supervising import until
from tricord.app.demo import Stage, running_demo
from tricord.app.home import Home
from tricord.app.wiring import Hub
from tricord.core.commands import Because, EffectState, SendMessage
from tricord.core.consent import OPTED_OUT
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Kind, Ref
from tricord.core.records import (
    Call,
    CallStatus,
    Channel,
    Direction,
    Message,
    MessageStatus,
    Record,
)
from tricord.sandbox.outbox import Outbox
from tricord.store import commands, deliveries, mirror, views
from tricord.store.database import Tx
from tricord.store.row_views import CommandRow
from tricord.store.schema import commands as command_rows

Play = Callable[[Hub, Stage], Awaitable[None]]
PHONE, CLIENT, FIRM = ConnectionName("phone"), "+15550142", "+15550100"


def play(folder: Path, story: Play, poll: str = "10 minutes") -> None:
    async def whole() -> None:
        async with running_demo(Home(folder), seed=7, poll=poll) as (hub, stage):
            await story(hub, stage)

    asyncio.run(whole())


async def texted(stage: Stage, body: str, **more: Any) -> Ref:
    """A client texts the firm; what the hub will call it."""
    made = await stage.act("twilio", "texts", **{"from": CLIENT, "body": body, **more})
    return Ref(PHONE, Kind.MESSAGE, ExternalId(made["sid"]))


async def known(hub: Hub, ref: Ref) -> Record | None:
    found = await hub.read(lambda tx: mirror.known(tx, ref))
    return found[1] if found else None


async def a_deal(hub: Hub, stage: Stage) -> tuple[AccountId, Ref]:
    """A client the hub knows, and their deal."""
    deal = await stage.new_deal(0)

    async def seen() -> Any:
        return await hub.read(lambda tx: views.accounts(tx, limit=9))

    (row,) = await until(seen, "the hub knows the client")
    return AccountId(row.id), Ref(ConnectionName("hubspot"), Kind.DEAL, ExternalId(deal))


async def plan(hub: Hub, client: tuple[AccountId, Ref], name: str, *, again: bool = False) -> str:
    """Ask for one text message, as a rule would; `again` as if an attempt had been lost."""
    account, deal = client
    command = SendMessage(
        key=f"message/{deal}/{name}/sms",
        connection=PHONE,
        account=account,
        because=Because(rule="reminders", policy="p"),
        template=name,
        recipient=CLIENT,
        recipient_name="Ana Lindqvist",
        subject="",
        body=f"Your invoice is open ({name}).",
        about=deal,
        at=datetime.now(UTC),  # noqa: TID251 - the moment a rule would have been asked at
        channel=Channel.SMS,
    )

    def add(tx: Tx) -> None:
        commands.add(tx, account, command, EffectState.READY, tx.now)
        if again:
            here = update(command_rows).where(command_rows.c.key == command.key)
            tx.db.execute(here.values(again=True, attempts=1))

    await hub.database.write(add, command.at)
    return command.key


async def ended(hub: Hub, key: str) -> CommandRow:
    async def over() -> Any:
        rows = await hub.read(lambda tx: views.commands(tx, limit=99))
        return next((r for r in rows if r.key == key and r.state not in _ON_ITS_WAY), None)

    found: CommandRow = await until(over, f"{key} is over")
    return found


_ON_ITS_WAY = ("ready", "sending", "unknown", "held")


async def answered(outbox: Outbox, place: int) -> int | None:
    """What the hub answered to the first try at a callback."""
    return outbox.parcels[place].status if len(outbox.parcels) > place else None


async def outbound(stage: Stage) -> list[dict[str, Any]]:
    rows = (await stage.state("twilio"))["messages"]
    return [row for row in rows if row["direction"] == "outbound-api"]


def test_a_clients_text_is_a_message_in_the_mirror_and_answered_with_empty_twiml(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        ref = await texted(stage, "Ist das fällig? 50 % + Steuer")
        found = await until(lambda: known(hub, ref), "the message is known")
        assert isinstance(found, Message)
        assert (found.channel, found.direction) == (Channel.SMS, Direction.IN)
        assert found.body == "Ist das fällig? 50 % + Steuer"
        assert (found.sender, found.recipient, found.other) == (CLIENT, FIRM, CLIENT)
        box = stage.boxes["twilio"].box
        (parcel,) = [one for one in box.outbox.parcels if ref.external_id in one.about]
        assert (parcel.done, parcel.attempts) == (True, 1)
        async with aiohttp.ClientSession() as session:
            signed = parcel.sign(parcel.body, parcel.url)
            async with session.post(parcel.url, data=parcel.body, headers=signed) as answer:
                assert (answer.status, answer.content_type) == (200, "text/xml")
                assert await answer.text() == "<Response/>"
        counts = await hub.read(deliveries.counts)
        assert counts == {"waiting": 0, "absorbed": 1, "parked": 0}

    play(tmp_path, story)


def test_t01_a_text_that_another_signed_is_refused_and_reaches_nobody(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        url = f"{hub.base_url}/hooks/phone"
        body = b"MessageSid=SM1&From=%2B15550142&To=%2B15550100&Body=STOP"
        box: Any = stage.boxes["twilio"].box
        box.account.hooks.auth_token = hashlib.sha256(b"another").hexdigest()[:32]
        made = box.account.hooks._signer("t")(body, url)
        async with aiohttp.ClientSession() as session:
            for headers in (made, {}, {**made, "X-Twilio-Signature": ""}):
                async with session.post(url, data=body, headers=headers) as answer:
                    assert answer.status == 401
        assert (await hub.read(deliveries.counts))["absorbed"] == 0

    play(tmp_path, story)


def test_t01_callbacks_signed_by_a_shared_key_are_taken_once_it_is_configured(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await stage.act("twilio", "twilio", algorithm="HMAC_SHA256")
        outbox = stage.boxes["twilio"].box.outbox
        await texted(stage, "Nobody knows this key")
        assert await until(lambda: answered(outbox, 0), "it is answered") == 401
        assert hub.engine is not None
        phone = hub.engine.connections[PHONE]
        made = stage.boxes["twilio"].box.credentials
        settings: Any = phone.access.settings
        settings["shared_key_id"], settings["shared_secret"] = (
            made["shared_key_id"],
            made["shared_secret"],
        )
        await texted(stage, "Now it is known")
        assert await until(lambda: answered(outbox, 1), "it is answered") == 200

    play(tmp_path, story)


def test_a_text_leaves_once_and_what_became_of_it_is_recorded(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        client = await a_deal(hub, stage)
        key = await plan(hub, client, "first")
        row = await ended(hub, key)
        assert row.state == "done"
        (sent,) = await outbound(stage)
        assert (sent["to"], sent["from"]) == (CLIENT, FIRM)
        ref = Ref(PHONE, Kind.MESSAGE, ExternalId(sent["sid"]))

        async def delivered() -> Any:
            found = await known(hub, ref)
            assert isinstance(found, Message)
            return found if found.status is MessageStatus.DELIVERED else None

        found = await until(delivered, "the callback is recorded")
        assert found.about == client[1]
        (home, _) = await hub.read(lambda tx: mirror.known(tx, ref)) or (None, None)
        assert home == client[0]

    play(tmp_path, story)


async def strike(stage: Stage, fault: str) -> None:
    """The next text that is sent meets this."""
    sending = {"method": "POST", "path": "*/Messages.json", "next": 1}
    await stage.act("twilio", "faults", set=[{"fault": fault, **sending}])


def test_t14_a_text_whose_answer_is_lost_is_looked_up_and_not_sent_again(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        client = await a_deal(hub, stage)
        await strike(stage, "timeout_after_acting")
        row = await ended(hub, await plan(hub, client, "first"))
        assert (row.state, row.attempts) == ("done", 2)
        assert len(await outbound(stage)) == 1
        await strike(stage, "server_error")
        row = await ended(hub, await plan(hub, client, "second"))
        assert (row.state, row.attempts) == ("done", 2)
        bodies = [one["body"] for one in await outbound(stage)]
        assert bodies == ["Your invoice is open (first).", "Your invoice is open (second)."]

    play(tmp_path, story)


def test_t59_a_refusal_for_an_opt_out_is_learned_and_the_next_text_does_not_leave(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await stage.act("twilio", "settings", webhooks=False)
        await texted(stage, "STOP")
        client = await a_deal(hub, stage)
        row = await ended(hub, await plan(hub, client, "first"))
        assert row.state == "refused"
        cases = await hub.read(lambda tx: views.cases(tx, limit=9))
        assert [case.kind for case in cases] == ["refused"]
        calls = (await stage.state("twilio"))["calls_made"]["by_route"]["POST /Messages.json"]
        row = await ended(hub, await plan(hub, client, "second"))
        assert row.state == "skipped"
        state = await stage.state("twilio")
        assert state["calls_made"]["by_route"]["POST /Messages.json"] == calls
        assert await outbound(stage) == []

    play(tmp_path, story)


def test_t59_a_repeat_looks_for_what_was_sent_and_sends_nothing_to_who_opted_out(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await stage.act("twilio", "settings", webhooks=False)
        await texted(stage, "STOP")
        client = await a_deal(hub, stage)
        assert (await ended(hub, await plan(hub, client, "first"))).state == "refused"
        key = await plan(hub, client, "second", again=True)
        assert (await ended(hub, key)).state == "skipped"
        effects = await hub.read(lambda tx: commands.effects_of(tx, client[0]))
        assert effects[key].problem == OPTED_OUT
        routes = (await stage.state("twilio"))["calls_made"]["by_route"]
        assert routes["POST /Messages.json"] == 1
        assert await outbound(stage) == []

    play(tmp_path, story)


def test_t14_a_repeat_that_cannot_tell_is_left_to_a_person_whatever_the_gate_says(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        client = await a_deal(hub, stage)
        assert (await ended(hub, await plan(hub, client, "first"))).state == "done"
        box: Any = stage.boxes["twilio"].box
        (sent,) = box.account.messages.values()
        sent.body = ""  # redacted at the vendor
        await stage.act("twilio", "settings", webhooks=False)
        await texted(stage, "STOP")
        assert (await ended(hub, await plan(hub, client, "second"))).state == "refused"
        key = await plan(hub, client, "third", again=True)
        assert (await ended(hub, key)).state == "refused"
        effects = await hub.read(lambda tx: commands.effects_of(tx, client[0]))
        assert "has lost its text" in effects[key].problem

    play(tmp_path, story)


def test_what_webhooks_lost_a_poll_finds(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await stage.act("twilio", "settings", webhooks=False)
        ref = await texted(stage, "Nobody told you")
        call = await stage.act("twilio", "calls", **{"from": CLIENT, "outcome": "missed"})
        found = await until(lambda: known(hub, ref), "the poll finds the message")
        assert isinstance(found, Message)
        assert found.body == "Nobody told you"
        phoned = Ref(PHONE, Kind.CALL, ExternalId(call["sid"]))
        missed = await until(lambda: known(hub, phoned), "the poll finds the call")
        assert isinstance(missed, Call)
        assert missed.status is CallStatus.MISSED
        await asyncio.sleep(2.5)
        counts = await hub.read(deliveries.counts)
        assert counts["absorbed"] == 1, "what is known is not taken in again"
        made = (await stage.state("twilio"))["calls_made"]["by_route"]
        assert made["GET /Calls/{Sid}.json"] == 1, "a call that did not change is not read again"

    play(tmp_path, story, poll="1 second")


@pytest.mark.parametrize(
    ("outcome", "status", "seconds", "recordings"),
    [
        ("answered", CallStatus.COMPLETED, 75, 0),
        ("missed", CallStatus.MISSED, 0, 0),
        ("voicemail", CallStatus.MISSED, 0, 1),
        ("hung_up", CallStatus.MISSED, 0, 0),
    ],
)
def test_a_call_is_told_by_its_legs(
    tmp_path: Path, outcome: str, status: CallStatus, seconds: int, recordings: int
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        fields = {"from": CLIENT, "outcome": outcome, "seconds": 75}
        made = await stage.act("twilio", "calls", **fields)
        ref = Ref(PHONE, Kind.CALL, ExternalId(made["sid"]))
        found = await until(lambda: known(hub, ref), "the call is known")
        assert isinstance(found, Call)
        assert (found.status, found.seconds) == (status, seconds)
        assert len(found.recordings) == recordings
        assert (found.direction, found.other) == (Direction.IN, CLIENT)

    play(tmp_path, story)
