"""One fault: what goes wrong, where, and how often. How plans are written stands in `plan`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """Everything that can be made to go wrong."""

    # Calls in, in the order in which a call meets them.
    DOWN = "down"
    SLOW = "slow"
    TIMEOUT_BEFORE_ACTING = "timeout_before_acting"
    REVOKED_ACCESS = "revoked_access"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the name of a fault
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT_AFTER_ACTING = "timeout_after_acting"
    # Calls in, inside some vendors only.
    SEARCH_LAG = "search_lag"
    ROTATED_TOKEN = "rotated_token"  # noqa: S105 - the name of a fault
    GREYLISTED = "greylisted"
    # Webhooks out.
    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DELAY = "delay"
    BAD_SIGNATURE = "bad_signature"
    LAPSE = "lapse"


class Shows(StrEnum):
    """How a lapsed subscription looks in the vendor's own list."""

    DISABLED = "disabled"
    GONE = "gone"
    FINE = "fine"


WEBHOOK_FAULTS = frozenset(
    {
        FaultKind.DROP,
        FaultKind.DUPLICATE,
        FaultKind.REORDER,
        FaultKind.DELAY,
        FaultKind.BAD_SIGNATURE,
        FaultKind.LAPSE,
    }
)
CALL_FAULTS = frozenset(
    {
        FaultKind.DOWN,
        FaultKind.SLOW,
        FaultKind.TIMEOUT_BEFORE_ACTING,
        FaultKind.REVOKED_ACCESS,
        FaultKind.EXPIRED_TOKEN,
        FaultKind.RATE_LIMITED,
        FaultKind.SERVER_ERROR,
        FaultKind.TIMEOUT_AFTER_ACTING,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Strikes every candidate that fits `method` and `place`, unless it is told to be rarer.

    A candidate is a call (`place` is its path), a mail command (its address) or a webhook (what it
    is about). `every` strikes each Nth one, `chance` by the dice, `next` at most that often.
    `seconds` is how long it lasts where that means something: a wait, a hang, a lag, the time a
    limited caller is told to wait. `status` None leaves it to the vendor.
    """

    kind: FaultKind
    method: str = "*"
    place: str = "*"
    every: int = 1
    chance: float = 1.0
    next: int | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    seconds: float | None = None
    status: int | None = None
    acts: bool = False
    copies: int = 1
    shows: Shows = Shows.DISABLED

    def fits(self, method: str, place: str) -> bool:
        """A webhook about several things, or a mail to several people, fits by any of them."""
        if self.method not in ("*", method.upper()):
            return False
        words = (place, *place.replace(",", " ").split())
        return any(fnmatchcase(word, self.place) for word in words)

    def is_on(self, now: datetime) -> bool:
        return (self.starts is None or self.starts <= now) and (
            self.ends is None or now < self.ends
        )

    @property
    def waits_for_no_webhook(self) -> bool:
        """A lapse of this kind comes when its time has come, whether anything is sent or not."""
        return self.kind is FaultKind.LAPSE and (self.every, self.chance) == (1, 1.0)
