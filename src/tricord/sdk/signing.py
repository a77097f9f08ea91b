"""Signing schemes: who sent these bytes. Checked on the bytes that arrived, in constant time.

Each scheme raises SignatureInvalid and never returns False. The algorithm is fixed here, never
chosen by the request; any of several live secrets may match, so that one can be rolled.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence

from tricord.core.delivery import Delivery
from tricord.core.ids import Instant
from tricord.sdk.errors import SignatureInvalid

TOLERANCE_SECONDS = 300

Scheme = Callable[[Delivery, Sequence[str]], None]


def timestamped_hex(header: str) -> Scheme:
    """`t=<unix>,v1=<hex>`: HMAC-SHA256 over "<t>." and the body, the whole secret as key.

    Several v1 may stand in the header while a secret is rolled; one match is enough.
    """

    def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
        parts = [part.partition("=") for part in _header(delivery, header).split(",")]
        times = [value for name, _, value in parts if name.strip() == "t"]
        given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
        if len(times) != 1 or not given:
            raise SignatureInvalid(f"{header} has no time or no v1 signature")
        _fresh(delivery.received_at, times[0], 1)
        message = times[0].encode() + b"." + delivery.body
        wanted = [_mac(secret, message).hex() for secret in secrets]
        _match(given, wanted, header)

    return verify


def request_base64(header: str, time_header: str) -> Scheme:
    """Base64 HMAC-SHA256 over method, full URL, body and a time in milliseconds."""

    def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
        given = _header(delivery, header)
        stamp = _header(delivery, time_header)
        _fresh(delivery.received_at, stamp, 1000)
        head = delivery.method.encode() + _unescaped(delivery.url).encode()
        message = head + delivery.body + stamp.encode()
        wanted = [base64.b64encode(_mac(secret, message)).decode() for secret in secrets]
        _match([given], wanted, header)

    return verify


# The characters whose escapes are decoded before signing, and no others:
# developers.hubspot.com, "Validating requests", signature v3.
_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'",
    "%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip


def _unescaped(url: str) -> str:
    for escape, character in _DECODED.items():
        url = url.replace(escape, character).replace(escape.lower(), character)
    return url


def _header(delivery: Delivery, name: str) -> str:
    value = delivery.headers.get(name.lower())
    if not value:
        raise SignatureInvalid(f"the header {name} is missing")
    return value


def _fresh(received_at: Instant, stamp: str, per_second: int) -> None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):
        raise SignatureInvalid("the signed time is not a number")
    age = received_at.timestamp() - int(stamp) / per_second
    if abs(age) > TOLERANCE_SECONDS:
        raise SignatureInvalid(f"the signed time is {age:.0f} seconds away from now")


def _mac(secret: str, message: bytes) -> bytes:
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


def _match(given: Sequence[str], wanted: Sequence[str], header: str) -> None:
    matches = [
        hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
        for one in given
        for other in wanted
    ]
    if not any(matches):
        raise SignatureInvalid(f"{header} does not match the body")
