"""An account with a past, listed by the official SDK."""

from datetime import UTC, datetime

from hubspot.crm.deals import PublicObjectSearchRequest

from sandbox.hubspot.conftest import Stage

UNTIL = datetime(2026, 9, 30, tzinfo=UTC)


def test_every_client_of_the_past_is_listed_with_what_it_belongs_to(stage: Stage) -> None:
    stage.box.demo_schema()
    stage.box.fill(60, UNTIL)
    crm = stage.sdk.crm
    companies = {one.id: one for one in crm.companies.get_all()}
    contacts = crm.contacts.get_all(associations=["companies"])
    assert len(companies) == len(contacts) == 60
    assert len({one.properties["email"] for one in contacts}) == 60
    owners = {one.associations["companies"].results[0].id for one in contacts}
    assert owners == set(companies)
    assert all(one.updated_at <= UNTIL for one in (*companies.values(), *contacts))


def test_a_deal_of_the_past_has_its_stages_behind_it(stage: Stage) -> None:
    stage.box.demo_schema()
    stage.box.fill(60, UNTIL)
    api = stage.sdk.crm.deals
    page = api.basic_api.get_page(
        limit=50, properties_with_history=["dealstage"], associations=["contacts"]
    )
    assert len(page.results) == 50
    last = page.results[3].properties_with_history["dealstage"]
    stages = ["complete", "milestone1", "contractsigned", "appointmentscheduled"]
    assert [one.value for one in last] == stages
    assert all(one.timestamp < UNTIL for one in last)
    found = api.search_api.do_search(PublicObjectSearchRequest(limit=1, filter_groups=[]))
    assert found.total == 60
