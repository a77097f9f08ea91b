"""Records, driven by the official SDK."""

from collections.abc import Callable
from typing import Any

from hubspot.crm.contacts import SimplePublicObjectInputForCreate

from sandbox.hubspot.conftest import Json, Stage

Refused = Callable[[Callable[[], Any]], tuple[int, Json]]


def test_a_created_contact_is_read_back_with_its_default_properties_only(stage: Stage) -> None:
    new = SimplePublicObjectInputForCreate(
        properties={"email": "Ada@Example.COM", "firstname": "Ada", "phone": "+1 555 0100"}
    )
    created = stage.sdk.crm.contacts.basic_api.create(new)
    read = stage.sdk.crm.contacts.basic_api.get_by_id(created.id)
    assert read.properties["email"] == "ada@example.com"
    assert read.properties["lastname"] is None
    assert "phone" not in read.properties
    assert read.properties["hs_object_id"] == created.id


def test_listed_properties_come_with_the_dates_and_unknown_ones_are_left_out(stage: Stage) -> None:
    contact = stage.contact("a@example.com", phone="1")
    read = stage.sdk.crm.contacts.basic_api.get_by_id(contact, properties=["phone", "shoe_size"])
    assert set(read.properties) == {"phone", "createdate", "lastmodifieddate", "hs_object_id"}


def test_numbers_and_booleans_are_kept_as_text(stage: Stage) -> None:
    _, deal, _ = stage.send(
        "POST", "/crm/v3/objects/deals", {"properties": {"dealname": "n", "amount": 1500}}
    )
    assert deal["properties"]["amount"] == "1500"


def test_a_contact_can_be_read_and_changed_by_its_address(stage: Stage) -> None:
    contact = stage.contact("by@example.com")
    api = stage.sdk.crm.contacts.basic_api
    api.update("by@example.com", {"properties": {"city": "Bern"}}, id_property="email")
    read = api.get_by_id("BY@example.com", id_property="email", properties=["city"])
    assert (read.id, read.properties["city"]) == (contact, "Bern")


def test_writing_the_same_value_again_does_not_move_the_record(stage: Stage) -> None:
    deal = stage.deal(amount="10")
    api = stage.sdk.crm.deals.basic_api
    first = api.update(deal, {"properties": {"amount": "20"}})
    stage.clock.pass_(seconds=5)
    second = api.update(deal, {"properties": {"amount": "20"}})
    third = api.update(deal, {"properties": {"amount": "30"}})
    assert first.updated_at == second.updated_at
    assert third.updated_at > second.updated_at


def test_two_changes_within_one_millisecond_still_have_different_dates(stage: Stage) -> None:
    deal = stage.deal()
    api = stage.sdk.crm.deals.basic_api
    dates = [
        api.update(deal, {"properties": {"amount": str(amount)}}).updated_at for amount in range(4)
    ]
    assert len(set(dates)) == 4
    assert dates == sorted(dates)


def test_the_history_of_a_stage_is_kept_newest_first_with_its_source(stage: Stage) -> None:
    deal = stage.deal(dealstage="qualifiedtobuy")
    stage.clock.pass_(minutes=1)
    stage.send("POST", f"/_sandbox/deals/{deal}/stage", {"stage": "contractsigned"})
    stage.clock.pass_(minutes=1)
    api = stage.sdk.crm.deals.basic_api
    api.update(deal, {"properties": {"dealstage": "milestone1"}})
    read = api.get_by_id(deal, properties_with_history=["dealstage"])
    history = read.properties_with_history["dealstage"]
    assert [one.value for one in history] == ["milestone1", "contractsigned", "qualifiedtobuy"]
    assert [one.source_type for one in history] == ["INTEGRATION", "CRM_UI", "INTEGRATION"]
    assert history[0].timestamp > history[1].timestamp > history[2].timestamp


def test_entering_a_closed_stage_dates_the_close(stage: Stage) -> None:
    deal = stage.deal()
    stage.send("POST", f"/_sandbox/deals/{deal}/stage", {"stage": "complete"})
    wanted = ["closedate", "hs_is_closed_won"]
    read = stage.sdk.crm.deals.basic_api.get_by_id(deal, properties=wanted)
    assert read.properties["closedate"] is not None
    assert read.properties["hs_is_closed_won"] == "true"


