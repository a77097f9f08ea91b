"""Customers through the official SDK."""

import pytest
import stripe

from sandbox.stripe.stage import Stage


def test_a_customer_keeps_what_it_was_given(stage: Stage) -> None:
    made = stage.client.v1.customers.create(
        {
            "name": "Ada",
            "email": "ada@example.com",
            "address": {"line1": "1 Main St", "country": "GB"},
            "metadata": {"crm_id": "42"},
            "preferred_locales": ["en", "de"],
        }
    )
    read = stage.client.v1.customers.retrieve(made.id)
    assert (read.name, read.email, read.balance) == ("Ada", "ada@example.com", 0)
    assert read.address is not None
    assert (read.address.line1, read.address.city) == ("1 Main St", None)
    assert read.metadata is not None
    assert read.metadata["crm_id"] == "42"
    assert read.preferred_locales == ["en", "de"]


def test_an_update_merges_metadata_and_an_empty_value_removes_a_key(stage: Stage) -> None:
    v1 = stage.client.v1
    made = v1.customers.create({"name": "Ada", "metadata": {"a": "1", "b": "2"}})
    changed = v1.customers.update(made.id, {"name": "", "metadata": {"b": "", "c": "3"}})
    assert changed.name is None
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "1", "c": "3"}


def test_an_update_tells_what_the_changed_fields_held(stage: Stage) -> None:
    v1 = stage.client.v1
    made = v1.customers.create({"name": "Ada", "metadata": {"a": "1"}})
    v1.customers.update(made.id, {"name": "Ada Byron", "metadata": {"a": "2", "b": "3"}})
    event = next(h.json for h in stage.await_webhooks() if h.json["type"] == "customer.updated")
    previous = event["data"]["previous_attributes"]
    assert previous == {"name": "Ada", "metadata": {"a": "1", "b": None}}
    assert event["data"]["object"]["name"] == "Ada Byron"


def test_an_update_that_changes_nothing_is_not_an_event(stage: Stage) -> None:
    made = stage.client.v1.customers.create({"name": "Ada"})
    stage.client.v1.customers.update(made.id, {"name": "Ada"})
    assert stage.event_types() == ["customer.created"]


def test_a_deleted_customer_reads_as_deleted_and_cannot_be_changed(stage: Stage) -> None:
    v1 = stage.client.v1
    made = v1.customers.create({"name": "Ada"})
    v1.customers.delete(made.id)
    assert v1.customers.retrieve(made.id).deleted is True
    assert v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.customers.update(made.id, {"name": "Eve"})
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_the_email_filter_minds_case_and_may_find_several(stage: Stage) -> None:
    v1 = stage.client.v1
    for email in ("ada@example.com", "Ada@example.com", "ada@example.com"):
        v1.customers.create({"email": email})
    assert len(v1.customers.list({"email": "ada@example.com"}).data) == 2
    assert len(v1.customers.list({"email": "Ada@example.com"}).data) == 1


def test_search_does_not_see_a_customer_until_the_index_has_caught_up(stage: Stage) -> None:
    v1 = stage.client.v1
    made = v1.customers.create({"email": "ada@example.com", "metadata": {"crm_id": "42"}})
    assert v1.customers.search({"query": "metadata['crm_id']:'42'"}).data == []
    stage.clock.pass_(seconds=1.5)
    found = v1.customers.search({"query": "metadata['crm_id']:'42'"}).data
    assert [customer.id for customer in found] == [made.id]


def test_search_shows_a_change_late(stage: Stage) -> None:
    v1 = stage.client.v1
    made = v1.customers.create({"email": "old@example.com"})
    stage.clock.pass_(seconds=2)
    v1.customers.update(made.id, {"email": "new@example.com"})
    assert v1.customers.search({"query": "email:'old@example.com'"}).data[0].id == made.id
    stage.clock.pass_(seconds=2)
    assert v1.customers.search({"query": "email:'old@example.com'"}).data == []
    assert v1.customers.search({"query": "email:'new@example.com'"}).data[0].id == made.id


def test_the_search_lag_can_be_set_to_nothing(stage: Stage) -> None:
    stage.control("stripe", search_lag_seconds=0)
    v1 = stage.client.v1
    made = v1.customers.create({"name": "O'Hara", "email": "o@example.com"})
    query = "name:'O\\'Hara' AND -email:'x@example.com'"
    assert v1.customers.search({"query": query}).data[0].id == made.id


def test_search_refuses_what_it_cannot_read(stage: Stage) -> None:
    for query in ("email", "shoe_size:'42'", "email:'a' AND name:'b' OR name:'c'", ""):
        with pytest.raises(stripe.InvalidRequestError):
            stage.client.v1.customers.search({"query": query})


def test_the_balance_moves_by_transactions(stage: Stage) -> None:
    v1 = stage.client.v1
    made = v1.customers.create({"name": "Ada"})
    v1.customers.balance_transactions.create(made.id, {"amount": -500, "currency": "eur"})
    assert v1.customers.retrieve(made.id).balance == -500
    listed = v1.customers.balance_transactions.list(made.id).data
    assert [(t.amount, t.ending_balance, t.type) for t in listed] == [(-500, -500, "adjustment")]
