"""Webhooks: who listens to what, and each request's changes as one signed delivery."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tricord.sandbox.faults.fault import Shows
from tricord.sandbox.hubspot.crm.news import Event
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.refusals import not_found
from tricord.sandbox.hubspot.crm.values import epoch_ms, moment
from tricord.sandbox.outbox import Outbox

MOST_PER_DELIVERY = 100
ON_FROM_THE_START = tuple(
    f"{kind}.{what}"
    for kind in ("contact", "company", "deal")
    for what in ("creation", "deletion", "propertyChange", "merge", "associationChange")
)


@dataclass(slots=True, kw_only=True)
class Subscription:
    """`property_name` None listens to every property: the sandbox's own default, to save typing."""

    id: int
    event_type: str
    property_name: str | None
    active: bool
    created_at: datetime
    updated_at: datetime

    def wants(self, event: Event) -> bool:
        return (
            self.active
            and self.event_type == event.type
            and self.property_name in (None, event.property_name)
        )

    def shown(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "id": str(self.id),
            "eventType": self.event_type,
            "active": self.active,
            "createdAt": moment(self.created_at),
            "updatedAt": moment(self.updated_at),
        }
        return said | ({"propertyName": self.property_name} if self.property_name else {})


class Hooks:
    """The app's webhook settings, and what turns news into parcels."""

    def __init__(self, portal: Portal, outbox: Outbox, secret: str, target: str | None) -> None:
        self._portal = portal
        self._outbox = outbox
        self._secret = secret
        self.target = target
        self.most_at_once = 10
        self.created_at = self.updated_at = portal.now()
        self.subscriptions: dict[int, Subscription] = {}
        for event_type in ON_FROM_THE_START:
            self.subscribe(event_type, None)

    def subscribe(
        self, event_type: str, property_name: str | None, *, active: bool = True
    ) -> Subscription:
        now = self._portal.now()
        new = Subscription(
            id=self._portal.dice.randint(100_000, 9_999_999),
            event_type=event_type,
            property_name=property_name,
            active=active,
            created_at=now,
            updated_at=now,
        )
        self.subscriptions[new.id] = new
        if active:
            self._outbox.renew()
        return new

    def subscription(self, subscription_id: str) -> Subscription:
        found = self.subscriptions.get(int(subscription_id) if subscription_id.isdigit() else -1)
        if found is None:
            raise not_found(f"Subscription {subscription_id} does not exist")
        return found

    def set_active(self, known: Subscription, *, active: bool) -> None:
        known.active, known.updated_at = active, self._portal.now()
        if active:
            self._outbox.renew()

    def aim(self, target: str, most_at_once: int) -> None:
        self.target, self.most_at_once = target, most_at_once
        self.updated_at = self._portal.now()
        self._outbox.renew()

    def lapse(self, shows: Shows) -> None:
        """Every subscription stops, and its row says so, or is no longer there."""
        if shows is Shows.GONE:
            self.subscriptions.clear()
        for one in self.subscriptions.values():
            one.active, one.updated_at = False, self._portal.now()

    def send(self) -> None:
        """Puts what changed since the last time in the outbox: one parcel per hundred events."""
        told = [
            self._told(event, one)
            for event in self._portal.news.drain()
            for one in self.subscriptions.values()
            if one.wants(event)
        ]
        for start in range(0, len(told), MOST_PER_DELIVERY):
            batch = told[start : start + MOST_PER_DELIVERY]
            body = json.dumps(batch, separators=(",", ":"), ensure_ascii=False).encode()
            about = ", ".join(sorted({one["subscriptionType"] for one in batch}))
            self._outbox.put(self.target, body, self._signed, about)

    def _told(self, event: Event, subscription: Subscription) -> dict[str, Any]:
        return {
            "eventId": self._portal.dice.randint(1, 4_294_967_295),
            "subscriptionId": subscription.id,
            "portalId": self._portal.portal_id,
            "appId": self._portal.app_id,
            "occurredAt": event.occurred_at,
            "subscriptionType": event.type,
            "attemptNumber": 0,
            **event.facts,
            "changeSource": event.author.source,
            "sourceId": event.author.source_id,
        }

    def _signed(self, body: bytes, url: str) -> dict[str, str]:
        """Version 3 for those who check well, and version 1, which the real one still sends."""
        sent_at = str(epoch_ms(self._portal.clock()))
        message = b"POST" + url.encode() + body + sent_at.encode()
        signature = hmac.new(self._secret.encode(), message, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "HubSpot Connect 2.0 (sandbox)",
            "X-HubSpot-Signature-v3": base64.b64encode(signature).decode(),
            "X-HubSpot-Request-Timestamp": sent_at,
            "X-HubSpot-Signature": hashlib.sha256(self._secret.encode() + body).hexdigest(),
            "X-HubSpot-Signature-Version": "v1",
        }
