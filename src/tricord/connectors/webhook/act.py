"""Telling any address. Class A: `webhook-id` is the same on every attempt, and is what a receiver
knows a copy by (Standard Webhooks, "Idempotency")."""

import hashlib
import json

from tricord.connectors.webhook.sign import signatures
from tricord.core.alerts import Alert, incident_key
from tricord.core.ids import ExternalId, Kind, Ref
from tricord.sdk.connector import Access, Work
from tricord.sdk.talk import Done, Request, Talk

_STATUSES = tuple(range(200, 300))


def tell(access: Access, alert: Alert, work: Work) -> Talk:
    body = json.dumps(event(alert), separators=(",", ":")).encode()
    message_id = f"msg_{hashlib.sha256(work.key.encode()).hexdigest()[:32]}"
    at = int(work.at.timestamp())
    yield Request(
        method="POST",
        path="",
        headers=(
            ("Content-Type", "application/json"),
            ("webhook-id", message_id),
            ("webhook-timestamp", str(at)),
            ("webhook-signature", signatures(access.text("secret"), message_id, at, body)),
        ),
        body=body,
        writes=True,
        expected=_STATUSES,
    )
    return Done(remote=Ref(access.connection, Kind.MESSAGE, ExternalId(message_id)))


def event(alert: Alert) -> dict[str, object]:
    """Ids, words and sums: no name, address or text of a client is in an alert."""
    return {
        "type": "alert.over" if alert.over else "alert.told",
        "timestamp": alert.at.isoformat(),
        "data": {
            "key": alert.key,
            "incident": incident_key(alert.cause, alert.occurrence),
            "cause": alert.cause,
            "occurrence": alert.occurrence,
            "severity": str(alert.severity),
            "title": alert.title,
            "lines": list(alert.lines),
            "owner": alert.owner,
            "at_stake": [
                {"minor": money.minor, "currency": money.currency} for money in alert.money
            ],
            "cases": alert.count,
            "over": alert.over,
            "link": alert.link,
        },
    }
