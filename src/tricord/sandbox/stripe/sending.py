"""Webhooks out: which endpoint hears which event, and Stripe's signature over the exact bytes."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tricord.sandbox.outbox import Outbox
from tricord.sandbox.stripe.events import Recorded, body_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where webhooks go. `url` None stands for nobody."""

    url: str | None
    secret: str
    enabled_events: tuple[str, ...] = ("*",)
    thin: bool = False

    def wants(self, event_type: str) -> bool:
        return "*" in self.enabled_events or event_type in self.enabled_events


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """`Stripe-Signature`; the key is the whole secret, its `whsec_` prefix included."""
    signed = b"%d.%s" % (timestamp, body)
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def send(
    recorded: Recorded, receivers: Iterable[Receiver], outbox: Outbox, now: Callable[[], int]
) -> None:
    """Queue the event for every receiver that wants it."""
    event_type = str(recorded.snapshot["type"])
    wanting = [receiver for receiver in receivers if receiver.wants(event_type)]
    listening = outbox.enabled and any(receiver.url for receiver in wanting)
    recorded.snapshot["pending_webhooks"] = (
        sum(receiver.url is not None for receiver in wanting) if listening else 0
    )
    for receiver in wanting:
        event = recorded.thin if receiver.thin else recorded.snapshot
        about = f"{event['type']} {event['id']}"
        signer = _signer(receiver.secret, now)
        parcel = outbox.put(receiver.url, body_of(event), signer, about)
        if parcel is not None:
            recorded.parcels.append(parcel)


def _signer(secret: str, now: Callable[[], int]) -> Callable[[bytes, str], dict[str, str]]:
    def sign(body: bytes, _: str) -> dict[str, str]:
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(secret, body, now()),
        }

    return sign
