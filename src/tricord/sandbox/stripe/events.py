"""Events: what happened, as a snapshot of the object then and as a thin notification."""

import copy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tricord.sandbox.outbox import Parcel
from tricord.sandbox.stripe.kinds import API_VERSION, KINDS, Json

KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Cause:
    """The API request behind a change; both None when nobody called the API."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass(slots=True)
class Recorded:
    """One event in both its forms, and the webhooks that carry it."""

    snapshot: Json
    thin: Json
    parcels: list[Parcel] = field(default_factory=list)

    @property
    def created(self) -> int:
        return int(self.snapshot["created"])

    @property
    def delivered(self) -> bool:
        return all(parcel.status is not None and parcel.status < 300 for parcel in self.parcels)

    def as_of_now(self) -> Json:
        waiting = sum(not parcel.done for parcel in self.parcels)
        return {**copy.deepcopy(self.snapshot), "pending_webhooks": waiting}


def record(
    event_type: str,
    subject: Json,
    before: Json | None,
    cause: Cause,
    *,
    ids: tuple[str, str],
    now: int,
) -> Recorded:
    """`ids` names the snapshot event and its thin twin."""
    data: Json = {"object": copy.deepcopy(subject)}
    if before is not None:
        data["previous_attributes"] = previous_attributes(before, subject)
    snapshot = {
        "id": ids[0],
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": cause.request_id, "idempotency_key": cause.idempotency_key},
        "type": event_type,
    }
    return Recorded(snapshot=snapshot, thin=_thin(snapshot, subject, cause, ids[1]))


def previous_attributes(before: Json, after: Json) -> Json:
    """What the changed fields held; a nested object is cut to its changed keys, as Stripe does."""
    changed: Json = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and old.get("object") != "list":
            changed[name] = previous_attributes(old, new)
        else:
            changed[name] = copy.deepcopy(old)
    return {name: changed[name] for name in sorted(changed)}


def body_of(event: Json) -> bytes:
    """The exact bytes of a webhook. Stripe indents them; a receiver that re-encodes fails."""
    return json.dumps(event, indent=2, ensure_ascii=False).encode()


def _thin(snapshot: Json, subject: Json, cause: Cause, thin_id: str) -> Json:
    created = datetime.fromtimestamp(snapshot["created"], UTC)
    reason: Json | None = None
    if cause.request_id is not None:
        request = {"id": cause.request_id, "idempotency_key": cause.idempotency_key}
        reason = {"type": "request", "request": request}
    return {
        "id": thin_id,
        "object": "v2.core.event",
        "type": f"v1.{snapshot['type']}",
        "created": created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "livemode": False,
        "context": None,
        "reason": reason,
        "related_object": {
            "id": subject["id"],
            "type": subject["object"],
            "url": f"{KINDS[subject['object']].path}/{subject['id']}",
        },
        "snapshot_event": snapshot["id"],
    }
