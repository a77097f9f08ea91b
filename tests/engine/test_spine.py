"""The spine on real sockets: webhooks in, invoices out, whatever the order, number or forgery."""

import asyncio
import base64
import hashlib
import hmac
import io
import json
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.building import NOW
from engine.supervising import until
from tricord.app.checking import check_connections
from tricord.app.connecting import connections_of
from tricord.app.demo import Stage, demo_policy, demo_secrets, running_demo, running_stage
from tricord.app.home import Home
from tricord.app.wiring import Hub, running_hub
from tricord.engine.engine import Engine
from tricord.store import audit, cases, deliveries, views

Play = Callable[[Hub, Stage], Awaitable[None]]


def play(folder: Path, story: Play, poll: str = "30 seconds") -> None:
    async def whole() -> None:
        async with running_demo(Home(folder), seed=7, poll=poll) as (hub, stage):
            await story(hub, stage)

    asyncio.run(whole())


async def quiet(hub: Hub) -> dict[str, Any]:
    """Wait until nothing waits or is on its way; the hub's own figures then."""

    async def check() -> dict[str, Any] | None:
        status: dict[str, Any] = await hub.read(views.status)
        moving = {"ready", "sending"} & set(status["commands"])
        waiting = status["deliveries"]["waiting"] + status["hints"]
        return None if moving or waiting else status

    await asyncio.sleep(0.3)
    found: dict[str, Any] = await until(check, "the hub comes to rest")
    return found


async def invoices(stage: Stage) -> list[dict[str, Any]]:
    """Every invoice at Stripe, once each has been sent: a draft is on its way there."""
    state = await stage.state("stripe")
    found: list[dict[str, Any]] = state["invoices"]
    return found if len(state["sent_emails"]) >= len(found) else []


def signed(stage: Stage, hub: Hub, body: bytes, *, age: float = 0.0) -> dict[str, str]:
    """HubSpot's v3 signature, computed here from its documentation."""
    secret = stage.boxes["hubspot"].box.credentials["webhook_secret"]
    stamp = str(int((time.time() - age) * 1000))  # noqa: TID251 - the vendor's clock
    message = b"POST" + f"{hub.base_url}/hooks/hubspot".encode() + body + stamp.encode()
    mac = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()
    return {"X-HubSpot-Signature-v3": mac, "X-HubSpot-Request-Timestamp": stamp}


def event(deal: str, **changes: Any) -> bytes:
    one = {
        "eventId": 1, "subscriptionId": 2, "portalId": 3, "appId": 4, "occurredAt": 1700000000000,
        "subscriptionType": "deal.propertyChange", "attemptNumber": 0, "objectId": int(deal),
        "propertyName": "dealstage", "propertyValue": "contractsigned", "changeSource": "CRM_UI",
    }  # fmt: skip
    return json.dumps([one | changes]).encode()


async def post(
    hub: Hub, session: aiohttp.ClientSession, body: bytes, headers: dict[str, str]
) -> int:
    url = f"{hub.base_url}/hooks/hubspot"
    async with session.post(url, data=io.BytesIO(body), headers=headers) as answer:
        return answer.status


def _files(folder: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in folder.iterdir()]


async def _silent(stage: Stage) -> None:
    for vendor in ("hubspot", "stripe"):
        await stage.act(vendor, "settings", webhooks=False)


