"""Signing schemes: who sent these bytes. Checked on the bytes that arrived, in constant time.

Each scheme raises SignatureInvalid and never returns False. The algorithm is fixed here, never
chosen by the request; any of several live keys may match, so that one can be rolled.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from tricord.core.delivery import Delivery
from tricord.core.ids import Instant
from tricord.sdk.errors import SignatureInvalid

TOLERANCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Key:
    """One live signing secret. `id` is its name at the vendor, "" for one that has none."""

    secret: str = field(repr=False)
    id: str = ""


Scheme = Callable[[Delivery, Sequence[Key]], None]


def timestamped_hex(header: str) -> Scheme:
    """`t=<unix>,v1=<hex>`: HMAC-SHA256 over "<t>." and the body, the whole secret as key.

    Several v1 may stand in the header while a secret is rolled; one match is enough.
    """

    def verify(delivery: Delivery, keys: Sequence[Key]) -> None:
        parts = [part.partition("=") for part in _header(delivery, header).split(",")]
        times = [value for name, _, value in parts if name.strip() == "t"]
        given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
        if len(times) != 1 or not given:
            raise SignatureInvalid(f"{header} has no time or no v1 signature")
        _fresh(delivery.received_at, times[0], 1)
        message = times[0].encode() + b"." + delivery.body
        wanted = [_mac(key, message).hex() for key in keys]
        _match(given, wanted, header)

    return verify


def request_base64(header: str, time_header: str) -> Scheme:
    """Base64 HMAC-SHA256 over method, full URL, body and a time in milliseconds."""

    def verify(delivery: Delivery, keys: Sequence[Key]) -> None:
        given = _header(delivery, header)
        stamp = _header(delivery, time_header)
        _fresh(delivery.received_at, stamp, 1000)
        head = delivery.method.encode() + _unescaped(delivery.url).encode()
        message = head + delivery.body + stamp.encode()
        wanted = [base64.b64encode(_mac(key, message)).decode() for key in keys]
        _match([given], wanted, header)

    return verify


def posted_form(header: str, choice_header: str) -> Scheme:
    """Base64 HMAC over the full URL and each distinct field of a form, decoded, sorted by name.

    Keys without an id sign by SHA-1. A request that bears `choice_header` says
    `key=<id>,algorithm=HMAC_SHA256`: it chose among the keys with an id, which sign by SHA-256
    alone. A body that is no form is bound by its hash, `bodySHA256` in the URL. No time is signed,
    so a replay is known by its delivery id alone. The port may stand in the signed URL or not.
    """

    def verify(delivery: Delivery, keys: Sequence[Key]) -> None:
        given = _header(delivery, header)
        digest, usable = _chosen(delivery.headers.get(choice_header.lower()), keys)
        fields = _signed_fields(delivery)
        wanted = [
            base64.b64encode(_mac(key, url.encode() + fields, digest)).decode()
            for key in usable
            for url in _with_and_without_port(delivery.url)
        ]
        _match([given], wanted, header)

    return verify


def _chosen(choice: str | None, keys: Sequence[Key]) -> tuple[str, list[Key]]:
    if choice is None:
        return "sha1", [key for key in keys if not key.id]
    parts = [part.strip().partition("=") for part in choice.split(",")]
    said = {name: value for name, _, value in parts}
    if len(parts) != 2 or said.get("algorithm") != "HMAC_SHA256":
        raise SignatureInvalid("the request names another algorithm than HMAC_SHA256")
    usable = [key for key in keys if key.id and key.id == said.get("key")]
    if not usable:
        raise SignatureInvalid("the request names a signing key that is not configured")
    return "sha256", usable


def _signed_fields(delivery: Delivery) -> bytes:
    hashes = parse_qs(urlsplit(delivery.url).query).get("bodySHA256")
    if hashes is None:
        return b"".join(name + value for name, value in sorted(_fields(delivery.body)))
    _match(hashes[:1], [hashlib.sha256(delivery.body).hexdigest()], "bodySHA256")
    return b""


def _fields(form: bytes) -> set[tuple[bytes, bytes]]:
    """Decoded bytes, not texts: two different bodies must not become one by a lossy decoding."""
    pairs = [part.replace(b"+", b" ").partition(b"=") for part in form.split(b"&") if part]
    return {(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs}


def _with_and_without_port(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    if not parts.netloc:
        return url, url
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.netloc.removesuffix(f":{parts.port}")
    head, tail = url.split(parts.netloc, 1)
    return f"{head}{host}{tail}", f"{head}{host}:{port}{tail}"


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


def _mac(key: Key, message: bytes, digest: str = "sha256") -> bytes:
    return hmac.digest(key.secret.encode(), message, digest)


def _match(given: Sequence[str], wanted: Sequence[str], header: str) -> None:
    matches = [
        hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
        for one in given
        for other in wanted
    ]
    if not any(matches):
        raise SignatureInvalid(f"{header} does not match the body")
