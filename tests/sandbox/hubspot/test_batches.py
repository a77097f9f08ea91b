"""Batches, driven by the official SDK."""

from collections.abc import Callable
from typing import Any

from sandbox.hubspot.conftest import Json, Stage

Refused = Callable[[Callable[[], Any]], tuple[int, Json]]


def test_a_batch_creates_and_reads_many(stage: Stage) -> None:
    api = stage.sdk.crm.companies.batch_api
    rows = [{"properties": {"name": name}} for name in ("North", "South")]
    created = api.create({"inputs": rows})
    assert created.status == "COMPLETE"
    ids = [one.id for one in created.results]
    read = api.read(
        {
            "inputs": [{"id": one} for one in ids],
            "properties": ["name"],
            "propertiesWithHistory": ["name"],
        }
    )
    assert [one.properties["name"] for one in read.results] == ["North", "South"]
    assert read.results[0].properties_with_history["name"][0].value == "North"


def test_a_missing_row_does_not_spoil_the_others(stage: Stage) -> None:
    deal = stage.deal()
    status, body, _ = stage.send(
        "POST",
        "/crm/v3/objects/deals/batch/read",
        {"inputs": [{"id": deal}, {"id": "999"}], "properties": ["dealname"]},
    )
    assert status == 207
    assert [one["id"] for one in body["results"]] == [deal]
    assert body["numErrors"] == len(body["errors"]) == 1
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert body["errors"][0]["context"]["ids"] == ["999"]


def test_a_trace_id_says_which_row_failed(stage: Stage) -> None:
    rows = [
        {"properties": {"dealname": "good"}, "objectWriteTraceId": "row-1"},
        {"properties": {"shoe_size": "43"}, "objectWriteTraceId": "row-2"},
    ]
    answer = stage.sdk.crm.deals.batch_api.create({"inputs": rows})
    assert [one.object_write_trace_id for one in answer.results] == ["row-1"]
    assert answer.num_errors == 1
    assert answer.errors[0].context["objectWriteTraceId"] == ["row-2"]


def test_an_upsert_creates_once_and_then_updates(stage: Stage) -> None:
    def upsert(city: str) -> Any:
        row = {"id": "U@example.com", "idProperty": "email", "properties": {"city": city}}
        return stage.sdk.crm.contacts.batch_api.upsert({"inputs": [row]}).results[0]

    first, second = upsert("Bern"), upsert("Oslo")
    assert (first.new, second.new) == (True, False)
    assert first.id == second.id
    assert second.properties["city"] == "Oslo"
    assert second.properties["email"] == "u@example.com"


def test_an_upsert_needs_a_unique_property(stage: Stage) -> None:
    row = {"id": "A deal", "idProperty": "dealname", "properties": {"amount": "1"}}
    status, body, _ = stage.send("POST", "/crm/v3/objects/deals/batch/upsert", {"inputs": [row]})
    assert (status, body["results"], body["numErrors"]) == (207, [], 1)
    assert body["errors"][0]["category"] == "VALIDATION_ERROR"


def test_a_unique_property_of_ones_own_finds_and_guards_a_deal(stage: Stage) -> None:
    stage.sdk.crm.properties.core_api.create(
        "deals",
        {
            "name": "quote_ref",
            "label": "Quote",
            "type": "string",
            "fieldType": "text",
            "groupName": "dealinformation",
            "hasUniqueValue": True,
        },
    )
    row = {"id": "Q-1", "idProperty": "quote_ref", "properties": {"dealname": "Quoted"}}
    made = stage.sdk.crm.deals.batch_api.upsert({"inputs": [row]}).results[0]
    found = stage.sdk.crm.deals.basic_api.get_by_id("Q-1", id_property="quote_ref")
    assert found.id == made.id
    status, body, _ = stage.send(
        "POST", "/crm/v3/objects/deals", {"properties": {"dealname": "x", "quote_ref": "Q-1"}}
    )
    assert (status, body["category"]) == (409, "CONFLICT")
    assert f"Existing ID: {made.id}" in body["message"]


def test_the_same_id_twice_in_an_update_is_refused(stage: Stage, refused: Refused) -> None:
    row = {"id": stage.deal(), "properties": {"amount": "1"}}
    api = stage.sdk.crm.deals.batch_api
    assert refused(lambda: api.update({"inputs": [row, row]}))[0] == 400


def test_more_than_a_hundred_rows_are_refused(stage: Stage, refused: Refused) -> None:
    rows = [{"properties": {"name": str(number)}} for number in range(101)]
    api = stage.sdk.crm.companies.batch_api
    assert refused(lambda: api.create({"inputs": rows}))[0] == 400
    assert stage.state()["companies"] == []


def test_a_batch_archives(stage: Stage) -> None:
    gone, kept = stage.deal(), stage.deal()
    stage.sdk.crm.deals.batch_api.archive({"inputs": [{"id": gone}]})
    assert [one["id"] for one in stage.state()["deals"]] == [kept]
