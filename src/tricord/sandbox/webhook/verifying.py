"""Verifying as a careful consumer does: id, time and body signed, five minutes, any of several."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

TOLERANCE_SECONDS = 300


class Forged(Exception):
    """A message that cannot be believed; the text says why."""


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The message's id, when one of its v1 signatures is right."""
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (message_id and stamp and given):
        raise Forged("a header is missing")
    if not (stamp.isascii() and stamp.isdigit()):
        raise Forged("the timestamp is no number")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise Forged("the timestamp is too far away")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{stamp}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    for entry in given.split(" "):
        version, _, signature = entry.partition(",")
        if version == "v1" and hmac.compare_digest(signature.encode(), wanted.encode()):
            return message_id
    raise Forged("no signature matches")
