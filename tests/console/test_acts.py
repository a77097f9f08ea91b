"""Acts from a page: each does what the command does, says so, and stands in the log by name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update
from starlette.applications import Starlette

from console.browsing import Page, application, desk_of, get
from console.firm import CRM, GO_LIVE, NOW, Town, open_town
from console.scenes import JUNIPER, MERIDIAN, OSPREY, WEEK, refused, waiting_for_approval
from tricord.console.door import form_token
from tricord.core.delivery import Delivery
from tricord.store import audit, deliveries, matches, schema
from tricord.store.caseload import CaseQuery, listed_cases
from tricord.store.database import Tx
from tricord.store.deliveries import Arrival
from tricord.store.matches import Proposal
from tricord.store.mirror import account_key
from tricord.store.sealing import seal

HERE = "http://127.0.0.1:8765"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = open_town(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def app(town: Town) -> Starlette:
    return application(desk_of(town))


def act(app: Starlette, path: str, **fields: str) -> Page:
    token = form_token(app.state.cookie.partition("=")[2])
    body = urlencode({"token": token, **fields}).encode()
    kind = "application/x-www-form-urlencoded"
    return get(app, path, method="POST", body=body, origin=HERE, content_type=kind)


def numbered(town: Town, state: str) -> int:
    with town.database.engine.connect() as db:
        query = select(schema.commands.c.id).where(schema.commands.c.state == state)
        return int(db.execute(query).scalar_one())


def state_of(town: Town, number: int) -> str:
    with town.database.engine.connect() as db:
        query = select(schema.commands.c.state).where(schema.commands.c.id == number)
        return str(db.execute(query).scalar_one())


def latest(town: Town) -> audit.Entry:
    return town.database.run(audit.entries, NOW)[0]


def test_a_held_invoice_is_approved_from_its_page(town: Town, app: Starlette) -> None:
    waiting_for_approval(town)
    number = numbered(town, "held")
    shown = get(app, f"/commands/{number}").text
    assert f'action="/commands/{number}/approve"' in shown
    page = act(app, f"/commands/{number}/approve", back=f"/commands/{number}")
    assert (page.status, page.headers["location"]) == (303, f"/commands/{number}?done=approved")
    assert "it leaves within the second" in get(app, page.headers["location"]).text
    assert state_of(town, number) == "ready"
    told = latest(town)
    assert (told["actor"], told["act"]) == ("person:ines", "command.approved")
    again = act(app, f"/commands/{number}/approve")
    assert again.status == 409
    assert "is not held" in again.text


def test_a_refused_command_is_tried_again_or_given_up_with_a_reason(
    town: Town, app: Starlette
) -> None:
    refused(town)
    number = numbered(town, "refused")
    without = act(app, f"/commands/{number}/skip", reason="   ")
    assert without.status == 409
    assert "say why" in without.text
    assert act(app, f"/commands/{number}/retry").status == 303
    assert state_of(town, number) == "ready"
    given = act(app, f"/commands/{number}/skip", reason="billed by\nhand")
    assert given.status == 303
    assert state_of(town, number) == "given_up"
    told = latest(town)
    assert (told["act"], told["detail"]) == ("command.given_up", {"reason": "billed by hand"})


def test_a_case_is_closed_with_a_reason_and_keeps_its_history(town: Town, app: Starlette) -> None:
    at = NOW - WEEK
    town.live("acc_osprey", OSPREY.records(2, at - WEEK), at)
    (case,) = town.database.run(lambda tx: listed_cases(tx, CaseQuery(), 5), NOW)
    assert f'action="/cases/{case.id}/resolve"' in get(app, f"/cases/{case.id}").text
    page = act(app, f"/cases/{case.id}/resolve", reason="the client pays in kind")
    assert page.status == 303
    assert town.database.run(lambda tx: listed_cases(tx, CaseQuery(), 5), NOW) == []
    text = get(app, f"/cases/{case.id}").text
    assert "the client pays in kind" in text
    assert "by ines" in text
    assert f"/cases/{case.id}/resolve" not in text, "a closed case offers nothing to do"
    assert act(app, f"/cases/{case.id}/resolve", reason="again").status == 409


def parked(town: Town) -> int:
    body = json.dumps({"email": "ada@northwind.example", "objectId": 7}).encode()
    arrival = Arrival(
        delivery=Delivery(
            connection=CRM, body=body, received_at=NOW, method="POST", url=f"{HERE}/hooks/hubspot",
            headers={"Content-Type": "application/json", "X-Secret": "s3cret-value"},
        ),
        name="evt_1",
    )  # fmt: skip
    town.database.run(lambda tx: deliveries.accept(tx, [arrival]), NOW)
    town.database.run(lambda tx: deliveries.park(tx, 1, "subscriptionType is missing"), NOW)
    return 1


def test_a_parked_delivery_is_read_again(town: Town, app: Starlette) -> None:
    number = parked(town)
    text = get(app, f"/deliveries/{number}").text
    assert "subscriptionType is missing" in text
    assert act(app, f"/deliveries/{number}/reread", back=f"/deliveries/{number}").status == 303
    assert town.database.run(deliveries.counts, NOW) == {"waiting": 1, "absorbed": 0, "parked": 0}
    assert act(app, f"/deliveries/{number}/reread").status == 409
    assert act(app, "/deliveries/no/reread").status == 409
    assert act(app, "/deliveries/999999999999999999999/reread").status == 409


def test_what_a_delivery_says_is_shown_masked_on_request_and_noted(
    town: Town, app: Starlette
) -> None:
    number = parked(town)
    closed = get(app, f"/deliveries/{number}").text
    assert "objectId" not in closed
    opened = act(app, f"/deliveries/{number}/open")
    assert opened.status == 200
    assert "&#34;objectId&#34;: 7" in opened.text
    for secret in ("ada@northwind", "northwind.example", "s3cret-value"):
        assert secret not in opened.text
    assert "content-type" in opened.text
    told = latest(town)
    assert (told["actor"], told["act"], told["subject"]) == (
        "person:ines", "delivery.opened", str(number),
    )  # fmt: skip
    assert act(app, "/deliveries/99/open").status == 404


def test_what_was_said_to_a_vendor_is_shown_masked_on_request_and_noted(
    town: Town, app: Starlette
) -> None:
    refused(town)
    number = numbered(town, "refused")
    said = [{"what": "POST /v1/invoices", "answer": "400", "ms": 12,
             "sent": "customer=cus_1042&metadata[tricord_key]=k&name=Marc+Duval"}]  # fmt: skip

    keep_said(town, number, said)
    assert "POST /v1/invoices" not in get(app, f"/commands/{number}").text
    opened = act(app, f"/commands/{number}/open")
    assert "POST /v1/invoices" in opened.text
    assert "cus_1042" in opened.text
    assert "Duval" not in opened.text
    assert latest(town)["act"] == "command.opened"


def keep_said(town: Town, number: int, said: list[dict[str, object]]) -> None:
    """As the engine keeps it: with the attempt, sealed with the account's key."""

    def work(tx: Tx) -> None:
        query = select(schema.commands.c.account).where(schema.commands.c.id == number)
        key = account_key(tx, tx.db.execute(query).scalar_one())
        sealed = seal(key, json.dumps(said).encode(), f"attempts|{number}|1")
        here = schema.attempts.c.command == number
        tx.db.execute(update(schema.attempts).where(here).values(sealed=sealed))

    town.database.run(work, NOW)


