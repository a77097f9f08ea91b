"""Callbacks out: forms, each signed as Twilio signs, by the Auth Token or by a shared key."""

import base64
import hmac
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from tricord.sandbox.outbox import Outbox

ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


@dataclass(slots=True, kw_only=True)
class Hooks:
    """`algorithm` "" signs by the Auth Token, as an account does that has set up nothing else."""

    outbox: Outbox
    dice: random.Random
    auth_token: str
    shared_key_id: str
    shared_secret: str
    algorithm: str = ""

    def send(self, url: str, fields: dict[str, str], about: str) -> None:
        """Queue one callback; nothing where no address is set."""
        if not url:
            return
        # One token for all attempts at one callback, so that a receiver can tell a copy.
        token = str(uuid.UUID(int=self.dice.getrandbits(128), version=4))
        target = url.partition("#")[0]
        self.outbox.put(target, urlencode(fields).encode(), self._signer(token), about)

    def _signer(self, token: str) -> Callable[[bytes, str], dict[str, str]]:
        def sign(body: bytes, url: str) -> dict[str, str]:
            headers = {
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                "User-Agent": "TwilioProxy/1.1 (sandbox)",
                "Accept": "*/*",
                "I-Twilio-Idempotency-Token": token,
            }
            fields = parse_qsl(body.decode(), keep_blank_values=True)
            if not self.algorithm:
                made = signature(self.auth_token, "HMAC_SHA1", url, fields)
                return {**headers, "X-Twilio-Signature": made}
            chosen = f"key={self.shared_key_id},algorithm={self.algorithm}"
            made = signature(self.shared_secret, self.algorithm, url, fields)
            return {
                **headers,
                "X-Twilio-Signature": made,
                "X-Twilio-Webhooks-Signature-Settings": chosen,
            }

        return sign


def signature(secret: str, algorithm: str, url: str, fields: list[tuple[str, str]]) -> str:
    """Base64 HMAC over the URL and each distinct field, sorted: docs/usage/webhooks-security."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    made = hmac.digest(secret.encode(), text.encode(), ALGORITHMS[algorithm])
    return base64.b64encode(made).decode()
