"""Signs as HubSpot does (v3), from its documents: developers.hubspot.com, "Validating requests"."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote


def sign(secret: str, method: str, url: str, body: bytes, at: datetime) -> Mapping[str, str]:
    """`url` may hold only escapes that HubSpot decodes; then decoding all of them is the same."""
    stamp = str(round(at.timestamp() * 1000))
    text = b"".join((method.encode(), unquote(url).encode(), body, stamp.encode()))
    digest = hmac.digest(secret.encode(), text, hashlib.sha256)
    return {
        "X-HubSpot-Signature-v3": base64.standard_b64encode(digest).decode("ascii"),
        "X-HubSpot-Request-Timestamp": stamp,
    }
