"""Each vendor's own words for a fault, judged by the vendor's own SDK and its error classes."""

import json
import smtplib
from collections.abc import Iterator
from typing import Any

import hubspot
import hubspot.crm.deals
import pytest
import stripe

from sandbox.faults.stand import LOST, Json, Stand, deliver_mail, send_mail, standing
from tricord.sandbox.hubspot import HubSpotBox

SEARCH = {"filterGroups": [{"filters": [
    {"propertyName": "dealname", "operator": "EQ", "value": "Late"}]}]}  # fmt: skip


@pytest.fixture
def crm() -> Iterator[Stand]:
    with standing("hubspot") as opened:
        yield opened


@pytest.fixture
def billing() -> Iterator[Stand]:
    with standing("stripe") as opened:
        yield opened


@pytest.fixture
def mail() -> Iterator[Stand]:
    with standing("smtp") as opened:
        yield opened


def deals(stand: Stand, token: str | None = None) -> Any:
    given = token or stand.box.credentials["token"]
    return hubspot.Client.create(access_token=given, host=stand.url).crm.deals


def customers(stand: Stand, retries: int = 0) -> Any:
    client = stripe.StripeClient(
        stand.box.credentials["api_key"],
        base_addresses={"api": stand.url},
        http_client=stripe.RequestsClient(),
        max_network_retries=retries,
    )
    return client.v1.customers


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ({"fault": "rate_limited"}, stripe.RateLimitError, "rate_limit"),
        ({"fault": "expired_token"}, stripe.AuthenticationError, "api_key_expired"),
        ({"fault": "revoked_access"}, stripe.PermissionError, "account_invalid"),
        ({"fault": "server_error"}, stripe.APIError, None),
        ({"fault": "server_error", "status": 503}, stripe.APIError, None),
        ({"fault": "down", "status": 503}, stripe.APIError, None),
        ({"fault": "down"}, stripe.APIConnectionError, None),
        ({"fault": "timeout_after_acting"}, stripe.APIConnectionError, None),
    ],
)
def test_stripes_sdk_knows_each_fault_for_what_it_is(
    billing: Stand, fault: Json, error: type[stripe.StripeError], code: str | None
) -> None:
    billing.let(fault)
    with pytest.raises(error) as caught:
        customers(billing).list()
    assert type(caught.value) is error
    assert (caught.value.error and caught.value.error.code) == code
    if caught.value.http_status is not None:
        assert caught.value.request_id is not None
    assert billing.box.credentials["api_key"] not in str(caught.value)


def test_stripes_sdk_retries_what_was_lost_and_the_key_makes_it_one(billing: Stand) -> None:
    billing.let({"fault": "timeout_after_acting", "next": 1})
    made = customers(billing, retries=2).create({"name": "Ada", "metadata": {"order_key": "o-1"}})
    (by_metadata,) = billing.books("o-1")
    assert (by_metadata["count"], by_metadata["ids"]) == (1, [made.id])
    assert len(customers(billing).list().data) == 1
    assert len(billing.strikes()) == 1


def test_stripes_books_show_what_was_made_twice(billing: Stand) -> None:
    for _ in range(2):
        customers(billing).create({"name": "Ada", "metadata": {"order_key": "o-1"}})
    (entry,) = billing.books("o-1")
    assert (entry["kind"], entry["by"], entry["count"]) == ("customer", "metadata.order_key", 2)
    customers(billing).create({"name": "Eve"}, {"idempotency_key": "once"})
    customers(billing).create({"name": "Eve"}, {"idempotency_key": "once"})
    (keyed,) = billing.books("once")
    assert (keyed["by"], keyed["count"]) == ("idempotency_key", 1)


