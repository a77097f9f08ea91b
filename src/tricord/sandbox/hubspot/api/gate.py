"""Who may call, and how often: bearer tokens and the rolling limits of an account."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tricord.sandbox.hubspot.api.tokens import Tokens
from tricord.sandbox.hubspot.crm.refusals import Refusal

UNLIMITED = 1_000_000
DAILY = 1_000_000
SEARCHES_PER_SECOND = 5


@dataclass(slots=True, kw_only=True)
class Gate:
    """`requests_per_ten_seconds` None lets everything through, and still says a limit."""

    clock: Callable[[], datetime]
    tokens: Tokens
    requests_per_ten_seconds: int | None = None
    by_route: Counter[str] = field(default_factory=Counter)
    _recent: deque[datetime] = field(default_factory=deque)
    _searches: deque[datetime] = field(default_factory=deque)

    def count(self, route: str) -> None:
        self.by_route[route] += 1

    def admit(self, authorization: str | None, *, searching: bool) -> None:
        """Raises the Refusal that the caller is to be told, if any."""
        self.tokens.check(authorization)
        now = self.clock()
        _age(self._recent, now - timedelta(seconds=10))
        _age(self._searches, now - timedelta(seconds=1))
        most = self.requests_per_ten_seconds
        if most is not None:
            if len(self._recent) >= most:
                raise too_many("ten_secondly_rolling", "TEN_SECONDLY_ROLLING")
            if searching and len(self._searches) >= SEARCHES_PER_SECOND:
                raise too_many("secondly", "SECONDLY")
        self._recent.append(now)
        if searching:
            self._searches.append(now)

    def headers(self, *, searching: bool) -> dict[str, str]:
        """The limit headers; answers to searches have none."""
        if searching:
            return {}
        most = self.requests_per_ten_seconds or UNLIMITED
        used = self.by_route.total()
        return {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(0, most - len(self._recent))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": str(DAILY),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, DAILY - used)),
        }


def _age(times: deque[datetime], before: datetime) -> None:
    while times and times[0] <= before:
        times.popleft()


def too_many(limit: str, policy: str) -> Refusal:
    return Refusal(
        status=429,
        message=f"You have reached your {limit} limit.",
        category="RATE_LIMITS",
        extra={"errorType": "RATE_LIMIT", "policyName": policy},
    )
