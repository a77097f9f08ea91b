"""Signs as Stripe does, from its documents: docs.stripe.com/webhooks, "Verify manually"."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime


def sign(secret: str, method: str, url: str, body: bytes, at: datetime) -> Mapping[str, str]:
    stamp = f"{at.timestamp():.0f}"
    made = hmac.new(secret.encode(), digestmod=hashlib.sha256)
    made.update(stamp.encode() + b".")
    made.update(body)
    return {"Stripe-Signature": f"t={stamp},v1={made.hexdigest()}"}
