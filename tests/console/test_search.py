"""Search: everything a person may call a thing by finds it, in bounded work."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.applications import Starlette

from console.browsing import application, desk_of, get
from console.firm import CRM, NOW, Town, open_town
from console.scenes import NORTHWIND, fill
from tricord.console import directory
from tricord.console.directory import Directory
from tricord.core.delivery import Delivery
from tricord.store import deliveries
from tricord.store.deliveries import Arrival


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = open_town(tmp_path_factory.mktemp("firm"))
    fill(made)
    arrival = Arrival(delivery=Delivery(connection=CRM, body=b"[]", received_at=NOW), name="evt_77")
    made.database.run(lambda tx: deliveries.accept(tx, [arrival]), NOW)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def app(town: Town) -> Starlette:
    return application(desk_of(town))


def found(app: Starlette, wanted: str) -> list[tuple[str, str]]:
    page = get(app, f"/search?q={wanted}", accept="application/json")
    return [(one["kind"], one["path"]) for one in json.loads(page.text)["found"]]


@pytest.mark.parametrize(
    ("wanted", "kind", "path"),
    [
        ("lakeside", "account", "/accounts/acc_lakeside"),
        ("LAKE", "account", "/accounts/acc_lakeside"),
        ("acc_northwind", "account", "/accounts/acc_northwind"),
        ("ada@northwind.example", "account", "/accounts/acc_northwind"),
        ("HS-1050", "invoice", "/accounts/acc_northwind"),
        ("hs-105", "invoice", "/accounts/acc_northwind"),
        ("in_1050", "invoice", "/accounts/acc_northwind"),
        ("spring cat", "deal", "/accounts/acc_northwind"),
        ("901", "deal", "/accounts/acc_northwind"),
        ("hubspot:deal:901", "deal", "/accounts/acc_northwind"),
        ("cus_1049", "customer", "/accounts/acc_northwind"),
        ("invoice/hubspot:deal:901", "command", "/commands/"),
        ("evt_77", "delivery", "/deliveries/1"),
        ("incomplete/hubspot:deal:905/no_amount", "case", "/cases/1"),
    ],
)
def test_everything_is_found_by_what_people_call_it(
    app: Starlette, wanted: str, kind: str, path: str
) -> None:
    hits = found(app, wanted)
    assert any(one == kind and place.startswith(path) for one, place in hits), hits


def test_a_number_finds_whatever_has_it(app: Starlette) -> None:
    assert {"command", "delivery", "case"} <= {kind for kind, _ in found(app, "1")}


def test_nothing_is_found_by_nothing_or_by_nonsense(app: Starlette) -> None:
    for wanted in ("", "%20", "zzzz", "%00", "x" * 500, "%25", "_", "''--"):
        assert found(app, wanted) == [], wanted


def test_the_page_without_scripts_shows_the_same(app: Starlette) -> None:
    page = get(app, "/search?q=dental")
    assert 'href="/accounts/acc_lakeside"' in page.text
    assert "Nothing is called so" in get(app, "/search?q=zzzz").text


def test_names_are_read_a_batch_at_a_time_and_kept_up_to_date(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "AT_ONCE", 2)
    read = Directory()
    town.database.run(read.read_on, NOW)
    assert (len(read.accounts), read.is_whole) == (2, False)
    for _ in range(20):
        town.database.run(read.read_on, NOW)
    assert read.is_whole
    assert len(read.accounts) == 6
    assert {"HS-1050", "Spring catalogue"} <= {one.label for one in read.records.values()}
    (company, *_) = replace(NORTHWIND, name="Eastwind Pottery").records(1, NOW, 9)
    town.observe("acc_northwind", [company], NOW.replace(hour=20))
    town.database.run(read.read_on, NOW)
    assert read.accounts["acc_northwind"] == "Eastwind Pottery"
