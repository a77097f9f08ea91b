"""Properties, groups, pipelines and owners, driven by the official SDK."""

from collections.abc import Callable
from typing import Any

from sandbox.hubspot.conftest import Json, Stage

Refused = Callable[[Callable[[], Any]], tuple[int, Json]]

PAYMENT_STATUS = {
    "name": "payment_status",
    "label": "Payment status",
    "type": "enumeration",
    "fieldType": "select",
    "groupName": "billing",
    "options": [
        {"label": "Paid", "value": "paid", "hidden": False},
        {"label": "Overdue", "value": "overdue", "hidden": False},
    ],
}


def test_a_property_of_ones_own_is_created_in_its_group_and_then_written(
    stage: Stage, refused: Refused
) -> None:
    schema = stage.sdk.crm.properties
    schema.groups_api.create("deals", {"name": "billing", "label": "Billing"})
    created = schema.core_api.create("deals", PAYMENT_STATUS)
    assert created.modification_metadata.read_only_value is False
    deal = stage.deal(payment_status="paid")
    read = stage.sdk.crm.deals.basic_api.get_by_id(deal, properties=["payment_status"])
    assert read.properties["payment_status"] == "paid"
    status, body = refused(lambda: stage.deal(payment_status="perhaps"))
    assert (status, body["errors"][0]["code"]) == (400, "INVALID_OPTION")
    assert stage.state()["properties"]["deals"] == ["payment_status"]


def test_a_second_group_or_property_of_that_name_is_a_conflict(
    stage: Stage, refused: Refused
) -> None:
    schema = stage.sdk.crm.properties
    group = {"name": "billing", "label": "Billing"}
    schema.groups_api.create("deals", group)
    assert refused(lambda: schema.groups_api.create("deals", group))[0] == 409
    schema.core_api.create("deals", PAYMENT_STATUS)
    assert refused(lambda: schema.core_api.create("deals", PAYMENT_STATUS))[0] == 409


def test_a_property_needs_a_group_that_exists(stage: Stage, refused: Refused) -> None:
    api = stage.sdk.crm.properties.core_api
    assert refused(lambda: api.create("deals", PAYMENT_STATUS))[0] == 400


def test_an_archived_property_can_no_longer_be_written(stage: Stage, refused: Refused) -> None:
    stage.box.demo_schema()
    api = stage.sdk.crm.properties.core_api
    api.archive("deals", "payment_terms")
    status, body = refused(lambda: stage.deal(payment_terms="30 days"))
    assert (status, body["errors"][0]["code"]) == (400, "PROPERTY_DOESNT_EXIST")
    assert refused(lambda: api.get_by_name("deals", "payment_terms"))[0] == 404


def test_options_can_be_added_to_a_property(stage: Stage) -> None:
    stage.box.demo_schema()
    option = {"label": "Barter", "value": "barter", "hidden": False}
    stage.sdk.crm.properties.core_api.update("deals", "service_type", {"options": [option]})
    deal = stage.deal(service_type="barter")
    assert stage.state()["deals"][0] == stage.state()["deals"][0] | {"id": deal}


def test_the_demo_schema_can_be_installed_twice(stage: Stage) -> None:
    stage.box.demo_schema()
    stage.box.demo_schema()
    wanted = ["service_type", "payment_terms", "monthly_retainer", "renewal_date"]
    assert stage.state()["properties"]["deals"] == wanted
    read = stage.sdk.crm.properties.core_api.get_by_name("deals", "service_type")
    assert [one.value for one in read.options] == ["project", "retainer", "hourly"]


def test_properties_are_read_and_created_in_batches(stage: Stage) -> None:
    batch = stage.sdk.crm.properties.batch_api
    rows = [PAYMENT_STATUS | {"groupName": "dealinformation"}]
    assert batch.create("deals", {"inputs": rows}).results[0].name == "payment_status"
    asked = {"archived": False, "inputs": [{"name": "amount"}, {"name": "shoe_size"}]}
    read = batch.read("deals", asked)
    assert [one.name for one in read.results] == ["amount"]
    assert read.num_errors == 1


def test_the_email_of_a_contact_is_declared_unique(stage: Stage) -> None:
    known = stage.sdk.crm.properties.core_api.get_all("contacts").results
    unique = {one.name for one in known if one.has_unique_value}
    assert unique == {"email", "hs_object_id"}


def test_the_sales_pipeline_holds_the_stages_in_order(stage: Stage) -> None:
    (pipeline,) = stage.sdk.crm.pipelines.pipelines_api.get_all("deals").results
    closed = {one.id: one.metadata for one in pipeline.stages if one.metadata["isClosed"] == "true"}
    assert [one.id for one in pipeline.stages] == [
        "appointmentscheduled",
        "qualifiedtobuy",
        "contractsigned",
        "milestone1",
        "complete",
        "closedlost",
    ]
    assert {name: one["probability"] for name, one in closed.items()} == {
        "complete": "1.0",
        "closedlost": "0.0",
    }


def test_a_stage_of_another_pipeline_is_refused(stage: Stage, refused: Refused) -> None:
    made = stage.sdk.crm.pipelines.pipelines_api.create(
        "deals",
        {
            "label": "Renewals",
            "displayOrder": 1,
            "stages": [
                {"label": "Due", "displayOrder": 0, "metadata": {"probability": "0.5"}},
            ],
        },
    )
    due = made.stages[0].id
    assert refused(lambda: stage.deal(dealstage=due))[0] == 400
    assert stage.deal(dealstage=due, pipeline=made.id)


def test_a_stage_with_deals_in_it_cannot_be_deleted(stage: Stage, refused: Refused) -> None:
    stages = stage.sdk.crm.pipelines.pipeline_stages_api
    made = stages.create(
        "deals",
        "default",
        {"label": "Paused", "displayOrder": 9, "metadata": {"probability": "0.1"}},
    )
    deal = stage.deal(dealstage=made.id)
    assert refused(lambda: stages.archive("deals", "default", made.id))[0] == 400
    stage.sdk.crm.deals.basic_api.archive(deal)
    stages.archive("deals", "default", made.id)
    assert made.id not in [one.id for one in stages.get_all("deals", "default").results]


def test_owners_are_found_by_address(stage: Stage) -> None:
    api = stage.sdk.crm.owners.owners_api
    everybody = api.get_page().results
    assert len(everybody) == 3
    (one,) = api.get_page(email=everybody[1].email).results
    assert one.id == everybody[1].id
    assert one.id != str(one.user_id)
    assert api.get_by_id(int(one.id)).email == one.email