def test_a_replay_is_previewed_and_changes_nothing_until_it_is_wanted(
    town: Town, app: Starlette
) -> None:
    refused(town)
    number = numbered(town, "refused")
    before = latest(town)["seq"]
    preview = get(app, f"/commands/{number}/replay")
    assert "Would carry out" in preview.text
    assert "Nothing has been done yet" in preview.text
    assert (state_of(town, number), latest(town)["seq"]) == ("refused", before)
    assert act(app, f"/commands/{number}/replay").status == 303
    assert state_of(town, number) == "ready"
    assert latest(town)["act"] == "command.replayed"


def test_a_replay_of_a_delivery_shows_what_would_be_read(town: Town, app: Starlette) -> None:
    body = json.dumps(
        [{"subscriptionType": "deal.propertyChange", "objectId": 906, "eventId": 1,
          "propertyName": "dealstage", "propertyValue": "complete", "occurredAt": 1}]
    ).encode()  # fmt: skip
    arrival = Arrival(delivery=Delivery(connection=CRM, body=body, received_at=NOW), name="evt_2")
    town.database.run(lambda tx: deliveries.accept(tx, [arrival]), NOW)
    town.database.run(lambda tx: deliveries.mark_absorbed(tx, [1]), NOW)
    preview = get(app, "/deliveries/1/replay")
    assert "hubspot:deal:906" in preview.text
    assert town.database.run(deliveries.counts, NOW)["waiting"] == 0
    assert act(app, "/deliveries/1/replay", back="/deliveries/1").status == 303
    assert town.database.run(deliveries.counts, NOW)["waiting"] == 1
    for path in ("/deliveries/99/replay", "/deliveries/x/replay", "/commands/99/replay"):
        assert get(app, path).status in (200, 404)


def test_what_is_not_there_cannot_be_acted_on(app: Starlette) -> None:
    for path in ("/commands/99/approve", "/commands/x/retry", "/cases/99/resolve"):
        page = act(app, path, reason="x")
        assert page.status == 409, path
        assert "Nothing was changed" in page.text


def test_a_failing_act_is_a_page_and_leaves_nothing_behind(town: Town, app: Starlette) -> None:
    waiting_for_approval(town)
    number = numbered(town, "held")
    schema.metadata.tables["audit"].drop(town.database.engine)
    page = act(app, f"/commands/{number}/approve")
    assert page.status == 500
    assert state_of(town, number) == "held"


