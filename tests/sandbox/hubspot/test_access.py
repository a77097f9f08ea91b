"""Who gets in, how often, and by which path."""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import hubspot
import pytest

from sandbox.hubspot.conftest import Json, Stage

Refused = Callable[[Callable[[], Any]], tuple[int, Json]]


def test_a_wrong_token_is_told_so_in_hubspots_words(stage: Stage) -> None:
    status, body, _ = stage.send("GET", "/crm/v3/objects/deals", token="pat-na1-guess")
    assert status == 401
    assert (body["status"], body["category"]) == ("error", "INVALID_AUTHENTICATION")
    assert body["correlationId"]


def test_no_token_at_all_is_refused_too(stage: Stage) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{stage.url}/crm/v3/owners/", timeout=5)
    assert caught.value.code == 401
    caught.value.close()


@pytest.mark.parametrize(
    ("old", "dated"),
    [
        ("/crm/v3/objects/deals", "/crm/objects/2026-03/deals"),
        ("/crm/v3/objects/0-3", "/crm/objects/2026-09/deal"),
        ("/crm/v3/properties/deals", "/crm/properties/2026-03/deals"),
        ("/crm/v3/properties/deals/groups", "/crm/properties/2025-09/deals/groups"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-03/deals"),
        ("/crm/v3/owners/", "/crm/owners/2026-03"),
        ("/crm/v4/associations/deals/companies/labels",) * 2,
    ],
)
def test_old_and_dated_paths_lead_to_the_same_answer(stage: Stage, old: str, dated: str) -> None:
    stage.deal()
    first, second = stage.send("GET", old), stage.send("GET", dated)
    assert first[0] == 200
    assert first[:2] == second[:2]


@pytest.mark.parametrize(
    "path",
    [
        "/crm/objects/deals",
        "/crm/2026-03/objects/deals",
        "/crm/objects/2019-01/deals",
        "/crm/v3/objects/2026-03/deals",
        "/crm/v5/objects/deals",
    ],
)
def test_a_path_of_no_version_is_not_found(stage: Stage, path: str) -> None:
    assert stage.send("GET", path)[0] in (400, 404)


def test_dated_associations_work_by_default(stage: Stage) -> None:
    deal, contact = stage.deal(), stage.contact("a@example.com")
    path = f"/crm/objects/2026-03/deals/{deal}/associations/default/contacts/{contact}"
    assert stage.send("PUT", path)[0] == 200
    rows = {"inputs": [{"id": deal}]}
    _, read, _ = stage.send("POST", "/crm/associations/2026-03/deals/contacts/batch/read", rows)
    assert read["results"][0]["to"][0]["toObjectId"] == contact


def test_the_limit_is_said_in_every_answer_but_a_searchs(stage: Stage) -> None:
    _, _, headers = stage.send("GET", "/crm/v3/objects/deals")
    assert int(headers["x-hubspot-ratelimit-max"]) >= 100_000
    assert headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
    _, _, headers = stage.send("POST", "/crm/v3/objects/deals/search", {})
    assert "x-hubspot-ratelimit-max" not in headers


def test_one_request_too_many_waits_for_the_window(stage: Stage) -> None:
    stage.send("POST", "/_sandbox/hubspot", {"requests_per_ten_seconds": 2})
    statuses = [stage.send("GET", "/crm/v3/objects/deals")[0] for _ in range(3)]
    assert statuses == [200, 200, 429]
    _, body, headers = stage.send("GET", "/crm/v3/objects/deals")
    assert body == body | {
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
    }
    assert headers["x-hubspot-ratelimit-remaining"] == "0"
    stage.clock.pass_(seconds=10.1)
    assert stage.send("GET", "/crm/v3/objects/deals")[0] == 200


def test_searches_are_limited_by_the_second_once_limits_are_on(stage: Stage) -> None:
    search = "/crm/v3/objects/deals/search"
    assert {stage.send("POST", search, {})[0] for _ in range(7)} == {200}
    stage.clock.pass_(seconds=11)
    stage.box.requests_per_ten_seconds = 190
    assert [stage.send("POST", search, {})[0] for _ in range(6)] == [200] * 5 + [429]


def test_oauth_tokens_last_half_an_hour(stage: Stage, refused: Refused) -> None:
    def refresh(secret: str) -> Any:
        return hubspot.Client.create(host=stage.url).oauth.tokens_api.create(
            grant_type="refresh_token",
            client_id=stage.box.tokens.client_id,
            client_secret=secret,
            refresh_token=stage.box.tokens.refresh_token,
        )

    granted = refresh(stage.box.tokens.client_secret)
    assert granted.expires_in == 1800
    sdk = hubspot.Client.create(access_token=granted.access_token, host=stage.url)
    assert sdk.crm.deals.basic_api.get_page().results == []
    stage.clock.pass_(minutes=30, seconds=7)
    status, body = refused(lambda: sdk.crm.deals.basic_api.get_page())
    assert (status, body["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert "expired 7 second(s) ago" in body["message"]
    assert refused(lambda: refresh("guess"))[0] == 400


def test_a_code_is_worth_one_token(stage: Stage) -> None:
    form = {
        "grant_type": "authorization_code",
        "client_id": stage.box.tokens.client_id,
        "client_secret": stage.box.tokens.client_secret,
        "redirect_uri": "http://127.0.0.1/back",
        "code": stage.box.tokens.new_code("http://127.0.0.1/back"),
    }
    request = urllib.request.Request(
        f"{stage.url}/oauth/2026-03/token", data=urllib.parse.urlencode(form).encode()
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert b'"hub_id"' in answer.read()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    assert b'"invalid_grant"' in caught.value.read()
    caught.value.close()


def test_calls_are_counted_by_route(stage: Stage) -> None:
    deal = stage.deal()
    stage.sdk.crm.deals.basic_api.get_by_id(deal)
    stage.send("GET", f"/crm/objects/2026-03/0-3/{deal}")
    made = stage.state()["calls_made"]
    assert made == {
        "total": 3,
        "by_route": {"POST /crm/objects/deals": 1, "GET /crm/objects/deals/{id}": 2},
    }
