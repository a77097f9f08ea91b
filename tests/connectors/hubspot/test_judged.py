"""HubSpot's own SDK judges our signer and our check."""

import pytest
from hubspot.utils.signature import Signature
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.hubspot.signer import sign
from connectors.subjects import SUBJECTS
from tricord.app.suite.exemplars import NOW
from tricord.app.suite.listening import SECRET, accepts
from tricord.core.delivery import Delivery

SUBJECT = SUBJECTS["hubspot"]
URL = "https://hub.example/hooks/hubspot?firm=1"
NAME, TIME = "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"


def delivery(body: str, headers: dict[str, str], url: str = URL) -> Delivery:
    return Delivery(
        connection=SUBJECT.access.connection,
        body=body.encode(),
        received_at=NOW,
        url=url,
        headers={name.lower(): value for name, value in headers.items()},
    )


@given(body=st.text(max_size=200))
@settings(deadline=None)
def test_t01_the_sdk_our_signer_and_our_check_agree(body: str) -> None:
    ours = sign(SECRET, "POST", URL, body.encode(), NOW)
    theirs = Signature.get_signature(SECRET, body, "v3", URL, "POST", ours[TIME])
    assert ours[NAME] == theirs
    assert accepts(SUBJECT, delivery(body, {NAME: theirs, TIME: ours[TIME]}))


@pytest.mark.parametrize(
    "url",
    [
        "https://hub.example/hooks/hubspot?firm=2",
        "https://hub.example/hooks/other?firm=1",
        "http://hub.example/hooks/hubspot?firm=1",
    ],
)
def test_t01_a_delivery_that_was_signed_for_another_address_is_refused(url: str) -> None:
    headers = dict(sign(SECRET, "POST", URL, b"[]", NOW))
    assert accepts(SUBJECT, delivery("[]", headers))
    assert not accepts(SUBJECT, delivery("[]", headers, url))


def test_t01_an_address_is_signed_with_its_escapes_decoded() -> None:
    escaped = "https://hub.example/hooks/hubspot?to=a%40b%2C%3a"
    headers = dict(sign(SECRET, "POST", "https://hub.example/hooks/hubspot?to=a@b,:", b"[]", NOW))
    assert accepts(SUBJECT, delivery("[]", headers, escaped))


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_t02_the_old_signatures_without_a_time_are_refused(version: str) -> None:
    old = Signature.get_signature(SECRET, "[]", version, URL, "POST")
    stamp = str(round(NOW.timestamp() * 1000))
    assert not accepts(SUBJECT, delivery("[]", {"X-HubSpot-Signature": old}))
    assert not accepts(SUBJECT, delivery("[]", {NAME: old, TIME: stamp}))
