"""The demo firm: ten weeks lived through over real sockets, and a hub that keeps its head."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tricord.app.demo import FirmClock, running_demo
from tricord.app.firm import Firm, plan
from tricord.app.home import Home
from tricord.app.townsfolk import LONGEST_AGO, Fate, townsfolk
from tricord.core.money import Money
from tricord.store import audit, views
from tricord.store.row_views import Totals

FATES = (Fate.FAITHFUL, Fate.SILENT, Fate.CONTESTED, Fate.GRAND, Fate.REFUSED, Fate.VAGUE)


def test_fifty_clients_differ_and_every_fate_is_there() -> None:
    people = list(townsfolk())
    assert len({one.email for one in people}) == len({one.company for one in people}) == 50
    assert {one.fate for one in people} == set(Fate)
    assert all(one.email.endswith(".example") for one in people)
    assert list(townsfolk()) == people
    assert all(0 <= event.day < LONGEST_AGO for event in plan(people))


def test_a_clock_that_catches_up_never_goes_back() -> None:
    clock = FirmClock(timedelta(days=10))
    before = clock.now()
    clock.move(timedelta(days=3))
    clock.move(timedelta(days=7))
    assert clock.behind == timedelta(days=3)
    assert clock.now() > before
    clock.move(timedelta(days=-1))
    assert clock.behind == timedelta()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a firm with one client of several fates holds in the end, at the hub and the vendors."""
    folder: Path = tmp_path_factory.mktemp("firm")
    chosen = [next(one for one in townsfolk() if one.fate is fate) for fate in FATES]

    async def live() -> dict[str, Any]:
        clock = FirmClock(timedelta(days=LONGEST_AGO))
        async with running_demo(Home(folder), seed=3, clock=clock) as (hub, stage):
            link = await hub.link("ines")
            firm = Firm(hub=hub, stage=stage, clock=clock, people=chosen)
            await firm.live_through()
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar) as browser, browser.get(link) as page:
                entered = (page.status, str(page.url))
            return {
                "behind": clock.behind,
                "entered": entered,
                "totals": await hub.read(views.totals),
                "invoices": await hub.read(lambda tx: views.invoices(tx, limit=50)),
                "cases": await hub.read(lambda tx: views.cases(tx, limit=50)),
                "status": await hub.read(views.status),
                "broken": await hub.read(audit.broken_leaves),
                "billed": await stage.state("stripe"),
                "now": hub.clock.now(),
            }

    return asyncio.run(live())


def test_the_past_ends_today_and_nothing_is_left_over(lived: dict[str, Any]) -> None:
    status = lived["status"]
    assert lived["behind"] == timedelta()
    assert (status["accepted_minus_processed"], status["hints"]) == (0, 0)
    assert status["deliveries"]["parked"] == 0
    assert all(one["state"] == "ok" for one in status["connections"])
    assert lived["broken"] == []


def test_invoices_age_as_if_ten_weeks_had_passed(lived: dict[str, Any]) -> None:
    (totals,) = lived["totals"]
    assert isinstance(totals, Totals)
    assert totals.ageing.to_60 > Money.zero("USD"), "the silent client's"
    assert all(row.issued_at <= lived["now"] for row in lived["invoices"])
    ours = {row.ref.external_id: row.total.minor for row in lived["invoices"]}
    theirs = {one["id"]: one["total"] for one in lived["billed"]["invoices"]}
    assert ours == theirs, "what the hub holds is what the billing engine holds"


def test_what_needs_a_person_has_an_owner_and_the_money_at_stake(lived: dict[str, Any]) -> None:
    cases = {case.kind: case for case in lived["cases"]}
    assert {"approval", "refused", "incomplete"} <= set(cases)
    assert cases["refused"].owner == "role:finance"
    assert cases["refused"].money is not None
    assert "disputed" in {row.status for row in lived["invoices"]}


def test_the_link_that_was_printed_first_still_opens_the_console(lived: dict[str, Any]) -> None:
    """Ten weeks went by on the firm's clock, half a minute on the real one."""
    status, url = lived["entered"]
    assert status == 200
    assert "ticket" not in url
