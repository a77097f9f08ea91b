"""Associations, driven by the official SDK."""

from collections.abc import Callable
from typing import Any

from sandbox.hubspot.conftest import Json, Stage

Refused = Callable[[Callable[[], Any]], tuple[int, Json]]


def spec(type_id: int) -> Json:
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}


def test_a_note_is_created_on_its_deal(stage: Stage) -> None:
    deal = stage.deal()
    note = stage.sdk.crm.objects.notes.basic_api.create(
        {
            "properties": {"hs_timestamp": "2026-01-01T00:00:00Z", "hs_note_body": "Paid"},
            "associations": [{"to": {"id": deal}, "types": [spec(214)]}],
        }
    )
    read = stage.sdk.crm.deals.basic_api.get_by_id(deal, associations=["notes"])
    assert [(one.id, one.type) for one in read.associations["notes"].results] == [
        (note.id, "deal_to_note")
    ]


def test_a_type_of_the_wrong_direction_creates_nothing(stage: Stage, refused: Refused) -> None:
    deal = stage.deal()
    note = {
        "properties": {"hs_timestamp": "2026-01-01T00:00:00Z"},
        "associations": [{"to": {"id": deal}, "types": [spec(213)]}],
    }
    status, body = refused(lambda: stage.sdk.crm.objects.notes.basic_api.create(note))
    assert (status, body["errors"][0]["code"]) == (400, "INVALID_ASSOCIATION_TYPE")
    assert stage.state()["notes"] == []


def test_the_first_company_of_a_deal_is_its_primary_one(stage: Stage) -> None:
    deal, one, two = stage.deal(), stage.company("One"), stage.company("Two")
    api = stage.sdk.crm.associations.v4.basic_api
    api.create_default("deals", deal, "companies", one)
    api.create_default("companies", two, "deals", deal)
    read = stage.sdk.crm.deals.basic_api.get_by_id(deal, associations=["companies"])
    assert [(each.id, each.type) for each in read.associations["companies"].results] == [
        (one, "deal_to_company"),
        (one, "deal_to_company_unlabeled"),
        (two, "deal_to_company_unlabeled"),
    ]


def test_a_new_primary_company_takes_over(stage: Stage) -> None:
    deal, one, two = stage.deal(), stage.company("One"), stage.company("Two")
    api = stage.sdk.crm.associations.v4.basic_api
    api.create_default("deals", deal, "companies", one)
    api.create("deals", deal, "companies", two, [spec(5)])
    (first, second) = api.get_page("deals", deal, "companies").results
    assert {each.type_id for each in first.association_types} == {341}
    assert {each.type_id for each in second.association_types} == {5, 341}


def test_a_default_association_is_seen_from_both_ends(stage: Stage) -> None:
    deal, contact = stage.deal(), stage.contact("a@example.com")
    api = stage.sdk.crm.associations.v4.basic_api
    answer = api.create_default("deals", deal, "contacts", contact)
    assert [one.association_spec.association_type_id for one in answer.results] == [3, 4]
    (there,) = api.get_page("contacts", contact, "deals").results
    assert there.to_object_id == deal


def test_an_association_with_nobody_is_not_found(stage: Stage, refused: Refused) -> None:
    api = stage.sdk.crm.associations.v4.basic_api
    deal = stage.deal()
    assert refused(lambda: api.create_default("deals", deal, "contacts", "999"))[0] == 404


def test_a_removed_association_is_gone_from_both_ends(stage: Stage) -> None:
    deal, contact = stage.deal(), stage.contact("a@example.com")
    api = stage.sdk.crm.associations.v4.basic_api
    api.create_default("deals", deal, "contacts", contact)
    api.archive("contacts", contact, "deals", deal)
    assert api.get_page("deals", deal, "contacts").results == []
    assert stage.state()["associations"] == []


def test_archiving_a_record_takes_its_associations_along(stage: Stage) -> None:
    deal, contact = stage.deal(), stage.contact("a@example.com")
    api = stage.sdk.crm.associations.v4.basic_api
    api.create_default("deals", deal, "contacts", contact)
    stage.sdk.crm.contacts.basic_api.archive(contact)
    read = stage.sdk.crm.deals.basic_api.get_by_id(deal, associations=["contacts"])
    assert read.associations is None


def test_batches_associate_and_read_many(stage: Stage) -> None:
    deals = [stage.deal(), stage.deal()]
    contact = stage.contact("a@example.com")
    api = stage.sdk.crm.associations.v4.batch_api
    row = {"from": {"id": deals[0]}, "to": {"id": contact}}
    api.create_default("deals", "contacts", {"inputs": [row]})
    read = api.get_page("deals", "contacts", {"inputs": [{"id": one} for one in deals]})
    assert [(one._from.id, one.to[0].to_object_id) for one in read.results] == [(deals[0], contact)]
    assert read.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"
    api.archive(
        "deals", "contacts", {"inputs": [{"from": {"id": deals[0]}, "to": [{"id": contact}]}]}
    )
    assert stage.state()["associations"] == []


def test_the_old_interface_answers_in_its_own_shape(stage: Stage) -> None:
    deal, contact = stage.deal(), stage.contact("a@example.com")
    api = stage.sdk.crm.associations.batch_api
    row = {"from": {"id": deal}, "to": {"id": contact}, "type": "deal_to_contact"}
    api.create("deals", "contacts", {"inputs": [row]})
    (read,) = api.read("deals", "contacts", {"inputs": [{"id": deal}]}).results
    assert [(one.id, one.type) for one in read.to] == [(contact, "deal_to_contact")]


def test_line_items_are_listed_under_a_key_with_a_space(stage: Stage) -> None:
    deal = stage.deal()
    item = stage.sdk.crm.line_items.basic_api.create(
        {
            "properties": {"name": "Design", "price": "80", "quantity": "2"},
            "associations": [{"to": {"id": deal}, "types": [spec(20)]}],
        }
    )
    assert item.properties["amount"] == "160.00"
    read = stage.sdk.crm.deals.basic_api.get_by_id(deal, associations=["line_items"])
    assert list(read.associations) == ["line items"]


def test_labels_list_the_types_between_two_kinds(stage: Stage) -> None:
    api = stage.sdk.crm.associations.v4.schema.definitions_api
    types = {one.type_id: one.label for one in api.get_all("deals", "companies").results}
    assert types == {5: "Primary", 341: None}
