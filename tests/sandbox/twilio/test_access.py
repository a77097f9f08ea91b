"""Who may call, how often, and how the box signs: judged by Twilio's own SDK."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from sandbox.twilio.conftest import CLIENT, Stage, basic


def test_an_api_key_opens_what_the_auth_token_does(stage: Stage) -> None:
    ((key, secret),) = stage.box.account.api_keys.items()
    wire = TwilioHttpClient(pool_connections=False)
    sdk = Client(key, secret, stage.box.account.sid, http_client=wire)
    sdk.api.base_url = stage.url
    assert sdk.messages.list() == []


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!", "Bearer x", basic("AC1", "x")])
def test_other_credentials_are_refused(stage: Stage, header: str) -> None:
    path = f"{stage.home}/Messages.json"
    status, told = stage.send("GET", path, Authorization=header)
    assert (status, told["code"], told["status"]) == (401, 20003, 401)
    assert set(told) == {"code", "message", "more_info", "status"}


def test_another_account_and_another_path_are_not_found(stage: Stage) -> None:
    other = "/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json"
    for path in (other, f"{stage.home}/Faxes.json", f"{stage.home}/Messages/a/b.json"):
        status, told = stage.send("GET", path)
        assert (status, told["code"]) == (404, 20404)
    assert stage.send("DELETE", f"{stage.home}/Messages.json")[0] == 405


def test_too_many_requests_in_a_second_are_told_to_slow_down(stage: Stage) -> None:
    stage.act("twilio", requests_per_second=2)
    stage.text("One")
    stage.text("Two")
    with pytest.raises(TwilioRestException) as caught:
        stage.text("Three")
    assert (caught.value.status, caught.value.code) == (429, 20429)
    stage.clock.pass_(seconds=1.1)
    assert [one.body for one in stage.sdk.messages.list()] == ["Two", "One"]


def test_an_ordered_loss_does_what_was_asked_and_says_otherwise(stage: Stage) -> None:
    stage.act("twilio", trouble={"status": 500, "times": 1, "lose": True})
    with pytest.raises(TwilioRestException):
        stage.text("Hello")
    assert [one["body"] for one in stage.state()["messages"]] == ["Hello"]
    stage.act("twilio", trouble={"status": 503, "times": 1})
    with pytest.raises(TwilioRestException):
        stage.text("Never")
    assert len(stage.state()["messages"]) == 1


def test_callbacks_are_signed_by_the_auth_token(stage: Stage) -> None:
    stage.act("texts", **{"from": CLIENT, "body": "Ünsure: 50 % + tax?"})
    stage.hub.wait_for(1)
    (heard,) = stage.hub.deliveries
    assert heard.genuine(stage.box.account.auth_token)
    assert not heard.genuine("another")
    assert heard.headers["Content-Type"].startswith("application/x-www-form-urlencoded")


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
def test_callbacks_are_signed_by_a_shared_key_once_it_is_switched_on(
    stage: Stage, algorithm: str
) -> None:
    stage.act("twilio", algorithm=algorithm)
    stage.act("texts", **{"from": CLIENT, "body": "Hello"})
    stage.hub.wait_for(1)
    (heard,) = stage.hub.deliveries
    hooks = stage.box.account.hooks
    named = f"key={hooks.shared_key_id},algorithm={algorithm}"
    assert heard.headers["X-Twilio-Webhooks-Signature-Settings"] == named
    assert heard.genuine(hooks.shared_secret)
    assert not heard.genuine(hooks.auth_token)


def test_a_callback_that_was_not_taken_comes_again_with_the_same_token(stage: Stage) -> None:
    stage.hub.answers = [503]
    stage.act("texts", **{"from": CLIENT, "body": "Hello"})
    stage.hub.wait_for(2)
    first, second = stage.hub.deliveries
    assert first.body == second.body
    tokens = {one.headers["I-Twilio-Idempotency-Token"] for one in (first, second)}
    assert len(tokens) == 1


def test_a_number_says_where_its_callbacks_go(stage: Stage) -> None:
    (number,) = stage.sdk.incoming_phone_numbers.list()
    assert number.sms_url == number.status_callback == stage.hub.url
    moved = stage.sdk.incoming_phone_numbers(number.sid).update(
        sms_url=f"{stage.hub.base_url}/elsewhere", friendly_name="Front desk"
    )
    assert moved.friendly_name == "Front desk"
    stage.act("texts", **{"from": CLIENT, "body": "Hello"})
    stage.hub.wait_for(1)
    assert stage.hub.deliveries[0].url.endswith("/elsewhere")
    bought = stage.sdk.incoming_phone_numbers.create(phone_number="+15550188")
    assert len(stage.sdk.incoming_phone_numbers.list()) == 2
    assert stage.sdk.incoming_phone_numbers(bought.sid).delete()
    with pytest.raises(TwilioRestException):
        stage.sdk.incoming_phone_numbers(number.sid).update(sms_url="nonsense")