def test_one_webhook_a_thousand_times_in_any_order_from_8_connections_is_one_invoice(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await _silent(stage)
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        bodies = [event(deal, eventId=n % 25, attemptNumber=n % 3) for n in range(1000)]

        async def some(part: list[bytes]) -> list[int]:
            async with aiohttp.ClientSession() as session:
                return [await post(hub, session, b, signed(stage, hub, b)) for b in part]

        answers = await asyncio.gather(*(some(bodies[n::8]) for n in range(8)))
        assert {status for part in answers for status in part} == {200}
        await until(lambda: invoices(stage), "the deposit is invoiced")
        await quiet(hub)
        assert [one["total"] for one in await invoices(stage)] == [360000]
        assert len((await stage.state("stripe"))["sent_emails"]) == 1
        counts = await hub.read(deliveries.counts)
        assert counts == {"waiting": 0, "absorbed": 75, "parked": 0}

    play(tmp_path, story, poll="10 minutes")


def test_t01_t02_a_wrong_missing_or_stale_signature_is_401_and_reaches_no_account(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await _silent(stage)
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        body = event(deal)
        good = signed(stage, hub, body)
        wrong = good | {"X-HubSpot-Signature-v3": base64.b64encode(b"0" * 32).decode()}
        other = signed(stage, hub, body + b" ")
        async with aiohttp.ClientSession() as session:
            for headers in ({}, wrong, other, signed(stage, hub, body, age=360),
                            signed(stage, hub, body, age=-360),
                            {k: v for k, v in good.items() if "Timestamp" not in k}):  # fmt: skip
                assert await post(hub, session, body, headers) == 401
            async with session.post(f"{hub.base_url}/hooks/nobody", data=body) as answer:
                assert answer.status == 404
            async with session.post(f"{hub.base_url}/hooks/mail", data=body) as answer:
                assert answer.status == 404
        counts = await hub.read(deliveries.counts)
        assert counts == {"waiting": 0, "absorbed": 0, "parked": 0}
        async with aiohttp.ClientSession() as session:
            assert await post(hub, session, body, signed(stage, hub, body, age=240)) == 200
        await until(lambda: invoices(stage), "a true one is acted on")

    play(tmp_path, story)


def test_t03_a_body_that_is_too_large_is_refused_before_it_is_stored(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        body = b" " * (2 * 1024 * 1024 + 1)
        async with aiohttp.ClientSession() as session:
            assert await post(hub, session, body, signed(stage, hub, body)) == 413
        assert (await hub.read(deliveries.counts))["waiting"] == 0

    play(tmp_path, story)


def test_with_webhooks_switched_off_everything_still_happens_by_polling(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await _silent(stage)
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        (one,) = await until(lambda: invoices(stage), "the deposit is invoiced")
        await stage.act("stripe", f"invoices/{one['id']}/pay")

        async def shown() -> bool:
            (row,) = (await stage.state("hubspot"))["deals"]
            return bool(row["properties"].get("tricord_payment_status") == "paid")

        await until(shown, "the CRM shows the payment")
        await quiet(hub)
        assert len((await stage.state("smtp"))["messages"]) == 2
        assert len(await invoices(stage)) == 1

    play(tmp_path, story, poll="1 second")


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'[{"objectId": 5}]', b"\xff\xfe", b'[{"subscriptionType": 3}]']
)
def test_an_unreadable_payload_is_parked_whole_with_a_case_that_says_what(
    tmp_path: Path, body: bytes
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        async with aiohttp.ClientSession() as session:
            assert await post(hub, session, body, signed(stage, hub, body)) == 200

        async def parked() -> Any:
            return (await hub.read(deliveries.counts))["parked"] == 1

        await until(parked, "it is parked")
        (case,) = await hub.read(lambda tx: views.cases(tx, limit=9))
        assert case.kind == "parked"
        assert case.owner == "role:operations"
        assert "$" in case.title
        kept = await hub.read(lambda tx: deliveries.opened(tx, int(case.key.split("/")[1])))
        assert kept is not None
        assert kept.body == body

    play(tmp_path, story)


def test_t53_one_bad_event_does_not_stop_the_others(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await _silent(stage)
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        async with aiohttp.ClientSession() as session:
            for body in (b"[7]", event(deal), b"nonsense"):
                assert await post(hub, session, body, signed(stage, hub, body)) == 200
        await until(lambda: invoices(stage), "the good one is acted on")
        assert (await hub.read(deliveries.counts))["parked"] == 2

    play(tmp_path, story)


def test_facts_before_go_live_cause_nothing_and_those_after_it_do(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        old = await stage.new_deal(0)
        await stage.move(old, "contractsigned", at="2026-10-15T12:00:00Z")
        await quiet(hub)
        assert (await stage.state("stripe"))["invoices"] == []
        commands = await hub.read(lambda tx: views.commands(tx, limit=9))
        assert commands == []
        await stage.move(old, "milestone1")
        (one,) = await until(lambda: invoices(stage), "what came after go-live is invoiced")
        assert one["total"] == 480000

    play(tmp_path, story)


def test_t14_an_answer_lost_after_stripe_acted_is_looked_up_and_not_repeated(
    tmp_path: Path,
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0)
        await quiet(hub)
        fault = {"fault": "server_error", "status": 500, "next": 3, "acts": True}
        await stage.act("stripe", "faults", set=[fault])
        await stage.move(deal, "contractsigned")
        await until(lambda: invoices(stage), "the deposit is invoiced")
        await quiet(hub)
        state = await stage.state("stripe")
        assert len(state["customers"]) == 1
        assert [(i["total"], i["status"]) for i in state["invoices"]] == [(360000, "open")]
        assert len(state["sent_emails"]) == 1

    play(tmp_path, story)


def test_t14_a_mail_whose_answer_is_lost_is_never_sent_twice_but_is_a_case(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        (one,) = await until(lambda: invoices(stage), "the deposit is invoiced")
        await quiet(hub)
        await stage.act("smtp", "faults", set=[{"fault": "timeout_after_acting", "next": 1}])
        await stage.act("stripe", f"invoices/{one['id']}/pay")

        async def told() -> Any:
            return await hub.read(lambda tx: views.cases(tx, limit=9))

        (case,) = await until(told, "the unknown mail is a case")
        assert case.kind == "unknown"
        status = await quiet(hub)
        assert status["commands"]["unknown"] == 1
        mails = await stage.state("smtp")
        assert len(mails["messages"]) == 2
        assert mails["duplicates"] == {}

    play(tmp_path, story)


def test_t18_our_own_writes_come_back_as_webhooks_and_settle(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        await until(lambda: invoices(stage), "the deposit is invoiced")
        await quiet(hub)
        calls = await stage.calls()
        await asyncio.sleep(1.0)
        assert await stage.calls() == calls
        writes = await hub.read(lambda tx: views.commands(tx, limit=99))
        assert sum(row.verb == "update_record" for row in writes) == 2

    play(tmp_path, story)


def test_a_key_that_no_longer_works_is_one_case_and_work_goes_on_when_it_does(
    tmp_path: Path,
) -> None:

    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0)
        await quiet(hub)
        await stage.act("stripe", "faults", set=[{"fault": "expired_token", "next": 2}])
        await stage.move(deal, "contractsigned")

        async def told() -> Any:
            return await hub.read(lambda tx: views.cases(tx, limit=9))

        found = await until(told, "the lost access is a case")
        assert [case.kind for case in found] == ["access_lost"]
        await until(lambda: invoices(stage), "it goes on by itself")
        await quiet(hub)
        assert await told() == []

    play(tmp_path, story)


def test_t47_every_effect_has_exactly_one_audit_entry_and_every_leaf_fits(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        (one,) = await until(lambda: invoices(stage), "the deposit is invoiced")
        await stage.act("stripe", f"invoices/{one['id']}/pay")
        await quiet(hub)
        rows = await hub.read(lambda tx: views.commands(tx, limit=99))
        entries = await hub.read(lambda tx: audit.entries(tx, 999))
        done = sorted(str(e["subject"]) for e in entries if e["act"] == "command.done")
        assert done == sorted(row.key for row in rows if row.state == "done")
        assert len(done) == len(rows)
        assert await hub.read(audit.broken_leaves) == []

    play(tmp_path, story)


def test_t39_t44_no_name_address_or_text_stands_readable_in_any_file_of_the_home(
    tmp_path: Path,
) -> None:
    canaries = (
        "Lindqvist",
        "ana@northwind",
        "Northwind",
        "Brand refresh",
        "Nothing is left to pay",
    )

    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        (one,) = await until(lambda: invoices(stage), "the deposit is invoiced")
        await stage.act("stripe", f"invoices/{one['id']}/pay")
        await quiet(hub)
        for name, content in await asyncio.to_thread(_files, tmp_path):
            for canary in canaries:
                assert canary.encode() not in content, (name, canary)

    play(tmp_path, story)


def test_a_large_invoice_waits_for_a_person_and_leaves_when_approved(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0, amount="100000")
        await stage.move(deal, "contractsigned")

        async def told() -> Any:
            return await hub.read(lambda tx: views.cases(tx, limit=9))

        (case,) = await until(told, "the approval is asked for")
        assert (case.kind, case.owner) == ("approval", "role:finance")
        assert (await stage.state("stripe"))["invoices"] == []
        key = case.key.removeprefix("approval/")
        tricord = Path(sys.executable).with_name("tricord")
        process = await asyncio.create_subprocess_exec(
            tricord, "approve", key, "--home", tmp_path, "--by", "cfo"
        )
        assert await process.wait() == 0
        (one,) = await until(lambda: invoices(stage), "it leaves")
        assert one["total"] == 3000000
        assert await told() == []

    play(tmp_path, story)


def test_the_demo_differs_from_the_example_by_address_and_credentials_alone(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        assert isinstance(hub.engine, Engine)
        plain = (Path(__file__).parents[2] / "examples/agency/tricord.yaml").read_text()
        text = demo_policy(stage)
        for name in ("hubspot", "stripe", "twilio"):
            text = text.replace(f' base_url: "{stage.url(name)}", poll: 30 seconds,', "")
        # The mailbox is the demo's own: the example is a firm that connects none.
        text = "".join(line for line in text.splitlines(True) if "connector: imap" not in line)
        text = text.replace(f' base_url: "{stage.url("slack")}",', "")
        assert text == plain

    play(tmp_path, story)


def test_a_changed_policy_is_applied_to_accounts_nobody_touches(tmp_path: Path) -> None:
    async def unmatched(hub: Hub, stage: Stage) -> str:
        deal = await stage.new_deal(0, service_type="hourly")
        await stage.move(deal, "contractsigned")

        async def told() -> Any:
            return await hub.read(lambda tx: views.cases(tx, limit=9))

        (case,) = await until(told, "no plan matches it")
        assert case.kind == "incomplete"
        assert (await stage.state("stripe"))["invoices"] == []
        await quiet(hub)
        return deal

    async def whole() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        home = Home(tmp_path)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with running_stage(address, seed=7) as stage:
            home.make()
            home.policy_path.write_text(demo_policy(stage, "10 minutes"))
            home.secrets_path.touch(mode=0o600)
            home.secrets_path.write_text(demo_secrets(stage))
            async with running_hub(home, listener=listener) as hub:
                await unmatched(hub, stage)
            text = home.policy_path.read_text()
            wider = 'deal.service_type in ["project", "hourly"]'
            home.policy_path.write_text(text.replace('deal.service_type == "project"', wider))
            async with running_hub(home) as hub:
                (one,) = await until(lambda: invoices(stage), "the new plan bills it")
                assert one["total"] == 360000
                await quiet(hub)
                assert await hub.read(lambda tx: views.cases(tx, limit=9)) == []

    asyncio.run(whole())


def test_t55_a_store_that_cannot_be_written_refuses_webhooks_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        await _silent(stage)
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        await quiet(hub)
        broken = True
        real = hub.database.run

        def run(work: Any, now: Any) -> Any:
            if broken:
                raise OSError(28, "No space left on device")
            return real(work, now)

        monkeypatch.setattr(hub.database, "run", run)
        body = event(deal)
        async with aiohttp.ClientSession() as session:
            assert await post(hub, session, body, signed(stage, hub, body)) == 503
            broken = False
            assert await post(hub, session, body, signed(stage, hub, body)) == 200
        await until(lambda: invoices(stage), "work goes on")

    play(tmp_path, story)


def test_a_resolved_case_stays_closed_while_its_facts_are_the_same(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0, service_type="hourly")
        await stage.move(deal, "contractsigned")

        async def told() -> Any:
            return await hub.read(lambda tx: views.cases(tx, limit=9))

        async def resolve(case: str) -> None:
            await hub.database.write(
                lambda tx: cases.close_case(tx, case, "billed by hand", "person:cfo"), NOW
            )

        (case,) = await until(told, "no plan matches it")
        await resolve(case.key)
        await stage.act("hubspot", f"deals/{deal}", closedate="2026-12-24")
        await quiet(hub)
        assert await told() == []
        await stage.act("hubspot", f"deals/{deal}", amount="13000")
        (again,) = await until(told, "it has changed")
        assert again.key == case.key

    play(tmp_path, story)


def test_work_for_a_connection_that_is_gone_from_the_policy_is_a_case(tmp_path: Path) -> None:
    async def whole() -> None:
        async with running_demo(Home(tmp_path), seed=7) as (hub, stage):
            deal = await stage.new_deal(0)
            await stage.act("stripe", "faults", set=[{"fault": "server_error", "status": 500}])
            await stage.move(deal, "contractsigned")

            async def waiting() -> Any:
                return await hub.read(lambda tx: views.commands(tx, limit=9))

            await until(waiting, "a command waits for Stripe")
            text = hub.home.policy_path.read_text()
            renamed = text.replace("  stripe:  {", "  other:  {")
            renamed = renamed.replace("billing: stripe,", "billing: other,")
            hub.home.policy_path.write_text(renamed)
        async with running_hub(Home(tmp_path)) as hub:
            found = await hub.read(lambda tx: views.cases(tx, limit=9))
            assert "stranded" in {case.kind for case in found}

    asyncio.run(whole())


def test_a_command_in_hand_is_no_orphan_however_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tricord.store.workers.DEAD_AFTER", timedelta(seconds=2.5))

    async def story(hub: Hub, stage: Stage) -> None:
        await stage.act("stripe", "stripe", latency_seconds=3.0)
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")
        await until(lambda: invoices(stage), "the deposit is invoiced")
        await quiet(hub)
        rows = await hub.read(lambda tx: views.commands(tx, limit=99))
        assert {row.attempts for row in rows} == {1}

    play(tmp_path, story)


@pytest.mark.parametrize("contact_first", [True, False])
def test_a_person_tied_to_the_deal_alone_is_who_its_invoices_go_to(
    tmp_path: Path, contact_first: bool
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0, contact_email="", contact_name="")
        token = stage.boxes["hubspot"].box.credentials["token"]
        base, headers = stage.url("hubspot"), {"Authorization": f"Bearer {token}"}
        person = {"properties": {"email": "zoe@zebra.example", "firstname": "Zoe"}}
        if not contact_first:
            await stage.move(deal, "contractsigned")
            await quiet(hub)
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.post(f"{base}/crm/v3/objects/contacts", json=person) as answer:
                contact = (await answer.json())["id"]
            path = f"/crm/v4/objects/deals/{deal}/associations/default/contacts/{contact}"
            async with session.put(base + path) as answer:
                assert answer.status == 200
        if contact_first:
            await quiet(hub)
            await stage.move(deal, "contractsigned")
        (one,) = await until(lambda: invoices(stage), "the deposit is invoiced")
        await stage.act("stripe", f"invoices/{one['id']}/pay")
        await quiet(hub)
        mails = (await stage.state("smtp"))["messages"]
        assert {mail["rcpt_to"][0] for mail in mails} == {"zoe@zebra.example"}
        (row,) = await hub.read(lambda tx: views.accounts(tx, limit=9))
        assert row.name == "Northwind Traders"
        assert await hub.read(lambda tx: views.cases(tx, limit=9)) == []

    play(tmp_path, story)


def test_check_names_each_stage_and_field_that_the_crm_does_not_have(tmp_path: Path) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        loaded = hub.home.load()
        assert all(f.ok for f in await check_connections(connections_of(loaded), loaded.policy))
        text = hub.home.policy_path.read_text()
        text = text.replace("milestone1: mile", "milestoneX: mile").replace(
            "deal.renewal_date: renewal_date", "deal.renewal_date: no_such_property"
        )
        hub.home.policy_path.write_text(text)
        loaded = hub.home.load()
        found = await check_connections(connections_of(loaded), loaded.policy)
        wrong = [finding.words for finding in found if not finding.ok]
        assert len(wrong) == 2
        assert "'milestoneX'" in wrong[0]
        assert "contractsigned" in wrong[0]
        assert "'no_such_property'" in wrong[1]

    play(tmp_path, story)
