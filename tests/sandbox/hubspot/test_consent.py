"""Letting an app into the account: the page, the code, PKCE, and tokens that rotate."""

import base64
import hashlib
import http.client
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import hubspot
import hubspot.oauth
import pytest

from sandbox.hubspot.conftest import Json, Stage

BACK = "https://hub.example/oauth/hubspot?from=crm"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def ask(stage: Stage, **changes: str) -> str:
    query = {
        "client_id": stage.box.tokens.client_id,
        "redirect_uri": BACK,
        "scope": "oauth crm.objects.deals.read",
        "state": "s&1",
    }
    return urlencode({k: v for k, v in (query | changes).items() if v})


def go(stage: Stage, method: str, path: str, form: str = "") -> tuple[int, str, str]:
    """(status, where it leads, page), redirects not followed."""
    connection = http.client.HTTPConnection(str(urlsplit(stage.url).netloc), timeout=5)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    connection.request(method, path, body=form or None, headers=headers)
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    return answer.status, answer.headers.get("location", ""), page


def code_for(stage: Stage, **changes: str) -> str:
    path = f"/_sandbox/oauth/authorize?auto=allow&{ask(stage, **changes)}"
    status, location, page = go(stage, "GET", path)
    assert status == 302, page
    return parse_qs(urlsplit(location).query)["code"][0]


def redeem(stage: Stage, code: str, **changes: Any) -> Any:
    """The official SDK's exchange of a code."""
    return hubspot.Client.create(host=stage.url).oauth.tokens_api.create(
        **{
            "grant_type": "authorization_code",
            "client_id": stage.box.tokens.client_id,
            "client_secret": stage.box.tokens.client_secret,
            "redirect_uri": BACK,
            "code": code,
            **changes,
        }
    )


def refused(stage: Stage, **form: str) -> Json:
    """The error body of a token request that is refused."""
    given = {
        "client_id": stage.box.tokens.client_id,
        "client_secret": stage.box.tokens.client_secret,
        **form,
    }
    status, _, page = go(stage, "POST", "/oauth/v3/token", urlencode(given))
    assert status == 400
    body: Json = json.loads(page)
    return body


def test_a_person_allows_an_app_on_a_page_and_it_gets_a_code(stage: Stage) -> None:
    status, _, page = go(stage, "GET", f"/oauth/authorize?{ask(stage)}")
    assert status == 200
    assert "crm.objects.deals.read" in page
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    assert ticket is not None
    form = urlencode({"ticket": ticket[1], "answer": "allow"})
    status, location, _ = go(stage, "POST", "/oauth/authorize", form)
    back = urlsplit(location)
    query = parse_qs(back.query)
    assert (status, back.netloc, back.path) == (302, "hub.example", "/oauth/hubspot")
    assert (query["from"], query["state"]) == (["crm"], ["s&1"])
    granted = redeem(stage, query["code"][0])
    sdk = hubspot.Client.create(access_token=granted.access_token, host=stage.url)
    assert sdk.crm.deals.basic_api.get_page().results == []
    assert go(stage, "POST", "/oauth/authorize", form)[0] == 400


def test_a_person_who_denies_sends_the_app_an_error_and_no_code(stage: Stage) -> None:
    path = f"/_sandbox/oauth/authorize?auto=deny&{ask(stage)}"
    query = parse_qs(urlsplit(go(stage, "GET", path)[1]).query)
    assert (query["error"], query["state"]) == (["access_denied"], ["s&1"])
    assert "code" not in query


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"client_id": "another"}, "No app has this client_id"),
        ({"redirect_uri": ""}, "redirect URL"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect URL"),
        ({"redirect_uri": "https://evil.example/oauth/hubspot"}, "redirect URL"),
        ({"redirect_uri": BACK + "&more=1"}, "redirect URL"),
        ({"scope": ""}, "no scope"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "S256"),
        ({"code_challenge": CHALLENGE}, "S256"),
    ],
)
def test_what_an_app_asks_wrongly_is_told_to_the_person_and_leads_nowhere(
    stage: Stage, changes: dict[str, str], problem: str
) -> None:
    stage.send("POST", "/_sandbox/hubspot", {"redirect_uris": [BACK]})
    status, location, page = go(stage, "GET", f"/oauth/authorize?{ask(stage, **changes)}")
    assert (status, location) == (400, "")
    assert problem in page
    path = f"/_sandbox/oauth/authorize?auto=allow&{ask(stage, **changes)}"
    assert go(stage, "GET", path)[:2] == (400, "")


