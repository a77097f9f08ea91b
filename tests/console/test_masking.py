"""Masking: ids, states and amounts are shown, and nothing that says anything of anybody."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tricord.console.masking import LONGEST, masked_body, masked_headers

STRIPE = {
    "id": "evt_1QabcDEF",
    "type": "invoice.paid",
    "created": 1767225600,
    "livemode": False,
    "data": {
        "object": {
            "id": "in_1QxyzABC",
            "customer_email": "ada@northwind.example",
            "customer_name": "Ada Vale",
            "currency": "usd",
            "amount_paid": 360000,
            "status": "paid",
            "description": "Thank you, Ada",
            "customer_address": {"line1": "1 Harbour Road", "country": "US"},
        }
    },
}


def test_json_is_laid_out_with_its_texts_masked() -> None:
    text = masked_body(json.dumps(STRIPE).encode(), "application/json")
    for shown in ("evt_1QabcDEF", "invoice.paid", "360000", "in_1QxyzABC", '"status": "paid"'):
        assert shown in text
    for hidden in ("northwind", "Vale", "Thank", "Harbour", "Ada"):
        assert hidden not in text
    assert '"customer_name": "A•••"' in text


def test_a_form_is_shown_field_by_field() -> None:
    body = b"MessageSid=SM0123456789abcdef0123456789abcdef&From=%2B12025550100&Body=my+address+is"
    text = masked_body(body, "application/x-www-form-urlencoded; charset=utf-8")
    assert "MessageSid = SM0123456789abcdef0123456789abcdef" in text
    assert "2025550100" not in text
    assert "address" not in text


def test_a_card_number_in_a_text_is_never_shown() -> None:
    for text in ("4242424242424242", "4242 4242 4242 4242", "card 4242-4242-4242-4242"):
        shown = masked_body(json.dumps({"note": text}).encode(), "application/json")
        assert "4242" not in shown


def test_anything_else_shows_its_fields_names_alone() -> None:
    mail = b"Subject: the divorce\r\nFrom: ada@northwind.example\r\n\r\nDear Ines, please"
    assert masked_body(mail, "message/rfc822").splitlines() == [
        "Subject: •••", "From: •••", "", "•••",
    ]  # fmt: skip


def test_headers_show_their_names_and_little_else() -> None:
    told = dict(masked_headers({"X-Signature": "v1=abc", "Content-Type": "application/json"}))
    assert told == {"x-signature": "•••", "content-type": "application/json"}


@given(st.text(min_size=3, max_size=40).filter(lambda text: any(s.isspace() for s in text)))
def test_no_text_of_several_words_comes_through_whatever_its_field(words: str) -> None:
    for name in ("status", "id", "note", "type"):
        shown = masked_body(json.dumps({name: words}).encode(), "application/json")
        assert json.loads(shown)[name] in (f"{words[:1]}•••", words if not words.strip() else None)


@given(st.binary(max_size=400), st.sampled_from(["application/json", "text/plain", "x/y", ""]))
def test_no_body_breaks_it(body: bytes, kind: str) -> None:
    assert isinstance(masked_body(body, kind), str)


def test_a_huge_or_deep_body_is_cut() -> None:
    assert len(masked_body(b"x: y\n" * 100_000, "text/plain")) < 3 * LONGEST
    assert "•••" in masked_body(b"[" * 50_000, "application/json")
