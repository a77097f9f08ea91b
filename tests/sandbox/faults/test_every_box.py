"""Every box there is: each call meets the faults that are on, alone and in pairs."""

import http.client
import json
import time
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from sandbox.faults.stand import LOST, WORK, Json, Stand, standing
from tricord.sandbox.box import Settings
from tricord.sandbox.faults.fault import CALL_FAULTS, FaultKind
from tricord.sandbox.front import front
from tricord.sandbox.hubspot import HubSpotBox
from tricord.sandbox.serving import BOXES
from tricord.sandbox.stripe import StripeBox

OVER_HTTP = [name for name, make in BOXES.items() if front(make(Settings())).dialect.api]
UNDONE = {
    FaultKind.DOWN, FaultKind.TIMEOUT_BEFORE_ACTING, FaultKind.REVOKED_ACCESS,
    FaultKind.EXPIRED_TOKEN, FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR, FaultKind.GREYLISTED,
}  # fmt: skip
UNTOLD = {FaultKind.TIMEOUT_AFTER_ACTING}
NEEDED: dict[FaultKind, Json] = {
    FaultKind.SLOW: {"seconds": 0},
    FaultKind.DELAY: {"seconds": 0},
    FaultKind.SEARCH_LAG: {"seconds": 5},
    FaultKind.REORDER: {"seconds": 0},
}


def fault(kind: FaultKind, **more: Any) -> Json:
    return {"fault": str(kind), **NEEDED.get(kind, {}), **more}


def probe(stand: Stand) -> tuple[int, dict[str, str], bytes]:
    """A call to the interface that changes nothing, whether the vendor knows it or not."""
    return stand.call("GET", f"{stand.running.front.dialect.api[0]}probe")


@pytest.fixture(params=list(BOXES))
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    with standing(request.param) as opened:
        yield opened


@pytest.fixture(params=OVER_HTTP)
def web(request: pytest.FixtureRequest) -> Iterator[Stand]:
    with standing(request.param) as opened:
        yield opened


@pytest.fixture(params=list(WORK))
def worker(request: pytest.FixtureRequest) -> Iterator[tuple[Stand, str]]:
    with standing(request.param) as opened:
        yield opened, request.param


def test_a_plan_is_set_added_to_read_and_ended(stand: Stand) -> None:
    status, said = stand.control("POST", "faults", {"set": [{"fault": "down"}], "seed": 3})
    assert (status, said["seed"]) == (200, 3)
    stand.control("POST", "faults", {"add": [{"fault": "rate_limited", "next": 2}]})
    _, said = stand.control("GET", "faults")
    assert [(one["id"], one["fault"]) for one in said["faults"]] == [
        (1, "down"),
        (2, "rate_limited"),
    ]
    assert set(said["known"]) >= CALL_FAULTS
    assert stand.control("DELETE", "faults/1")[0] == 200
    assert [one["id"] for one in stand.control("GET", "faults")[1]["faults"]] == [2]
    assert stand.control("DELETE", "faults/1")[0] == 404
    assert stand.control("DELETE", "faults")[1]["faults"] == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"set": [{"fault": "gremlins"}]}, 'faults[0]: there is no fault "gremlins"'),
        ({"set": [{"fault": "down"}, {"fault": "slow"}]}, 'faults[1]: slow needs "seconds"'),
        ({}, 'give the faults to "set"'),
        ([], "a change is an object"),
        ({"set": [], "plan": 1}, "unknown keys ['plan']"),
        ({"add": [], "seed": 4}, '"seed" is a whole number that goes with "set"'),
    ],
)
def test_a_bad_plan_is_a_400_that_says_why_and_changes_nothing(
    stand: Stand, wrong: Any, said: str
) -> None:
    stand.let({"fault": "down"})
    status, answer = stand.control("POST", "faults", wrong)
    assert status == 400
    assert said in answer["error"]
    assert [one["fault"] for one in stand.control("GET", "faults")[1]["faults"]] == ["down"]


def test_a_plan_that_is_no_json_is_a_400_too(stand: Stand) -> None:
    status, _, body = stand.call("POST", "/_sandbox/faults", b"{", Content_Type="application/json")
    assert status == 400
    assert "this is no JSON" in json.loads(body)["error"]


def test_a_person_switches_faults_on_a_page_that_every_page_leads_to(stand: Stand) -> None:
    assert b'href="/_sandbox/faults"' in stand.call("GET", "/")[2]
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    asked = b"fault=rate_limited&often=third&place=/v1/*&seconds=2"
    status, headers, _ = stand.call("POST", "/_sandbox/faults", asked, **form)
    assert (status, headers["location"]) == (303, "/_sandbox/faults")
    (on,) = stand.control("GET", "faults")[1]["faults"]
    assert (on["fault"], on["every"], on["path"], on["seconds"]) == ("rate_limited", 3, "/v1/*", 2)
    page = stand.call("GET", "/_sandbox/faults", Accept="text/html")[2].decode()
    assert "Too many requests" in page
    assert "<script" not in page
    assert "rate limited" in stand.call("GET", "/")[2].decode()
    stand.call("POST", "/_sandbox/faults", b"remove=1", **form)
    assert stand.control("GET", "faults")[1]["faults"] == []
    wrong = stand.call("POST", "/_sandbox/faults", b"fault=down&often=always&place=", **form)
    assert wrong[1]["location"] == "/_sandbox/faults"
    odd = stand.call("POST", "/_sandbox/faults", b"fault=%3Cb%3E", **form)[1]["location"]
    assert "problem=choose+a+fault" in odd
    shown = stand.call("GET", "/_sandbox/faults?problem=%3Cscript%3E", Accept="text/html")[2]
    assert b"<script>" not in shown


