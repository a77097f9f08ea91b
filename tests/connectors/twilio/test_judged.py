"""Twilio's own SDK judges our signer and our check; the shared key's scheme fails closed."""

import hashlib
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import HMAC_SHA256, RequestValidator

from connectors.subjects import SUBJECTS
from connectors.twilio.signer import sign
from tricord.app.suite.exemplars import NOW
from tricord.app.suite.listening import SECRET, accepts
from tricord.core.delivery import Delivery
from tricord.core.ids import ConnectionName, ExternalId, Kind, Ref
from tricord.engine.connection import Connection
from tricord.sdk.connector import Access
from tricord.sdk.errors import PayloadMalformed, SignatureInvalid
from tricord.sdk.secret import Secret
from tricord.sdk.signing import Key
from tricord.sdk.talk import Hint

SUBJECT = SUBJECTS["twilio"]
URL = "https://hub.example/hooks/phone?firm=1"
NAME, CHOICE = "X-Twilio-Signature", "X-Twilio-Webhooks-Signature-Settings"
_fields = st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=6)


def delivery(body: bytes, headers: dict[str, str], url: str = URL) -> Delivery:
    return Delivery(
        connection=SUBJECT.access.connection,
        body=body,
        received_at=NOW,
        url=url,
        headers={name.lower(): value for name, value in headers.items()},
    )


def holds(one: Delivery, *keys: Key) -> bool:
    assert SUBJECT.connector.signature is not None
    try:
        SUBJECT.connector.signature(one, keys)
    except SignatureInvalid:
        return False
    return True