def test_reasons_are_kept_short_and_on_one_line(town: Town, app: Starlette) -> None:
    town.live("acc_juniper", JUNIPER.records(2, GO_LIVE), GO_LIVE + WEEK)
    town.live("acc_meridian", MERIDIAN.records(2, GO_LIVE), GO_LIVE + WEEK)
    number = numbered(town, "held")
    act(app, f"/commands/{number}/skip", reason="a\r\nb " + "c" * 900)
    reason = str(latest(town)["detail"]["reason"])  # type: ignore[index]  # a mapping, here
    assert reason.startswith("a b c")
    assert len(reason) == 500
    assert not re.search(r"[\r\n]", reason)


def test_a_case_is_given_to_somebody_and_put_off_for_a_while(town: Town, app: Starlette) -> None:
    at = NOW - WEEK
    town.live("acc_osprey", OSPREY.records(2, at - WEEK), at)
    (case,) = town.database.run(lambda tx: listed_cases(tx, CaseQuery(), 5), NOW)
    assert act(app, f"/cases/{case.id}/assign", who=" ").status == 409
    assert act(app, f"/cases/{case.id}/assign", who="Zoe").status == 303
    told = latest(town)
    assert (told["act"], told["detail"]) == ("case.assigned", {"assignee": "Zoe"})
    assert "With <strong>Zoe</strong>" in get(app, f"/cases/{case.id}").text
    mine = town.database.run(lambda tx: listed_cases(tx, CaseQuery(owner="Zoe"), 5), NOW)
    assert [one.id for one in mine] == [case.id]
    assert act(app, f"/cases/{case.id}/snooze", **{"for": "ever"}).status == 409
    assert act(app, f"/cases/{case.id}/snooze", **{"for": "a day"}).status == 303
    assert town.database.run(lambda tx: listed_cases(tx, CaseQuery(), 5), NOW) == []
    assert "Trail map app cannot be invoiced" in get(app, "/cases?state=snoozed").text
    assert "Nothing waits for a person" in get(app, "/cases").text


def test_a_refused_invoice_is_corrected_from_its_page_and_never_its_money(
    town: Town, app: Starlette
) -> None:
    refused(town)
    number = numbered(town, "refused")
    shown = get(app, f"/commands/{number}").text
    assert 'name="field.memo"' in shown
    assert "1,680.00" not in "".join(re.findall(r'name="field\.[^>]*', shown))
    assert act(app, f"/commands/{number}/edit").status == 409, "nothing was corrected"
    fields = {"field.days_until_due": "many", "field.total": "1"}
    wrong = act(app, f"/commands/{number}/edit", **fields)
    assert wrong.status == 409
    assert "whole days" in wrong.text
    fields = {"field.memo": "As agreed by telephone", "field.total": "1"}
    assert act(app, f"/commands/{number}/edit", **fields).status == 303
    assert state_of(town, number) == "ready"
    told = latest(town)
    assert told["act"] == "case.closed" or told["act"] == "command.edited"
    assert "telephone" not in str(town.database.run(audit.entries, NOW))


def test_two_accounts_are_merged_with_a_reason_and_parted_again(town: Town, app: Starlette) -> None:
    one = town.live("acc_juniper", JUNIPER.records(1, GO_LIVE), GO_LIVE + WEEK)
    other = town.live("acc_osprey", OSPREY.records(1, GO_LIVE), GO_LIVE + WEEK)
    assert act(app, f"/accounts/{one}/merge", into=other).status == 409
    assert act(app, f"/accounts/{one}/merge", into="acc_nobody", reason="x").status == 409
    page = act(app, f"/accounts/{one}/merge", into=other, reason="one owner, two names")
    assert page.status == 303
    assert "identity.merged" in [e["act"] for e in town.database.run(audit.entries, NOW)]
    assert "Undo the merge" in get(app, f"/accounts/{other}").text
    assert act(app, f"/accounts/{one}/unmerge", reason="they are two").status == 303
    assert act(app, f"/accounts/{one}/unmerge", reason="again").status == 409


def test_a_match_is_accepted_or_rejected_from_the_queue(town: Town, app: Starlette) -> None:
    town.live("acc_juniper", JUNIPER.records(1, GO_LIVE), GO_LIVE + WEEK)
    there = town.live("acc_osprey", OSPREY.records(1, GO_LIVE), GO_LIVE + WEEK)
    record = JUNIPER.deal_ref
    proposal = Proposal(account=there, score=0.71, reasons=("the names sound alike",))
    town.database.run(lambda tx: matches.propose(tx, record, [proposal]), NOW)
    shown = get(app, "/identity")
    for words in ("71 %", "Juniper Veterinary Clinic", "Osprey Outdoor", "the names sound alike"):
        assert words in shown.text
    number = int(re.findall(r"/identity/(\d+)/reject", shown.text)[0])
    assert act(app, f"/identity/{number}/reject").status == 303
    assert "Nobody is in doubt" in get(app, "/identity").text
    assert act(app, f"/identity/{number}/accept").status == 409