def test_pages_and_controls_are_never_struck(stand: Stand) -> None:
    stand.let({"fault": "down"})
    assert stand.call("GET", "/")[0] == 200
    assert stand.control("GET", "state")[0] == 200
    assert stand.strikes() == []


@pytest.mark.parametrize("kind", ["down", "timeout_before_acting", "timeout_after_acting"])
def test_no_answer_comes_and_the_connection_is_cut(
    web: Stand, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    web.let({"fault": kind, "next": 1})
    with pytest.raises(LOST):
        probe(web)
    assert probe(web)[0] < 600
    (strike,) = web.strikes()
    assert (strike["fault"], strike["method"]) == (kind, "GET")
    assert strike["path"].endswith("probe")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["timeout_before_acting", "slow"])
def test_a_call_hangs_as_long_as_it_was_told_and_no_longer(web: Stand, kind: str) -> None:
    web.let({"fault": kind, "seconds": 0.2, "next": 1})
    started = time.monotonic()
    if kind == "slow":
        assert probe(web)[0] < 600
    else:
        with pytest.raises(LOST):
            probe(web)
    assert 0.2 <= time.monotonic() - started < 3


def test_a_box_stops_at_once_although_a_call_hangs() -> None:
    with standing("stripe") as stand:
        stand.let({"fault": "slow", "seconds": 600, "next": 1})
        connection = http.client.HTTPConnection(stand.url.removeprefix("http://"))
        connection.request("GET", "/v1/customers")
        until = time.monotonic() + 3
        while not stand.strikes():
            assert time.monotonic() < until
        started = time.monotonic()
    assert time.monotonic() - started < 2
    connection.close()


@pytest.mark.parametrize(
    ("wanted", "statuses"),
    [
        ({"fault": "rate_limited"}, {429}),
        ({"fault": "server_error"}, {500}),
        ({"fault": "server_error", "status": 503}, {503}),
        ({"fault": "server_error", "status": 502, "acts": True}, {502}),
        ({"fault": "down", "status": 503}, {503}),
        ({"fault": "expired_token"}, {401}),
        ({"fault": "revoked_access"}, {401, 403}),
    ],
)
def test_a_refusal_has_the_status_it_should_and_a_readable_body(
    web: Stand, wanted: Json, statuses: set[int]
) -> None:
    web.let(wanted | {"next": 1})
    status, headers, body = probe(web)
    assert status in statuses
    assert "json" in headers["content-type"]
    assert isinstance(json.loads(body), dict)


def test_a_limited_caller_is_told_how_long_to_wait_when_the_plan_says_so(web: Stand) -> None:
    web.let({"fault": "rate_limited", "seconds": 7, "next": 1})
    assert probe(web)[1]["retry-after"] == "7"


def test_the_same_seed_strikes_the_same_calls_again(web: Stand) -> None:
    def run(seed: int) -> list[int]:
        web.let({"fault": "rate_limited", "chance": 0.4}, seed=seed)
        return [n for n in range(40) if probe(web)[0] == 429]

    first = run(5)
    assert 5 < len(first) < 30
    assert run(5) == first
    assert run(6) != first


def test_what_was_done_before_the_answer_was_lost_is_done(worker: tuple[Stand, str]) -> None:
    stand, name = worker
    stand.let({"fault": "timeout_after_acting", "next": 1})
    with pytest.raises(LOST):
        WORK[name](stand, "one@client.example")
    assert [one["count"] for one in stand.books("one@client.example")] == [1]


def test_each_fault_strikes_alone_and_in_every_pair_and_is_accounted_for(
    worker: tuple[Stand, str],
) -> None:
    """What the vendor's books hold is what the strikes say was done, and nothing else."""
    stand, name = worker
    kinds = [k for k in FaultKind if k in stand.running.front.dialect.kinds - _INSIDE]
    plans = [(kind,) for kind in kinds] + list(combinations(kinds, 2))
    number = 0
    for plan in plans:
        stand.let(*(fault(kind, next=1) for kind in plan))
        for attempt in range(len(plan) + 1):
            number = max([number, *(one["number"] for one in stand.strikes())])
            key = f"{'-'.join(plan)}.{attempt}@client.example"
            said = _outcome(stand, name, key)
            struck = {FaultKind(one["fault"]) for one in stand.strikes(number)}
            done = not struck & UNDONE
            assert said == (done and not struck & UNTOLD), (plan, attempt, struck)
            counts = [one["count"] for one in stand.books(key)]
            assert counts == ([1] if done else []), (plan, attempt, struck)
            _renew(stand)
        on = stand.control("GET", "faults")[1]["faults"]
        assert [one["struck"] for one in on] == [1] * len(plan), plan
    assert {one["fault"] for one in stand.strikes()} == {str(kind) for kind in kinds}


_INSIDE = {FaultKind.SEARCH_LAG, FaultKind.ROTATED_TOKEN}


def _outcome(stand: Stand, name: str, key: str) -> bool:
    try:
        return WORK[name](stand, key)
    except LOST:
        return False


def _renew(stand: Stand) -> None:
    """As a hub would, once it has found out that nothing is sent any more."""
    match stand.box:
        case HubSpotBox():
            for one in stand.box.hooks.subscriptions.values():
                stand.box.hooks.set_active(one, active=True)
        case StripeBox():
            for endpoint in stand.box.account.tables["webhook_endpoint"].values():
                endpoint["status"] = "enabled"