def test_t01_the_values_twilio_publishes_are_accepted() -> None:
    """The example of docs/usage/security, by the Auth Token and by a shared key."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    body = urlencode(
        {
            "CallSid": "CA1234567890ABCDE",
            "Caller": "+14158675309",
            "Digits": "1234",
            "From": "+14158675309",
            "To": "+18005551212",
        }
    ).encode()
    plain = delivery(body, {NAME: "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, url)
    assert holds(plain, Key("12345"))
    chosen = {
        NAME: "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=",
        CHOICE: "key=k1,algorithm=HMAC_SHA256",
    }
    assert holds(delivery(body, chosen, url), Key("another"), Key("12345", "k1"))


@given(fields=_fields)
@settings(deadline=None)
def test_t01_the_sdk_our_signer_and_our_check_agree(fields: dict[str, str]) -> None:
    body = urlencode(fields).encode()
    theirs = RequestValidator(SECRET).compute_signature(URL, fields)
    assert sign(SECRET, "POST", URL, body, NOW)[NAME] == theirs
    assert accepts(SUBJECT, delivery(body, {NAME: theirs}))


@given(fields=_fields)
@settings(deadline=None)
def test_t01_what_the_sdk_signs_with_a_shared_key_is_accepted(fields: dict[str, str]) -> None:
    theirs = RequestValidator("shared").compute_signature(URL, fields, HMAC_SHA256)
    headers = {NAME: theirs, CHOICE: "key=k1,algorithm=HMAC_SHA256"}
    assert holds(delivery(urlencode(fields).encode(), headers), Key("token"), Key("shared", "k1"))


@pytest.mark.parametrize(
    "choice",
    [
        "key=k2,algorithm=HMAC_SHA256",
        "key=k1,algorithm=HMAC_SHA1",
        "key=k1,algorithm=HMAC_MD5",
        "key=k1,algorithm=none",
        "key=,algorithm=HMAC_SHA256",
        "key=k1",
        "algorithm=HMAC_SHA256",
        "key=k1,algorithm=HMAC_SHA256,key=k1",
        "",
        "x",
    ],
)
def test_t01_an_unknown_key_or_algorithm_fails_closed(choice: str) -> None:
    """Also where the signature is one that some key and some algorithm would make."""
    keys = (Key("shared"), Key("shared", "k1"))
    for algorithm in ("HMAC_SHA1", HMAC_SHA256):
        made = RequestValidator("shared").compute_signature(URL, {"a": "1"}, algorithm)
        assert not holds(delivery(b"a=1", {NAME: made, CHOICE: choice}), *keys)


def test_t01_a_shared_key_does_not_sign_in_the_place_of_the_auth_token() -> None:
    made = RequestValidator("shared").compute_signature(URL, {"a": "1"})
    assert not holds(delivery(b"a=1", {NAME: made}), Key("shared", "k1"))
    assert holds(delivery(b"a=1", {NAME: made}), Key("shared"))


@pytest.mark.parametrize(
    ("ours", "signed"),
    [
        ("https://hub.example/hooks/phone", "https://hub.example:443/hooks/phone"),
        ("http://hub.example/hooks/phone?a=1", "http://hub.example:80/hooks/phone?a=1"),
        ("https://hub.example:8443/hooks/phone", "https://hub.example/hooks/phone"),
        ("http://[::1]:8765/hooks/phone", "http://[::1]/hooks/phone"),
    ],
)
def test_t01_the_port_may_stand_in_the_signed_address_or_not(ours: str, signed: str) -> None:
    for url in (ours, signed):
        headers = dict(sign(SECRET, "POST", url, b"a=1", NOW))
        assert accepts(SUBJECT, delivery(b"a=1", headers, ours))
    other = dict(sign(SECRET, "POST", ours.replace("phone", "other"), b"a=1", NOW))
    assert not accepts(SUBJECT, delivery(b"a=1", other, ours))


def test_t01_json_is_bound_by_its_hash_in_the_signed_address() -> None:
    body = json.dumps({"a": 1}).encode()
    url = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"
    validator = RequestValidator(SECRET)
    headers = {NAME: validator.compute_signature(url, {})}
    assert validator.validate(url, body.decode(), headers[NAME])
    assert accepts(SUBJECT, delivery(body, headers, url))
    assert not accepts(SUBJECT, delivery(body + b" ", headers, url))
    assert not accepts(SUBJECT, delivery(body, headers, URL))


def test_a_field_that_is_said_twice_counts_with_each_value_once() -> None:
    body = b"MediaUrl=b&MediaUrl=a&MediaUrl=b&To=1"
    assert accepts(SUBJECT, delivery(body, dict(sign(SECRET, "POST", URL, body, NOW))))
    made = RequestValidator(SECRET).compute_signature(f"{URL}MediaUrlaMediaUrlbTo1", {})
    assert sign(SECRET, "POST", URL, body, NOW)[NAME] == made


def _connection(**settings: str) -> Connection:
    given: dict[str, Secret | str] = {name: Secret(text) for name, text in settings.items()}
    access = Access(connection=ConnectionName("phone"), settings=given)
    return Connection(connector=SUBJECT.connector, access=access, base_url="")


def test_t01_a_shared_secret_without_its_id_is_no_key_at_all() -> None:
    keys = _connection(auth_token="t1, t2", shared_secret="s1,s2", shared_key_id="k1").signing_keys
    assert keys == (Key("t1"), Key("t2"), Key("s1", "k1"))
    assert _connection(auth_token="t", shared_secret="s").signing_keys == (Key("t"),)
    assert "s1" not in repr(keys)


def test_t05_a_callback_of_another_account_is_parked_and_not_taken_for_ours() -> None:
    parse = SUBJECT.connector.parse
    assert parse is not None
    other = "AC99999999999999999999999999999999"
    for account, wanted in ((other, None), (SUBJECT.access.text("account_sid"), 1)):
        body = urlencode({"CallSid": "CA1", "CallStatus": "completed", "AccountSid": account})
        if wanted is None:
            with pytest.raises(PayloadMalformed, match="AccountSid"):
                parse(SUBJECT.access, delivery(body.encode(), {}))
        else:
            ref = Ref(SUBJECT.access.connection, Kind.CALL, ExternalId("CA1"))
            assert parse(SUBJECT.access, delivery(body.encode(), {})) == [Hint(ref=ref)]


def test_a_field_with_two_values_is_not_read_one_way_or_the_other() -> None:
    parse = SUBJECT.connector.parse
    assert parse is not None
    with pytest.raises(PayloadMalformed, match="From: said twice"):
        parse(SUBJECT.access, delivery(b"MessageSid=SM1&From=%2B1555&From=%2B1666&To=x", {}))


def test_an_api_key_is_used_for_requests_where_there_is_one() -> None:
    headers = SUBJECT.connector.headers
    assert headers(SUBJECT.access)[0][1].startswith("Basic QUMw")
    key = _connection(account_sid="AC1", auth_token="t", api_key_sid="SK1", api_key_secret="x")
    assert headers(key.access) == (("Authorization", "Basic U0sxOng="),)
