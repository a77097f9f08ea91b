"""Webhooks that are lost, doubled, late, out of order or wrongly signed, and silent lapses."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import hubspot.utils.signature
import pytest
import stripe

from sandbox.faults.plans import HandClock, faults_of
from sandbox.faults.stand import Heard, Stand, make_contact, make_customer, standing, stripe_call
from tricord.sandbox.hubspot import HubSpotBox
from tricord.sandbox.outbox import Outbox


@pytest.fixture
def billing() -> Iterator[Stand]:
    with standing("stripe") as opened:
        yield opened


@pytest.fixture
def crm() -> Iterator[Stand]:
    with standing("hubspot") as opened:
        yield opened


def keys_of(heard: list[Heard]) -> list[str]:
    return [json.loads(one.body)["data"]["object"]["metadata"]["order_key"] for one in heard]


def make(stand: Stand, *keys: str) -> None:
    for key in keys:
        assert make_customer(stand, key)


def test_a_dropped_webhook_never_comes_and_the_event_is_still_there_to_be_read(
    billing: Stand,
) -> None:
    billing.let({"fault": "drop", "every": 2, "webhook": "customer.*"})
    make(billing, "a", "b", "c", "d")
    assert sorted(keys_of(billing.settled())) == ["a", "c"]
    assert len(stripe_call(billing, "GET", "/v1/events")[1]["data"]) == 4
    assert billing.control("GET", "webhooks")[1]["dropped"] == 2
    assert [one["about"].split()[0] for one in billing.strikes()] == ["customer.created"] * 2


def test_a_duplicate_is_the_same_bytes_again_and_each_is_signed(billing: Stand) -> None:
    billing.let({"fault": "duplicate", "copies": 2, "next": 1})
    make(billing, "a", "b")
    heard = billing.settled()
    assert Counter(keys_of(heard)) == {"a": 3, "b": 1}
    assert len({one.body for one in heard}) == 2
    secret = billing.box.credentials["webhook_secret"]
    for one in heard:
        stripe.Webhook.construct_event(one.body, one.headers["Stripe-Signature"], secret)


def test_a_duplicate_can_come_much_later(billing: Stand) -> None:
    billing.let({"fault": "duplicate", "seconds": 3600, "next": 1})
    make(billing, "a")
    assert keys_of(billing.heard(1)) == ["a"]
    billing.clock.pass_(3601)
    assert keys_of(billing.heard(2)) == ["a", "a"]


def test_a_reordered_webhook_lets_the_next_one_go_first(billing: Stand) -> None:
    billing.let({"fault": "reorder", "next": 1})
    make(billing, "a", "b")
    assert keys_of(billing.heard(2)) == ["b", "a"]


def test_a_reordered_webhook_that_nothing_follows_comes_all_the_same(billing: Stand) -> None:
    billing.let({"fault": "reorder", "seconds": 60, "next": 1})
    make(billing, "a")
    assert billing.hub.heard == []
    billing.clock.pass_(61)
    assert keys_of(billing.heard(1)) == ["a"]


def test_a_delayed_webhook_waits_by_the_vendors_clock(billing: Stand) -> None:
    billing.let({"fault": "delay", "seconds": 900, "next": 1})
    make(billing, "a", "b")
    assert keys_of(billing.heard(1)) == ["b"]
    assert billing.control("POST", "deliver")[1]["delivered"] == []
    billing.clock.pass_(901)
    assert keys_of(billing.heard(2)) == ["b", "a"]


def test_a_wrong_signature_is_refused_by_stripes_own_check(billing: Stand) -> None:
    billing.let({"fault": "bad_signature", "next": 1})
    make(billing, "a", "b")
    secret = billing.box.credentials["webhook_secret"]
    refused = []
    for one in billing.settled():
        try:
            stripe.Webhook.construct_event(one.body, one.headers["Stripe-Signature"], secret)
        except stripe.SignatureVerificationError:
            refused += keys_of([one])
    assert refused == ["a"]


def test_a_wrong_signature_is_refused_by_hubspots_own_check(crm: Stand) -> None:
    crm.let({"fault": "bad_signature", "next": 1})
    make_contact(crm, "a@client.example")
    make_contact(crm, "b@client.example")
    good = [
        hubspot.utils.signature.Signature.is_valid(
            signature=one.headers["X-HubSpot-Signature-v3"],
            client_secret=crm.box.credentials["webhook_secret"],
            request_body=one.body.decode(),
            http_uri=crm.hub.url,
            http_method="POST",
            timestamp=one.headers["X-HubSpot-Request-Timestamp"],
            signature_version="v3",
        )
        for one in crm.settled()
    ]
    assert sorted(good) == [False, True]


KINDS: dict[str, dict[str, Any]] = {
    "drop": {}, "duplicate": {}, "reorder": {"seconds": 0}, "delay": {"seconds": 0},
    "bad_signature": {},
}  # fmt: skip


@pytest.mark.parametrize("pair", list(combinations(KINDS, 2)), ids="+".join)
def test_two_faults_at_once_lose_and_double_what_the_strikes_say_and_no_more(
    billing: Stand, pair: tuple[str, str]
) -> None:
    plan = [{"fault": kind, "chance": 0.5, **KINDS[kind]} for kind in pair]
    billing.let(*plan, seed=11)
    made = [f"k{n}" for n in range(12)]
    make(billing, *made)
    struck = {kind: _struck(billing, kind) for kind in KINDS}
    assert all(struck[kind] for kind in pair)
    expected = Counter(made) - Counter(struck["drop"]) + Counter(struck["duplicate"])
    assert Counter(keys_of(billing.settled())) == expected


def _struck(stand: Stand, kind: str) -> list[str]:
    """The keys of the customers whose webhooks a fault struck."""
    events = stripe_call(stand, "GET", "/v1/events?limit=100")[1]["data"]
    keys = {one["id"]: one["data"]["object"]["metadata"]["order_key"] for one in events}
    strikes = stand.strikes()
    return [keys[one["about"].split()[1]] for one in strikes if one["fault"] == kind]


def test_stripes_endpoint_that_lapsed_says_disabled_and_can_be_enabled_again(
    billing: Stand,
) -> None:
    billing.let({"fault": "lapse"})
    (endpoint,) = stripe_call(billing, "GET", "/v1/webhook_endpoints")[1]["data"]
    assert (endpoint["status"], endpoint["url"]) == ("disabled", billing.hub.url)
    make(billing, "a")
    path = f"/v1/webhook_endpoints/{endpoint['id']}"
    assert stripe_call(billing, "POST", path, "disabled=false")[1]["status"] == "enabled"
    make(billing, "b")
    assert keys_of(billing.settled()) == ["b"]
    assert [one["fault"] for one in billing.strikes()] == ["lapse"]


def test_a_lapse_can_look_fine_or_leave_nothing_behind(billing: Stand) -> None:
    billing.let({"fault": "lapse", "shows": "fine"})
    (endpoint,) = stripe_call(billing, "GET", "/v1/webhook_endpoints")[1]["data"]
    assert endpoint["status"] == "enabled"
    make(billing, "a")
    path = f"/v1/webhook_endpoints/{endpoint['id']}"
    stripe_call(billing, "POST", path, "disabled=false")
    make(billing, "b")
    billing.let({"fault": "lapse", "shows": "gone"})
    assert stripe_call(billing, "GET", "/v1/webhook_endpoints")[1]["data"] == []
    make(billing, "c")
    form = f"url={billing.hub.url}&enabled_events[0]=customer.created"
    new = stripe_call(billing, "POST", "/v1/webhook_endpoints", form)[1]
    make(billing, "d")
    heard = billing.settled()
    assert keys_of(heard) == ["b", "d"]
    stripe.Webhook.construct_event(
        heard[1].body, heard[1].headers["Stripe-Signature"], new["secret"]
    )


def test_a_lapse_comes_when_its_time_has_come(billing: Stand) -> None:
    billing.let({"fault": "lapse", "from": 600})
    make(billing, "a")
    billing.clock.pass_(601)
    make(billing, "b")
    (endpoint,) = stripe_call(billing, "GET", "/v1/webhook_endpoints")[1]["data"]
    assert endpoint["status"] == "disabled"
    assert keys_of(billing.settled()) == ["a"]


def test_hubspots_subscriptions_that_lapsed_are_inactive_until_they_are_renewed(
    crm: Stand,
) -> None:
    assert isinstance(crm.box, HubSpotBox)
    app = f"/webhooks/v3/{crm.box.portal.app_id}/subscriptions"
    key = f"?hapikey={crm.box.tokens.developer_key}"

    def rows() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(crm.call("GET", app + key)[2])["results"]
        return found

    assert all(row["active"] for row in rows())
    crm.let({"fault": "lapse"})
    assert not any(row["active"] for row in rows())
    make_contact(crm, "a@client.example")
    wanted = next(row for row in rows() if row["eventType"] == "contact.creation")
    body = json.dumps({"active": True}).encode()
    crm.call("PATCH", f"{app}/{wanted['id']}{key}", body, Content_Type="application/json")
    make_contact(crm, "b@client.example")
    (heard,) = crm.settled()
    assert [one["subscriptionType"] for one in json.loads(heard.body)] == ["contact.creation"]
    crm.let({"fault": "lapse", "shows": "gone"})
    assert rows() == []


def test_deliver_now_keeps_what_is_delayed_and_sends_the_overtaken_last() -> None:
    """The order alone, without a hub: nobody listens, so that each attempt fails at once."""

    async def story() -> list[str]:
        clock = HandClock()
        outbox = Outbox(automatic=False)
        outbox.faults = faults_of(
            {"fault": "reorder", "webhook": "first"},
            {"fault": "reorder", "webhook": "last"},
            {"fault": "delay", "seconds": 9, "webhook": "late"},
            clock=clock,
        )
        for about in ("first", "second", "late", "last"):
            outbox.put("http://127.0.0.1:1/", b"{}", lambda *_: {}, about)
        await outbox.start()
        try:
            return [one["about"] for one in await outbox.deliver_now()]
        finally:
            await outbox.stop()

    assert asyncio.run(story()) == ["second", "last", "first"]
