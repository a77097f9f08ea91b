"""Deliveries: what arrived at a webhook, byte for byte, before anyone has read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tricord.core.ids import ConnectionName, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Raw bytes and how they came. `headers` have lower-case names; `url` is the public one.

    Staleness is measured from `received_at`, so a delivery that waits is not stale by waiting.
    """

    connection: ConnectionName
    body: bytes
    received_at: Instant
    method: str = "POST"
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
