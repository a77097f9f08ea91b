"""Webhooks as they arrive; the SDK's own checker judges the signatures."""

import json
import time

from hubspot.utils.signature import Signature

from sandbox.hubspot.conftest import Delivery, Stage


def is_genuine(stage: Stage, delivery: Delivery, *, body: str | None = None) -> bool:
    genuine: bool = Signature.is_valid(
        signature=delivery.headers["X-HubSpot-Signature-v3"],
        client_secret=stage.box.credentials["webhook_secret"],
        request_body=delivery.body if body is None else body,
        http_uri=stage.hub.url,
        signature_version="v3",
        timestamp=delivery.headers["X-HubSpot-Request-Timestamp"],
    )
    return genuine


def test_every_delivery_is_signed_as_the_sdk_checks_it(stage: Stage) -> None:
    stage.contact("zoë@example.com", firstname="Zoë")
    deal = stage.deal(dealname="Ünder “quotes”")
    stage.sdk.crm.deals.basic_api.archive(deal)
    stage.hub.wait_for("deal.deletion")
    assert len(stage.hub.deliveries) == 3
    for delivery in stage.hub.deliveries:
        assert is_genuine(stage, delivery)
        assert not is_genuine(stage, delivery, body=delivery.body.replace("deal", "d3al") + " ")


def test_the_old_signature_is_sent_too(stage: Stage) -> None:
    stage.deal()
    stage.hub.wait_for("deal.creation")
    (delivery,) = stage.hub.deliveries
    assert delivery.headers["X-HubSpot-Signature-Version"] == "v1"
    secret = stage.box.credentials["webhook_secret"]
    assert Signature.is_valid(
        signature=delivery.headers["X-HubSpot-Signature"],
        client_secret=secret,
        request_body=delivery.body,
        signature_version="v1",
    )


def test_a_move_in_the_ui_says_who_made_it_and_when(stage: Stage) -> None:
    deal = stage.deal()
    moved = {"stage": "contractsigned", "at": "2026-03-01T09:30:00Z"}
    stage.send("POST", f"/_sandbox/deals/{deal}/stage", moved)
    stage.hub.wait_for("deal.propertyChange", times=4)
    event = stage.hub.deliveries[-1].events[0]
    assert event == event | {
        "subscriptionType": "deal.propertyChange",
        "objectId": int(deal),
        "propertyName": "dealstage",
        "propertyValue": "contractsigned",
        "changeSource": "CRM_UI",
        "occurredAt": 1772357400000,
        "portalId": stage.box.portal.portal_id,
        "appId": stage.box.portal.app_id,
        "attemptNumber": 0,
    }
    assert event["sourceId"].startswith("userId:")
    read = stage.sdk.crm.deals.basic_api.get_by_id(deal, properties_with_history=["dealstage"])
    assert (
        read.properties_with_history["dealstage"][0]
        .timestamp.isoformat()
        .startswith("2026-03-01T09:30")
    )


def test_what_one_request_changed_comes_in_one_delivery(stage: Stage) -> None:
    deal = stage.deal()
    stage.hub.wait_for("deal.creation")
    given = {"properties": {"amount": "7", "description": "x"}}
    stage.sdk.crm.deals.basic_api.update(deal, given)
    stage.hub.wait_for("deal.propertyChange", times=5)
    last = stage.hub.deliveries[-1].events
    assert {event["propertyName"] for event in last} == {"amount", "description"}
    assert {event["changeSource"] for event in last} == {"INTEGRATION"}


def test_more_than_a_hundred_events_are_split(stage: Stage) -> None:
    rows = [{"properties": {"name": str(number)}} for number in range(60)]
    stage.sdk.crm.companies.batch_api.create({"inputs": rows})
    stage.hub.wait_for("company.propertyChange", times=60)
    assert sorted(len(one.events) for one in stage.hub.deliveries) == [20, 100]


