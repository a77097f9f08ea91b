"""Signs as Twilio does by default, from its documents: docs/usage/webhooks/webhooks-security."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl


def sign(secret: str, method: str, url: str, body: bytes, at: datetime) -> Mapping[str, str]:
    """Every byte is kept as it is, so that forms that are no text can be signed as well."""
    made = hmac.new(secret.encode(), url.encode("latin-1"), hashlib.sha1)
    fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    for name in sorted({name for name, _ in fields}):
        for value in sorted({value for given, value in fields if given == name}):
            made.update((name + value).encode("latin-1"))
    return {"X-Twilio-Signature": base64.b64encode(made.digest()).decode()}
