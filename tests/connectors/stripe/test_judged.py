"""Stripe's own SDK judges our signer and our check, and amounts are Stripe's."""

import json
from datetime import timedelta

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.stripe.signer import sign
from connectors.subjects import SUBJECTS
from tricord.app.suite.exemplars import NOW
from tricord.app.suite.listening import SECRET, accepts
from tricord.app.suite.playing import converse
from tricord.app.suite.subject import HOOK_URL
from tricord.connectors.stripe.amounts import money_at, to_stripe
from tricord.connectors.stripe.read import changes
from tricord.core.money import Money
from tricord.sdk.errors import PayloadMalformed, Refused
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Changes, Response

SUBJECT = SUBJECTS["stripe"]


@given(body=st.text(max_size=200))
@settings(deadline=None)
def test_t01_the_sdk_accepts_what_our_signer_signs(body: str) -> None:
    header = sign(SECRET, "POST", HOOK_URL, body.encode(), NOW)["Stripe-Signature"]
    assert stripe.WebhookSignature.verify_header(body, header, SECRET)


@given(body=st.text(max_size=200))
@settings(deadline=None)
def test_t01_we_accept_what_the_sdk_signs(body: str) -> None:
    header = stripe.WebhookSignature.generate_signature_header(body, SECRET, int(NOW.timestamp()))
    assert accepts(SUBJECT, SUBJECT.delivery(body.encode(), {"Stripe-Signature": header}))


def test_t01_while_a_secret_is_rolled_stripe_signs_with_both_and_either_is_enough() -> None:
    old, new = (sign(s, "POST", HOOK_URL, b"{}", NOW)["Stripe-Signature"] for s in ("old", "new"))
    both = f"{old},{new.partition(',')[2]},v0=00"
    for secrets in (("old",), ("new",), ("new", "old")):
        assert accepts(SUBJECT, SUBJECT.delivery(b"{}", {"Stripe-Signature": both}), secrets)
    assert not accepts(SUBJECT, SUBJECT.delivery(b"{}", {"Stripe-Signature": both}), ("other",))


def test_t01_only_the_scheme_v1_counts_and_only_one_time() -> None:
    header = sign(SECRET, "POST", HOOK_URL, b"{}", NOW)["Stripe-Signature"]
    for wrong in (header.replace("v1=", "v0="), f"t=1,{header}", f"{header},t=1"):
        assert not accepts(SUBJECT, SUBJECT.delivery(b"{}", {"Stripe-Signature": wrong}))


@pytest.mark.parametrize(
    ("money", "sent"),
    [
        ("12.50 USD", 1250),
        ("5000 JPY", 5000),
        ("5000 ISK", 500_000),
        ("5000 UGX", 500_000),
        ("10.120 KWD", 10_120),
    ],
)
def test_amounts_are_sent_as_stripe_counts_them_and_read_back_the_same(
    money: str, sent: int
) -> None:
    amount = Money.parse(money)
    assert to_stripe(amount) == sent
    found = Reader({"total": sent, "currency": amount.currency.lower()})
    assert money_at(found, "total") == amount


def test_a_third_place_that_stripe_cannot_hold_is_refused() -> None:
    with pytest.raises(Refused, match=r"steps of 0\.01"):
        to_stripe(Money.parse("10.125 KWD"))


@pytest.mark.parametrize("currency", ["isk", "ugx"])
def test_a_fraction_of_what_has_none_is_not_rounded(currency: str) -> None:
    with pytest.raises(PayloadMalformed, match=r"\$\.total: .* with a fraction"):
        money_at(Reader({"total": 1250, "currency": currency}), "total")


def _event(number: int) -> dict[str, object]:
    return {"id": f"evt_{number}", "created": 1_793_600_000 + number}


def _page(numbers: list[int], more: bool) -> Response:
    value = {"object": "list", "data": [_event(n) for n in numbers], "has_more": more}
    return Response(status=200, body=json.dumps(value).encode())


def test_more_events_than_one_step_takes_are_all_found_in_the_end() -> None:
    numbers = list(range(5_500, 0, -1))
    pages = [numbers[at : at + 100] for at in range(0, len(numbers), 100)]
    answers = [_page(page, page is not pages[-1]) for page in pages]
    cursor, found = json.dumps([1_793_600_000, []]), set()
    for step, more in ((answers[:50], True), (answers[50:], False)):
        talk = changes(SUBJECT.access, cursor, NOW + timedelta(minutes=1))
        result = converse(SUBJECT, talk, step).result
        assert isinstance(result, Changes)
        assert result.more is more
        found |= {event.id for event in result.missed}
        cursor = result.cursor
    assert len(found) == 5_500
    assert json.loads(cursor)[0] == 1_793_605_500
