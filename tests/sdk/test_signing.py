"""The signing schemes alone: any bit, any header, any secret; errors tell no secret."""

import base64
import hashlib
import hmac
import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tricord.app.suite.listening import says_the_same
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName
from tricord.sdk import signing
from tricord.sdk.errors import SignatureInvalid
from tricord.sdk.signing import Key, Scheme, posted_form, request_base64, timestamped_hex

NOW = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
URL = "https://hub.example/hooks/x?firm=1"
Signer = Callable[[str, bytes, datetime], Mapping[str, str]]


def _hex(secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
    stamp = str(int(at.timestamp()))
    digest = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, "sha256")
    return {"sig": f"t={stamp},v1={digest.hex()}"}


def _base64(secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
    stamp = str(int(at.timestamp() * 1000))
    text = f"POST{URL}".encode() + body + stamp.encode()
    digest = hmac.digest(secret.encode(), text, "sha256")
    return {"sig": base64.b64encode(digest).decode(), "time": stamp}


def _form(secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
    fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    text = URL + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.digest(secret.encode(), text.encode("latin-1"), "sha1")
    return {"sig": base64.b64encode(digest).decode()}


SCHEMES: dict[str, tuple[Scheme, Signer]] = {
    "timestamped_hex": (timestamped_hex("Sig"), _hex),
    "request_base64": (request_base64("Sig", "Time"), _base64),
    "posted_form": (posted_form("Sig", "Choice"), _form),
}
UNTIMED = {"posted_form"}
each_scheme = pytest.mark.parametrize("name", SCHEMES)


def holds(
    name: str, body: bytes, headers: Mapping[str, str], *secrets: str, at: datetime = NOW
) -> bool:
    delivery = Delivery(
        connection=ConnectionName("x"), body=body, received_at=at, url=URL, headers=headers
    )
    try:
        SCHEMES[name][0](delivery, [Key(secret) for secret in secrets])
    except SignatureInvalid:
        return False
    return True


def test_every_scheme_is_tested_here() -> None:
    """A scheme that is added to the SDK must be added to this file."""
    made = {
        found
        for found, function in inspect.getmembers(signing, inspect.isfunction)
        if inspect.signature(function).return_annotation is Scheme
    }
    assert made == set(SCHEMES)


@each_scheme
@given(data=st.data(), body=st.binary(max_size=80), secret=st.text(min_size=1, max_size=40))
@settings(deadline=None)
def test_t01_any_one_bit_of_body_time_or_signature_that_is_flipped_is_refused(
    name: str, data: st.DataObject, body: bytes, secret: str
) -> None:
    headers = SCHEMES[name][1](secret, body, NOW)
    assert holds(name, body, headers, secret)
    part = data.draw(st.sampled_from(["body", *headers] if body else list(headers)))
    raw = body if part == "body" else headers[part].encode()
    place = data.draw(st.integers(0, len(raw) * 8 - 1))
    changed = bytearray(raw)
    changed[place // 8] ^= 1 << place % 8
    if part == "body":
        accepted = holds(name, bytes(changed), headers, secret)
        assert not accepted or (name == "posted_form" and says_the_same(body, bytes(changed)))
    else:
        assert not holds(name, body, {**headers, part: changed.decode("latin-1")}, secret)


@each_scheme
@given(value=st.text(max_size=60), other=st.text(max_size=60))
@settings(deadline=None)
def test_t01_any_text_in_the_headers_is_refused_and_breaks_nothing(
    name: str, value: str, other: str
) -> None:
    genuine = SCHEMES[name][1]("secret", b"{}", NOW)
    assert not holds(name, b"{}", {"sig": value, "time": other}, "secret")
    if value != genuine["sig"]:
        assert not holds(name, b"{}", {**genuine, "sig": value}, "secret")


@each_scheme
def test_t01_both_live_secrets_are_accepted_while_one_is_rolled(name: str) -> None:
    for secret in ("old", "new"):
        assert holds(name, b"{}", SCHEMES[name][1](secret, b"{}", NOW), "old", "new")
    assert not holds(name, b"{}", SCHEMES[name][1]("other", b"{}", NOW), "old", "new")


@each_scheme
def test_t01_without_a_secret_nothing_is_accepted(name: str) -> None:
    assert not holds(name, b"{}", SCHEMES[name][1]("secret", b"{}", NOW))


@pytest.mark.parametrize("name", sorted(SCHEMES.keys() - UNTIMED))
@pytest.mark.parametrize(
    ("seconds", "fresh"),
    [(-301, False), (-299, True), (0, True), (240, True), (299, True), (301, False), (360, False)],
)
def test_t02_five_minutes_of_difference_are_the_most(name: str, seconds: int, fresh: bool) -> None:
    headers = SCHEMES[name][1]("secret", b"{}", NOW)
    assert holds(name, b"{}", headers, "secret", at=NOW + timedelta(seconds=seconds)) is fresh


@each_scheme
def test_t02_a_delivery_that_waits_is_not_stale_by_waiting(name: str) -> None:
    """Age is counted to the receipt, so checking a stored one again a day later still holds."""
    headers = SCHEMES[name][1]("secret", b"{}", NOW - timedelta(days=1))
    assert holds(name, b"{}", headers, "secret", at=NOW - timedelta(days=1))


@each_scheme
def test_t01_a_refusal_tells_neither_secret_nor_signature_nor_body(name: str) -> None:
    headers = SCHEMES[name][1]("other", b"private", NOW)
    delivery = Delivery(
        connection=ConnectionName("x"), body=b"private", received_at=NOW, url=URL, headers=headers
    )
    with pytest.raises(SignatureInvalid) as invalid:
        SCHEMES[name][0](delivery, [Key("s3cret")])
    told = repr(invalid.value)
    assert not [part for part in ("s3cret", "private", headers["sig"][-20:]) if part in told]


def test_t01_the_secret_is_used_whole() -> None:
    headers = _hex("whsec_abc", b"{}", NOW)
    assert holds("timestamped_hex", b"{}", headers, "whsec_abc")
    assert not holds("timestamped_hex", b"{}", headers, "abc")


def test_t01_a_plain_hash_of_secret_and_body_is_no_signature() -> None:
    stamp = str(int(NOW.timestamp()))
    plain = hashlib.sha256(f"secret{stamp}.{{}}".encode()).hexdigest()
    assert not holds("timestamped_hex", b"{}", {"sig": f"t={stamp},v1={plain}"}, "secret")
