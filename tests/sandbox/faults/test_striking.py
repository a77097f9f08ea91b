"""When a fault strikes: each Nth time, by the dice, for a while; and the same again by the seed."""

import random
from itertools import pairwise
from typing import Any

import pytest

from sandbox.faults.plans import HandClock, faults_of
from tricord.sandbox.faults.fault import FaultKind
from tricord.sandbox.faults.faults import Faults

DOWN = FaultKind.DOWN


def struck(faults: Faults, times: int, method: str = "GET", path: str = "/v1/things") -> list[int]:
    """Which of so many calls are struck, counted from 1."""
    return [n for n in range(1, times + 1) if faults.strike(DOWN, method, path)]


@pytest.mark.parametrize(
    ("often", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7]),
        ({"every": 3}, [3, 6]),
        ({"next": 2}, [1, 2]),
        ({"every": 2, "next": 2}, [2, 4]),
    ],
)
def test_how_often_a_fault_strikes(often: dict[str, Any], expected: list[int]) -> None:
    assert struck(faults_of({"fault": "down", **often}), 7) == expected


def test_a_fault_strikes_only_where_it_is_told_to() -> None:
    faults = faults_of({"fault": "down", "method": "post", "path": "/v1/*/search", "next": 1})
    assert not faults.strike(DOWN, "GET", "/v1/invoices/search")
    assert not faults.strike(DOWN, "POST", "/v1/invoices")
    assert not faults.strike(FaultKind.SLOW, "POST", "/v1/invoices/search")
    assert faults.active[0].seen == 0
    assert faults.strike(DOWN, "POST", "/v1/invoices/search")


def test_a_webhook_about_several_things_is_struck_by_any_of_them() -> None:
    faults = faults_of({"fault": "drop", "webhook": "deal.propertyChange"})
    about = "contact.creation, deal.propertyChange"
    assert faults.strike(FaultKind.DROP, "POST", about, webhook=4)
    assert not faults.strike(FaultKind.DROP, "POST", "deal.creation", webhook=5)


def test_a_fault_strikes_only_between_its_times() -> None:
    clock = HandClock()
    faults = faults_of({"fault": "down", "from": 60, "until": 120}, clock=clock)
    seen = []
    for _ in range(6):
        seen.append(bool(faults.strike(DOWN, "GET", "/")))
        clock.pass_(30)
    assert seen == [False, False, True, True, False, False]


def test_the_same_seed_gives_the_same_strikes_and_another_seed_others() -> None:
    plan = ({"fault": "down", "chance": 0.3}, {"fault": "slow", "seconds": 0, "chance": 0.3})

    def run(seed: int) -> list[dict[str, Any]]:
        faults = faults_of(*plan, seed=seed)
        for n in range(300):
            faults.strike(DOWN, "GET", f"/{n}")
            faults.strike(FaultKind.SLOW, "GET", f"/{n}")
        return [strike.shown() for strike in faults.strikes]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert 120 < len(run(1)) < 240


def test_what_one_fault_meets_does_not_move_the_dice_of_another() -> None:
    plan = ({"fault": "down", "chance": 0.5}, {"fault": "slow", "seconds": 0, "chance": 0.5})
    alone, beside = faults_of(*plan), faults_of(*plan)
    expected = struck(alone, 100)
    found = []
    for n in range(1, 101):
        for _ in range(n % 3):
            beside.strike(FaultKind.SLOW, "GET", "/")
        found += [n] if beside.strike(DOWN, "GET", "/") else []
    assert found == expected


def test_a_chance_is_a_chance() -> None:
    hits = len(struck(faults_of({"fault": "down", "chance": 0.25}), 4000))
    assert 900 < hits < 1100


def test_faults_draw_nothing_from_the_vendors_dice() -> None:
    random.seed(5)
    before = random.random()
    random.seed(5)
    struck(faults_of({"fault": "down", "chance": 0.5}), 50)
    assert random.random() == before


def test_every_strike_is_on_record_and_counted() -> None:
    clock = HandClock()
    faults = faults_of({"fault": "down", "every": 2}, {"fault": "drop", "next": 1}, clock=clock)
    struck(faults, 5)
    clock.pass_(1)
    faults.strike(FaultKind.DROP, "POST", "invoice.paid evt_1", webhook=9)
    calls, webhooks = faults.active
    assert (calls.seen, calls.struck, calls.spent) == (5, 2, False)
    assert (webhooks.seen, webhooks.struck, webhooks.spent) == (1, 1, True)
    assert webhooks.last == clock()
    shown = [strike.shown() for strike in faults.strikes]
    assert [one["number"] for one in shown] == [1, 2, 3]
    assert all(a["at"] <= b["at"] for a, b in pairwise(shown))
    assert (shown[0]["method"], shown[0]["path"], shown[0]["fault_id"]) == ("GET", "/v1/things", 1)
    assert (shown[2]["webhook"], shown[2]["about"]) == (9, "invoice.paid evt_1")


def test_a_plan_that_is_set_again_starts_again_and_forgets_no_strike() -> None:
    faults = faults_of({"fault": "down", "chance": 0.5})
    first = struck(faults, 50)
    faults.set([one.fault for one in faults.active])
    assert struck(faults, 50) == first
    assert len(faults.strikes) == 2 * len(first)


def test_without_a_seed_one_is_drawn_and_told() -> None:
    drawn = {Faults(HandClock()).seed for _ in range(3)}
    assert len(drawn) == 3
    assert None not in drawn