def test_an_unknown_property_is_named_in_the_refusal(stage: Stage, refused: Refused) -> None:
    status, body = refused(lambda: stage.deal(shoe_size="43"))
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert body["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert body["errors"][0]["context"] == {"propertyName": ["shoe_size"]}
    assert stage.state()["deals"] == []


def test_an_unknown_option_or_stage_is_refused(stage: Stage, refused: Refused) -> None:
    for properties in ({"dealtype": "odd"}, {"dealstage": "nowhere"}, {"hubspot_owner_id": "1"}):
        status, body = refused(lambda given=properties: stage.deal(**given))  # type: ignore[misc]
        assert (status, body["errors"][0]["code"]) == (400, "INVALID_OPTION")


def test_a_read_only_property_is_refused(stage: Stage, refused: Refused) -> None:
    status, body = refused(lambda: stage.deal(hs_lastmodifieddate="2026-01-01T00:00:00Z"))
    assert (status, body["errors"][0]["code"]) == (400, "READ_ONLY_VALUE")


def test_a_date_that_is_not_midnight_is_refused(stage: Stage, refused: Refused) -> None:
    stage.box.demo_schema()
    status, body = refused(lambda: stage.deal(renewal_date="2026-03-01T10:00:00Z"))
    assert (status, body["errors"][0]["code"]) == (400, "INVALID_DATE")
    deal = stage.deal(renewal_date="1772323200000")
    read = stage.sdk.crm.deals.basic_api.get_by_id(deal, properties=["renewal_date"])
    assert read.properties["renewal_date"] == "2026-03-01"


def test_a_second_contact_with_the_same_address_is_a_conflict(
    stage: Stage, refused: Refused
) -> None:
    first = stage.contact("twice@example.com")
    status, body = refused(lambda: stage.contact("Twice@example.com"))
    assert (status, body["category"]) == (409, "CONFLICT")
    assert body["message"] == f"Contact already exists. Existing ID: {first}"


def test_a_note_needs_its_time(stage: Stage, refused: Refused) -> None:
    notes = stage.sdk.crm.objects.notes.basic_api
    status, body = refused(lambda: notes.create({"properties": {"hs_note_body": "hello"}}))
    assert status == 400
    assert body["context"] == {"properties": ["hs_timestamp"]}


def test_the_headers_of_an_email_fill_its_addresses(stage: Stage) -> None:
    created = stage.sdk.crm.objects.emails.basic_api.create(
        {
            "properties": {
                "hs_timestamp": "1767225600000",
                "hs_email_direction": "EMAIL",
                "hs_email_headers": '{"from":{"email":"a@x.io"},"to":[{"email":"b@x.io"}]}',
            }
        }
    )
    assert created.properties["hs_email_from_email"] == "a@x.io"
    assert created.properties["hs_email_to_email"] == "b@x.io"
    assert created.properties["hs_timestamp"] == "2026-01-01T00:00:00Z"


def test_an_archived_record_is_found_only_among_the_archived(
    stage: Stage, refused: Refused
) -> None:
    deal = stage.deal()
    api = stage.sdk.crm.deals.basic_api
    api.archive(deal)
    api.archive(deal)
    status, body = refused(lambda: api.get_by_id(deal))
    assert (status, body["category"]) == (404, "OBJECT_NOT_FOUND")
    assert [one.id for one in api.get_page(archived=True).results] == [deal]
    assert api.get_page().results == []


def test_a_list_is_read_page_by_page_without_gaps(stage: Stage) -> None:
    made = [stage.deal(dealname=str(number)) for number in range(5)]
    api = stage.sdk.crm.deals.basic_api
    first = api.get_page(limit=2)
    assert [one.id for one in first.results] == made[:2]
    assert not first.paging.next.after.isdigit()
    assert [one.id for one in api.get_page(limit=3, after=first.paging.next.after).results] == (
        made[2:]
    )


def test_more_than_a_hundred_per_page_is_refused(stage: Stage, refused: Refused) -> None:
    assert refused(lambda: stage.sdk.crm.deals.basic_api.get_page(limit=101))[0] == 400


def test_merged_contacts_get_a_new_id_and_the_old_ones_keep_resolving(stage: Stage) -> None:
    one = stage.contact("one@example.com", firstname="One")
    two = stage.contact("two@example.com", lastname="Two")
    deal = stage.deal()
    stage.send("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/contacts/{two}")
    merged = stage.sdk.crm.contacts.basic_api.merge(
        {"primaryObjectId": one, "objectIdToMerge": two}
    )
    assert merged.id not in (one, two)
    for old in (one, two):
        read = stage.sdk.crm.contacts.basic_api.get_by_id(old, associations=["deals"])
        assert read.id == merged.id
        assert read.properties["email"] == "one@example.com"
        assert (read.properties["firstname"], read.properties["lastname"]) == ("One", "Two")
        assert [other.id for other in read.associations["deals"].results] == [deal]


def test_a_contact_deleted_for_privacy_leaves_nothing(stage: Stage) -> None:
    stage.contact("gone@example.com")
    stage.sdk.crm.contacts.basic_api.purge({"objectId": "gone@example.com", "idProperty": "email"})
    assert stage.state()["contacts"] == []
    assert stage.state()["archived"] == {}
