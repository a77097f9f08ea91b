"""What a person does in the pages, and what a test turns."""

import urllib.parse
import urllib.request

from sandbox.hubspot.conftest import Json, Stage
from tricord.sandbox.box import Settings
from tricord.sandbox.hubspot import HubSpotBox


def page(stage: Stage, path: str) -> str:
    return str(stage.send("GET", path)[1])


def submit(at: Stage, path: str, **fields: str) -> str:
    """Sends a form as a browser does, follows the redirect and returns where it led."""
    data = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(f"{at.url}{path}", data=data, timeout=5) as answer:
        return str(answer.url).removeprefix(at.url)


NEW = {
    "name": "Website",
    "amount": "12000",
    "company": "Nordlicht",
    "contact_email": "Kim@nordlicht.example",
    "contact_name": "Kim Berg",
    "service_type": "project",
}


def test_a_new_deal_comes_with_its_company_and_contact(stage: Stage) -> None:
    stage.box.demo_schema()
    status, made, _ = stage.send("POST", "/_sandbox/deals", NEW)
    read = stage.sdk.crm.deals.basic_api.get_by_id(
        made["id"], properties=["service_type"], associations=["companies", "contacts"]
    )
    assert status == 200
    assert read.properties["service_type"] == "project"
    assert {one.id for one in read.associations["companies"].results} == {made["company_id"]}
    assert {one.id for one in read.associations["contacts"].results} == {made["contact_id"]}
    (contact,) = stage.state()["contacts"]
    assert contact["properties"]["email"] == "kim@nordlicht.example"
    assert {e["changeSource"] for e in stage.hub.wait_for("deal.creation")} == {"CRM_UI"}


def test_the_second_deal_of_a_company_finds_it_again(stage: Stage) -> None:
    stage.box.demo_schema()
    first = stage.send("POST", "/_sandbox/deals", NEW)[1]
    second = stage.send("POST", "/_sandbox/deals", NEW | {"company": "NORDLICHT"})[1]
    assert first["id"] != second["id"]
    assert first["company_id"] == second["company_id"]
    assert first["contact_id"] == second["contact_id"]


def test_a_refused_deal_leaves_nothing_behind(stage: Stage) -> None:
    status, body, _ = stage.send("POST", "/_sandbox/deals", NEW | {"amount": "much"})
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert stage.state()["companies"] == []
    assert stage.state()["contacts"] == []


def test_a_person_edits_any_record(stage: Stage) -> None:
    contact = stage.contact("a@example.com")
    edit: Json = {"properties": {"phone": "+49 30 1234"}}
    _, done, _ = stage.send("POST", f"/_sandbox/contacts/{contact}", edit)
    assert done["changed"] == ["phone"]
    assert stage.state()["contacts"][0]["properties"]["phone"] == "+49 30 1234"


def test_an_empty_account_says_what_to_do(stage: Stage) -> None:
    shown = page(stage, "/")
    assert "No deals yet" in shown
    assert "Contract signed" in shown


def test_the_board_and_the_deal_show_what_an_app_wrote(stage: Stage) -> None:
    stage.box.demo_schema()
    deal = stage.send("POST", "/_sandbox/deals", NEW | {"name": "<b>Bold</b>"})[1]["id"]
    stage.sdk.crm.objects.notes.basic_api.create(
        {
            "properties": {
                "hs_timestamp": "2026-01-01T08:30:00Z",
                "hs_note_body": "<p>Deposit paid</p>",
            },
            "associations": [
                {
                    "to": {"id": deal},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 214}],
                }
            ],
        }
    )
    board, one = page(stage, "/"), page(stage, f"/deals/{deal}")
    assert "&lt;b&gt;Bold&lt;/b&gt;" in board
    assert "<b>Bold" not in board + one
    assert "12,000.00" in board
    assert "Deposit paid" in one
    assert "1 Jan 2026, 08:30" in one
    assert "Kim Berg" in one
    assert "project" in one


def test_a_deal_is_moved_by_its_form(stage: Stage) -> None:
    deal = stage.deal()
    back = submit(
        stage, f"/_sandbox/deals/{deal}/stage", stage="contractsigned", back=f"/deals/{deal}"
    )
    assert back == f"/deals/{deal}"
    assert stage.state()["deals"][0]["properties"]["dealstage"] == "contractsigned"


def test_a_form_never_leads_to_another_site(stage: Stage) -> None:
    deal = stage.deal()
    path = f"/_sandbox/deals/{deal}/stage"
    assert submit(stage, path, stage="milestone1", back="//elsewhere.example/") == "/"


def test_a_refused_form_says_why_on_the_page(stage: Stage) -> None:
    where = submit(stage, "/_sandbox/deals", name="x", amount="much")
    assert where.startswith("/?problem=")
    assert "was not a valid number" in page(stage, where)


def test_unknown_settings_are_refused(stage: Stage) -> None:
    assert stage.send("POST", "/_sandbox/hubspot", {"lag": 1})[0] == 400


def test_the_same_seed_gives_the_same_account() -> None:
    one, two, other = (HubSpotBox(Settings(seed=seed)) for seed in (3, 3, 4))
    assert one.credentials == two.credentials
    assert one.portal.portal_id == two.portal.portal_id
    assert one.credentials != other.credentials
