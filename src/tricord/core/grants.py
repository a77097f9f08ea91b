"""Grants: what a person's consent at a vendor has brought. Tokens do not print."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tricord.core.ids import Instant

_OLD_ENOUGH = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What consent has brought. `refresh_until` is None where refresh tokens do not expire."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    obtained_at: datetime
    expires_at: datetime
    refresh_until: datetime | None = None
    scopes: tuple[str, ...] = ()

    def stale(self, now: Instant) -> bool:
        """Whether to buy a new token first: by the clock, never by waiting for a refusal."""
        life = self.expires_at - self.obtained_at
        return now >= self.expires_at - min(_OLD_ENOUGH, life / 10)