def test_the_app_reads_its_settings(stage: Stage) -> None:
    stage.send("POST", "/_sandbox/hubspot", {"redirect_uris": [BACK]})
    _, settings, _ = stage.send("GET", "/_sandbox/oauth")
    assert settings["redirect_uris"] == [BACK]
    assert settings["authorize_url"] == f"{stage.url}/oauth/authorize"
    assert settings["client_id"] == stage.box.tokens.client_id


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"redirect_uri": BACK.replace("https", "http")}, "MISMATCH_REDIRECT_URI_AUTH_CODE"),
        ({"redirect_uri": ""}, "MISMATCH_REDIRECT_URI_AUTH_CODE"),
        ({"code": "na1-guess"}, "BAD_AUTH_CODE"),
        ({"client_secret": "guess"}, "BAD_CLIENT_ID"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
    ],
)
def test_a_code_buys_nothing_for_who_cannot_say_where_it_came_from(
    stage: Stage, form: dict[str, str], status: str
) -> None:
    good = {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code_for(stage)}
    assert refused(stage, **(good | form))["status"] == status


def test_a_code_is_worth_one_attempt_within_ten_minutes(stage: Stage) -> None:
    good = {"grant_type": "authorization_code", "redirect_uri": BACK}
    code = code_for(stage)
    redeem(stage, code)
    assert refused(stage, **good, code=code)["status"] == "BAD_AUTH_CODE"
    tried = code_for(stage)
    refused(stage, **(good | {"redirect_uri": "https://hub.example/"}), code=tried)
    assert refused(stage, **good, code=tried)["status"] == "BAD_AUTH_CODE"
    late = code_for(stage)
    stage.clock.pass_(minutes=10)
    assert refused(stage, **good, code=late)["status"] == "EXPIRED_AUTH_CODE"


def test_a_challenge_is_answered_only_by_its_verifier(stage: Stage) -> None:
    # The pair is the example of RFC 7636, appendix B.
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == CHALLENGE
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    good = {"grant_type": "authorization_code", "redirect_uri": BACK}
    for wrong in ({}, {"code_verifier": VERIFIER[:-1] + "K"}, {"code_verifier": CHALLENGE}):
        said = refused(stage, **good, **wrong, code=code_for(stage, **pkce))
        assert said["error"] == "invalid_grant"
    form = {
        **good,
        "client_id": stage.box.tokens.client_id,
        "client_secret": stage.box.tokens.client_secret,
        "code": code_for(stage, **pkce),
        "code_verifier": VERIFIER,
    }
    assert go(stage, "POST", "/oauth/v3/token", urlencode(form))[0] == 200


def test_a_token_carries_the_scopes_the_person_agreed_to(stage: Stage) -> None:
    granted = redeem(stage, code_for(stage, scope="oauth crm.objects.deals.read"))
    oauth = hubspot.Client.create(host=stage.url).oauth
    told = oauth.access_tokens_api.get(granted.access_token)
    assert told.scopes == ["oauth", "crm.objects.deals.read"]
    kept = oauth.refresh_tokens_api.get(granted.refresh_token)
    assert (kept.scopes, kept.client_id) == (told.scopes, stage.box.tokens.client_id)
    oauth.refresh_tokens_api.archive(granted.refresh_token)
    again = {"grant_type": "refresh_token", "refresh_token": granted.refresh_token}
    assert refused(stage, **again)["status"] == "BAD_REFRESH_TOKEN"


def refresh(stage: Stage, token: str) -> Any:
    return redeem(stage, "", grant_type="refresh_token", refresh_token=token)


def test_a_refresh_token_lasts_unless_they_rotate(stage: Stage) -> None:
    first = redeem(stage, code_for(stage)).refresh_token
    assert refresh(stage, first).refresh_token == first
    stage.send("POST", "/_sandbox/faults", {"set": [{"fault": "rotated_token"}]})
    second = refresh(stage, first).refresh_token
    assert second != first
    with pytest.raises(hubspot.oauth.ApiException) as caught:
        refresh(stage, first)
    assert "BAD_REFRESH_TOKEN" in str(caught.value.body)
    third = refresh(stage, second).refresh_token
    assert len({first, second, third}) == 3


def test_a_rotation_whose_answer_is_lost_leaves_only_consent(stage: Stage) -> None:
    first = redeem(stage, code_for(stage)).refresh_token
    faults = [
        {"fault": "rotated_token", "next": 1},
        {"fault": "timeout_after_acting", "path": "/oauth/*", "next": 1},
    ]
    stage.send("POST", "/_sandbox/faults", {"set": faults})
    with pytest.raises(Exception, match=r"Connection|Remote"):
        refresh(stage, first)
    again = {"grant_type": "refresh_token", "refresh_token": first}
    assert refused(stage, **again)["status"] == "BAD_REFRESH_TOKEN"
    assert redeem(stage, code_for(stage)).access_token


def test_revoked_access_refuses_the_refresh_too(stage: Stage) -> None:
    granted = redeem(stage, code_for(stage))
    stage.send("POST", "/_sandbox/faults", {"set": [{"fault": "revoked_access"}]})
    again = {"grant_type": "refresh_token", "refresh_token": granted.refresh_token}
    assert refused(stage, **again)["status"] == "BAD_REFRESH_TOKEN"
    status, body, _ = stage.send("GET", "/crm/v3/objects/deals", token=granted.access_token)
    assert (status, body["category"]) == (401, "INVALID_AUTHENTICATION")