def test_writing_the_same_value_again_tells_nobody(stage: Stage) -> None:
    deal = stage.deal(amount="1")
    stage.sdk.crm.deals.basic_api.update(deal, {"properties": {"amount": "1"}})
    stage.sdk.crm.deals.basic_api.archive(deal)
    stage.hub.wait_for("deal.deletion")
    amounts = [e for e in stage.hub.events("deal.propertyChange") if e["propertyName"] == "amount"]
    assert len(amounts) == 1


def test_an_association_is_told_from_both_ends(stage: Stage) -> None:
    deal, company = stage.deal(), stage.company("One")
    stage.sdk.crm.associations.v4.basic_api.create_default("deals", deal, "companies", company)
    (there,) = stage.hub.wait_for("deal.associationChange")
    (back,) = stage.hub.wait_for("company.associationChange")
    assert (there["associationType"], back["associationType"]) == (
        "DEAL_TO_COMPANY",
        "COMPANY_TO_DEAL",
    )
    assert (there["fromObjectId"], there["toObjectId"]) == (int(deal), int(company))
    assert there["isPrimaryAssociation"] is True
    assert there["associationRemoved"] is False


def test_a_merge_names_the_ids(stage: Stage) -> None:
    one, two = stage.contact("one@example.com"), stage.contact("two@example.com")
    merged = stage.sdk.crm.contacts.basic_api.merge(
        {"primaryObjectId": one, "objectIdToMerge": two}
    )
    (event,) = stage.hub.wait_for("contact.merge")
    assert event["primaryObjectId"] == int(one)
    assert event["mergedObjectIds"] == [int(two)]
    assert event["newObjectId"] == int(merged.id)


def test_a_refused_delivery_comes_again_and_is_signed_anew(stage: Stage) -> None:
    stage.hub.answers.append(500)
    stage.deal()
    stage.hub.wait_for("deal.creation")
    stage.clock.pass_(seconds=30)
    stage.hub.wait_for("deal.creation", times=2)
    first, second = stage.hub.deliveries
    assert first.body == second.body
    assert is_genuine(stage, first)
    assert is_genuine(stage, second)
    assert (
        first.headers["X-HubSpot-Request-Timestamp"]
        != second.headers["X-HubSpot-Request-Timestamp"]
    )


def test_notes_have_no_webhooks_of_their_own(stage: Stage) -> None:
    note = {"properties": {"hs_timestamp": "2026-01-01T00:00:00Z", "hs_note_body": "x"}}
    stage.sdk.crm.objects.notes.basic_api.create(note)
    stage.deal()
    stage.hub.wait_for("deal.creation")
    assert {event["subscriptionType"].split(".")[0] for event in stage.hub.events()} == {"deal"}


def test_subscriptions_are_managed_with_the_developers_key(stage: Stage) -> None:
    path = f"/webhooks/v3/{stage.box.portal.app_id}/subscriptions"
    _, listed, _ = stage.send("GET", path)
    for one in listed["results"]:
        if one["eventType"] == "deal.creation":
            assert stage.send("PATCH", f"{path}/{one['id']}", {"active": False})[0] == 200
    stage.deal()
    stage.hub.wait_for("deal.propertyChange")
    assert stage.hub.events("deal.creation") == []
    new = {"eventType": "line_item.creation", "active": True}
    assert stage.send("POST", path, new, token="nobody")[0] == 401
    key = stage.box.tokens.developer_key
    assert stage.send("POST", f"{path}?hapikey={key}", new, token="nobody")[0] == 201


def test_switched_off_webhooks_are_lost(stage: Stage) -> None:
    stage.send("POST", "/_sandbox/settings", {"webhooks": False})
    stage.deal()
    time.sleep(0.1)
    _, told, _ = stage.send("GET", "/_sandbox/webhooks")
    assert stage.hub.deliveries == []
    assert told["dropped"] == 1
    assert json.dumps(told["webhooks"]) == "[]"
