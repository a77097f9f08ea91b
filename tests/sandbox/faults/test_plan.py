"""What a plan may say, and what its writer is told when it says something else."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.faults.plans import EVERY, START
from tricord.sandbox.faults.fault import CALL_FAULTS, FaultKind
from tricord.sandbox.faults.plan import BadPlan, faults_from, keys_of, shown


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, 'faults[0]: "fault" is missing'),
        ({"fault": "gremlins"}, 'no fault "gremlins" at this vendor; it has down, slow'),
        ({"fault": ["slow"]}, "no fault ['slow']"),
        ("slow", 'a fault is an object, not "slow"'),
        ({"fault": "slow"}, 'slow needs "seconds"'),
        ({"fault": "delay"}, 'delay needs "seconds"'),
        ({"fault": "slow", "seconds": -1}, '"seconds" must be between 0 and 86400, not -1'),
        ({"fault": "slow", "seconds": "2"}, '"seconds" must be a number, not "2"'),
        ({"fault": "slow", "seconds": float("nan")}, '"seconds" must be a number'),
        ({"fault": "down", "every": 0}, '"every" must be a whole number above 0, not 0'),
        ({"fault": "down", "every": True}, '"every" must be a whole number above 0, not True'),
        ({"fault": "down", "next": 1.5}, '"next" must be a whole number above 0, not 1.5'),
        ({"fault": "down", "chance": 0}, '"chance" must be above 0 and at most 1, not 0'),
        ({"fault": "down", "chance": 1.01}, '"chance" must be above 0 and at most 1, not 1.01'),
        ({"fault": "down", "method": ""}, '"method" must not be empty'),
        ({"fault": "down", "status": 200}, '"status" must be between 400 and 599, not 200'),
        ({"fault": "server_error", "acts": "yes"}, '"acts" must be true or false, not "yes"'),
        ({"fault": "lapse", "shows": "pink"}, '"shows" must be one of disabled, gone, fine'),
        ({"fault": "down", "from": "noon"}, '"from" must be seconds from now or a time with a zo'),
        ({"fault": "down", "from": "2026-03-02T09:00"}, '"from" must be seconds from now or a t'),
        ({"fault": "down", "from": 9, "until": 9}, '"until" must be later than "from"'),
        ({"fault": "down", "from": 1e300}, '"from" is too far away'),
        ({"fault": "drop", "path": "/v1/*"}, 'drop has no "path"; it takes chance, every, fault'),
        ({"fault": "down", "webhook": "*"}, 'down has no "webhook"'),
        ({"fault": "down", "x": 1, "often": 2}, 'down has no "often", "x"'),
    ],
)
def test_a_plan_that_cannot_be_read_is_told_what_is_wrong_and_where(wrong: Any, said: str) -> None:
    with pytest.raises(BadPlan) as caught:
        faults_from([wrong], EVERY, START)
    assert said in str(caught.value)
    assert str(caught.value).startswith("faults[0]: ")


@pytest.mark.parametrize("plan", [None, {}, "slow", 3])
def test_a_plan_is_a_list(plan: Any) -> None:
    with pytest.raises(BadPlan, match="a plan is a list of faults"):
        faults_from(plan, EVERY, START)


def test_a_plan_has_an_end() -> None:
    with pytest.raises(BadPlan, match="at most 200 faults, this one has 201"):
        faults_from([{"fault": "down"}] * 201, EVERY, START)


def test_a_vendor_has_only_its_own_faults() -> None:
    with pytest.raises(BadPlan, match='no fault "greylisted" at this vendor'):
        faults_from([{"fault": "greylisted"}], CALL_FAULTS, START)


def test_times_are_seconds_from_now_or_moments() -> None:
    plan = [{"fault": "down", "from": 60, "until": "2026-03-02T12:00:00+02:00"}]
    (fault,) = faults_from(plan, EVERY, START)
    assert fault.starts == datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
    assert fault.ends == datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", list(FaultKind))
def test_what_is_shown_of_a_fault_is_a_plan_that_makes_the_same_fault(kind: FaultKind) -> None:
    everything: dict[str, Any] = {
        "fault": str(kind), "method": "POST", "path": "/v1/*", "webhook": "invoice.*", "every": 3,
        "next": 2, "chance": 0.5, "from": 5, "until": 50, "seconds": 1.5, "status": 503,
        "acts": True, "copies": 2, "shows": "gone",
    }  # fmt: skip
    plan = {key: value for key, value in everything.items() if key in keys_of(kind)}
    (fault,) = faults_from([plan], EVERY, START)
    assert set(shown(fault)) == set(plan)
    assert faults_from([shown(fault)], EVERY, START) == [fault]
