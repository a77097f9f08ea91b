"""Searching, which runs behind, driven by the official SDK."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.hubspot.conftest import Json, Stage

Refused = Callable[[Callable[[], Any]], tuple[int, Json]]


def found(stage: Stage, *filters: Json, **more: Any) -> list[str]:
    request = {"filterGroups": [{"filters": list(filters)}] if filters else [], **more}
    answer = stage.sdk.crm.deals.search_api.do_search(request)
    return [one.properties["dealname"] for one in answer.results]


def where(name: str, operator: str, value: str | None = None, **more: Any) -> Json:
    asked = {"propertyName": name, "operator": operator, **more}
    return asked if value is None else asked | {"value": value}


@pytest.fixture
def deals(stage: Stage) -> Stage:
    stage.deal(dealname="Alpha", amount="9", dealstage="qualifiedtobuy")
    stage.clock.pass_(seconds=1)
    stage.deal(dealname="Beta works", amount="100.50", dealstage="contractsigned")
    stage.clock.pass_(seconds=1)
    stage.deal(dealname="Gamma", dealstage="contractsigned")
    stage.clock.pass_(seconds=2)
    return stage


def test_a_change_is_found_only_after_the_index_has_caught_up(stage: Stage) -> None:
    deal = stage.deal(dealname="Slow")
    assert found(stage) == []
    stage.clock.pass_(seconds=1.1)
    assert found(stage) == ["Slow"]
    stage.sdk.crm.deals.basic_api.update(deal, {"properties": {"dealname": "Fast"}})
    assert found(stage) == ["Slow"]
    stage.clock.pass_(seconds=1.1)
    assert found(stage) == ["Fast"]


def test_the_lag_can_be_set(stage: Stage) -> None:
    stage.send("POST", "/_sandbox/hubspot", {"search_lag_seconds": 0})
    stage.deal(dealname="At once")
    assert found(stage) == ["At once"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([where("dealstage", "EQ", "contractsigned")], {"Beta works", "Gamma"}),
        ([where("dealname", "EQ", "alpha")], {"Alpha"}),
        ([where("dealstage", "NEQ", "contractsigned")], {"Alpha"}),
        ([where("amount", "GT", "9")], {"Beta works"}),
        ([where("amount", "GTE", "9")], {"Alpha", "Beta works"}),
        ([where("amount", "LT", "100")], {"Alpha"}),
        ([where("amount", "LTE", "9")], {"Alpha"}),
        ([where("amount", "BETWEEN", "5", highValue="10")], {"Alpha"}),
        ([where("dealstage", "IN", values=["closedlost", "qualifiedtobuy"])], {"Alpha"}),
        ([where("dealstage", "NOT_IN", values=["contractsigned"])], {"Alpha"}),
        ([where("dealname", "IN", values=["Alpha"])], set()),
        ([where("dealname", "IN", values=["alpha"])], {"Alpha"}),
        ([where("amount", "HAS_PROPERTY")], {"Alpha", "Beta works"}),
        ([where("amount", "NOT_HAS_PROPERTY")], {"Gamma"}),
        ([where("dealname", "CONTAINS_TOKEN", "works")], {"Beta works"}),
        ([where("dealname", "CONTAINS_TOKEN", "wor")], set()),
        ([where("dealname", "CONTAINS_TOKEN", "wor*")], {"Beta works"}),
        (
            [where("dealstage", "EQ", "contractsigned"), where("amount", "HAS_PROPERTY")],
            {"Beta works"},
        ),
    ],
)
def test_each_operator_finds_what_it_should(
    deals: Stage, filters: list[Json], names: set[str]
) -> None:
    assert set(found(deals, *filters)) == names


def test_groups_are_alternatives(deals: Stage) -> None:
    groups = [
        {"filters": [where("dealname", "EQ", "Alpha")]},
        {"filters": [where("dealname", "EQ", "Gamma")]},
    ]
    answer = deals.sdk.crm.deals.search_api.do_search({"filterGroups": groups})
    assert {one.properties["dealname"] for one in answer.results} == {"Alpha", "Gamma"}


def test_changes_since_an_instant_come_oldest_first(deals: Stage) -> None:
    second = deals.state()["deals"][1]["updatedAt"]
    since = where("hs_lastmodifieddate", "GTE", second)
    sort = {"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}
    status, body, _ = deals.send(
        "POST",
        "/crm/objects/2026-03/deals/search",
        {"filterGroups": [{"filters": [since]}], "sorts": [sort], "properties": ["dealname"]},
    )
    names = [one["properties"]["dealname"] for one in body["results"]]
    assert (status, names) == (200, ["Beta works", "Gamma"])


def test_amounts_are_sorted_as_numbers(deals: Stage) -> None:
    assert found(deals, where("amount", "HAS_PROPERTY"), sorts=["amount"]) == (
        ["Alpha", "Beta works"]
    )
    assert found(deals, where("amount", "HAS_PROPERTY"), sorts=["-amount"]) == (
        ["Beta works", "Alpha"]
    )


def test_the_cursor_of_a_search_is_a_number(deals: Stage) -> None:
    first = deals.sdk.crm.deals.search_api.do_search({"limit": 2, "sorts": ["createdate"]})
    assert (first.total, first.paging.next.after) == (3, "2")
    rest = deals.sdk.crm.deals.search_api.do_search(
        {"limit": 2, "after": "2", "sorts": ["createdate"]}
    )
    assert [one.properties["dealname"] for one in rest.results] == ["Gamma"]
    assert rest.paging is None


@pytest.mark.parametrize(
    "request_",
    [
        {"limit": 201},
        {"after": "9999", "limit": 2},
        {"filterGroups": [{"filters": [where("dealname", "EQ", "x")]}] * 6},
        {"filterGroups": [{"filters": [where("dealname", "EQ", "x")] * 7}]},
        {"filterGroups": [{"filters": [where("dealname", "EQ", "x")] * 5}] * 4},
        {"filterGroups": [{"filters": [where("dealname", "EQ", "x" * 3000)]}]},
        {"filterGroups": [{"filters": [where("shoe_size", "EQ", "43")]}]},
        {"filterGroups": [{"filters": [where("dealname", "EQ")]}]},
        {"filterGroups": [{"filters": [where("dealname", "LIKE", "x")]}]},
    ],
)
def test_a_search_beyond_the_limits_is_refused(deals: Stage, request_: Json) -> None:
    status, body, _ = deals.send("POST", "/crm/v3/objects/deals/search", request_)
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")


def test_archived_records_leave_the_index(deals: Stage) -> None:
    gone = deals.state()["deals"][0]["id"]
    deals.sdk.crm.deals.basic_api.archive(gone)
    deals.clock.pass_(seconds=2)
    assert set(found(deals)) == {"Beta works", "Gamma"}