@pytest.mark.parametrize(
    ("fault", "status", "expected"),
    [
        (
            {"fault": "rate_limited"},
            429,
            {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"},
        ),
        ({"fault": "expired_token"}, 401, {"category": "EXPIRED_AUTHENTICATION"}),
        ({"fault": "revoked_access"}, 401, {"category": "INVALID_AUTHENTICATION"}),
        ({"fault": "server_error", "status": 502}, 502, {"status": "error"}),
    ],
)
def test_hubspots_sdk_raises_with_hubspots_body(
    crm: Stand, fault: Json, status: int, expected: Json
) -> None:
    crm.let(fault | {"next": 1})
    with pytest.raises(hubspot.crm.deals.ApiException) as caught:
        deals(crm).basic_api.get_page()
    body = json.loads(caught.value.body)
    assert caught.value.status == status
    assert body == body | expected
    assert body["correlationId"] == caught.value.headers["X-HubSpot-Correlation-Id"]
    assert deals(crm).basic_api.get_page().results == []


def test_a_search_that_is_limited_says_which_limit_and_no_numbers(crm: Stand) -> None:
    crm.let({"fault": "rate_limited", "path": "*/search"})
    with pytest.raises(hubspot.crm.deals.ApiException) as caught:
        deals(crm).search_api.do_search(SEARCH)
    assert json.loads(caught.value.body)["policyName"] == "SECONDLY"
    assert "X-HubSpot-RateLimit-Max" not in caught.value.headers
    assert deals(crm).basic_api.get_page().results == []


def test_an_expired_token_of_hubspots_stays_expired_until_it_is_refreshed(crm: Stand) -> None:
    assert isinstance(crm.box, HubSpotBox)
    tokens = crm.box.tokens

    def refreshed() -> str:
        granted = hubspot.Client.create(host=crm.url).oauth.tokens_api.create(
            grant_type="refresh_token",
            client_id=tokens.client_id,
            client_secret=tokens.client_secret,
            refresh_token=tokens.refresh_token,
        )
        return str(granted.access_token)

    old = refreshed()
    crm.let({"fault": "expired_token", "next": 1})
    for _ in range(2):
        with pytest.raises(hubspot.crm.deals.ApiException) as caught:
            deals(crm, old).basic_api.get_page()
        assert caught.value.status == 401
    assert len(crm.strikes()) == 1
    assert deals(crm, refreshed()).basic_api.get_page().results == []


def test_the_search_index_lags_while_the_fault_is_on_and_no_longer(crm: Stand) -> None:
    deals(crm).basic_api.create({"properties": {"dealname": "Late"}})
    crm.clock.pass_(2)
    assert deals(crm).search_api.do_search(SEARCH).total == 1
    crm.let({"fault": "search_lag", "seconds": 60})
    assert deals(crm).search_api.do_search(SEARCH).total == 0
    crm.clock.pass_(60)
    assert deals(crm).search_api.do_search(SEARCH).total == 1
    crm.let()
    assert deals(crm).search_api.do_search(SEARCH).total == 1
    assert [one["path"] for one in crm.strikes()] == ["/crm/v3/objects/deals/search"] * 2


def test_stripes_search_lags_too(billing: Stand) -> None:
    customers(billing).create({"name": "Ada"})
    billing.clock.pass_(2)
    query = {"query": "name:'Ada'"}
    billing.let({"fault": "search_lag", "seconds": 30, "next": 1})
    assert customers(billing).search(query).data == []
    assert len(customers(billing).search(query).data) == 1


def test_hubspots_books_count_by_unique_property_and_tell_a_deals_own_values(crm: Stand) -> None:
    token = crm.box.credentials["token"]
    sdk = hubspot.Client.create(access_token=token, host=crm.url)
    sdk.crm.contacts.basic_api.create({"properties": {"email": "kim@client.example"}})
    (entry,) = crm.books("kim@client.example")
    assert (entry["kind"], entry["by"], entry["count"]) == ("contacts", "email", 1)
    own = {"name": "state", "label": "State", "type": "string", "fieldType": "text"}
    sdk.crm.properties.core_api.create("deals", own | {"groupName": "dealinformation"})
    deal = sdk.crm.deals.basic_api.create({"properties": {"dealname": "A", "state": "open"}}).id
    for state in ("open", "paid"):
        sdk.crm.deals.basic_api.update(deal, {"properties": {"state": state}})
    (shown,) = crm.books(deal)
    assert shown["facts"] == {"values": {"state": "paid"}, "writes": {"state": 2}}


def test_the_mail_server_speaks_as_mail_servers_do(mail: Stand) -> None:
    said = {}
    for fault in ("rate_limited", "greylisted", "server_error", "expired_token"):
        mail.let({"fault": fault, "next": 1})
        with pytest.raises(smtplib.SMTPException) as caught:
            deliver_mail(mail, f"{fault}@client.example")
        said[fault] = caught.value
        assert mail.books(f"{fault}@client.example") == []
        assert send_mail(mail, f"{fault}@client.example")
        assert [one["count"] for one in mail.books(f"{fault}@client.example")] == [1]
    limited, grey = said["rate_limited"], said["greylisted"]
    assert isinstance(limited, smtplib.SMTPResponseException)
    assert (limited.smtp_code, limited.smtp_error[:5]) == (421, b"4.7.0")
    assert isinstance(grey, smtplib.SMTPRecipientsRefused)
    assert grey.recipients["greylisted@client.example"][0] == 451
    assert isinstance(said["server_error"], smtplib.SMTPDataError)
    assert isinstance(said["expired_token"], smtplib.SMTPAuthenticationError)


def test_a_mail_server_that_is_down_says_so_or_hangs_up(mail: Stand) -> None:
    mail.let({"fault": "down", "status": 503, "next": 1}, {"fault": "down", "next": 1})
    with pytest.raises(smtplib.SMTPConnectError) as caught:
        deliver_mail(mail, "kim@client.example")
    assert caught.value.smtp_code == 421
    with pytest.raises(LOST):
        deliver_mail(mail, "kim@client.example")
    assert send_mail(mail, "kim@client.example")


def test_a_greylisted_pair_is_taken_once_it_has_waited(mail: Stand) -> None:
    mail.let({"fault": "greylisted", "seconds": 300})
    assert [send_mail(mail, "kim@client.example") for _ in range(2)] == [False, False]
    mail.clock.pass_(301)
    assert send_mail(mail, "kim@client.example")
    assert not send_mail(mail, "lee@client.example")


def test_a_mail_that_was_kept_and_refused_is_kept_twice_when_it_comes_again(mail: Stand) -> None:
    mail.let({"fault": "server_error", "status": 554, "acts": True, "next": 1})
    assert not send_mail(mail, "kim@client.example")
    assert send_mail(mail, "kim@client.example")
    assert [one["count"] for one in mail.books("kim@client.example")] == [2]
