"""The faults of one box: which are on, when each strikes, and what has been struck so far."""

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tricord.sandbox.faults.fault import Fault, FaultKind

MOST_REMEMBERED = 100_000


@dataclass(slots=True, kw_only=True)
class Active:
    """A fault that is on: how many candidates it has seen and how many it struck."""

    id: int
    fault: Fault
    dice: random.Random
    seen: int = 0
    struck: int = 0
    last: datetime | None = None

    @property
    def spent(self) -> bool:
        return self.fault.next is not None and self.struck >= self.fault.next

    def strikes(self, now: datetime) -> bool:
        """Counts one candidate, and says whether it is struck."""
        if self.spent or not self.fault.is_on(now):
            return False
        self.seen += 1
        # Drawn for every candidate, so that the Nth draw belongs to the Nth candidate.
        lucky = self.dice.random() < self.fault.chance
        if not lucky or self.seen % self.fault.every:
            return False
        self.struck += 1
        self.last = now
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One time that a fault struck: `place` is a path, an address, or what a webhook is about."""

    number: int
    at: datetime
    fault: Fault
    fault_id: int
    method: str
    place: str
    webhook: int | None

    def shown(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "number": self.number,
            "at": self.at.isoformat(),
            "fault": str(self.fault.kind),
            "fault_id": self.fault_id,
        }
        if self.webhook is not None:
            return said | {"webhook": self.webhook, "about": self.place}
        return said | {"method": self.method, "path": self.place}


@dataclass(slots=True)
class Faults:
    """`seed` None draws one; the same seed, plan and candidates give the same strikes.

    It has dice of its own: what goes wrong never changes what the vendor's next id is.
    """

    clock: Callable[[], datetime]
    seed: int | None = None
    active: list[Active] = field(default_factory=list)
    strikes: deque[Strike] = field(default_factory=lambda: deque(maxlen=MOST_REMEMBERED))
    _last_id: int = 0
    _last_strike: int = 0

    def __post_init__(self) -> None:
        if self.seed is None:
            self.seed = random.randrange(2**32)

    def set(self, faults: Iterable[Fault], seed: int | None = None) -> None:
        """Replaces the plan, and starts it from the beginning; old strikes are remembered."""
        self.seed = self.seed if seed is None else seed
        self.active.clear()
        self._last_id = 0
        self.add(faults)

    def add(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self._last_id += 1
            # Dice per fault: what one of them meets does not move the others.
            dice = random.Random(f"{self.seed}/{self._last_id}/{fault.kind}")
            self.active.append(Active(id=self._last_id, fault=fault, dice=dice))

    def remove(self, fault_id: int) -> bool:
        kept = [one for one in self.active if one.id != fault_id]
        gone = len(kept) < len(self.active)
        self.active = kept
        return gone

    def strike(
        self,
        kind: FaultKind,
        method: str,
        place: str,
        *,
        webhook: int | None = None,
        waiting: bool = True,
    ) -> Strike | None:
        """The strike on this candidate, if one of the faults of this kind strikes it.

        `waiting` False asks only those that wait for no webhook.
        """
        if not self.active:
            return None
        now = self.clock()
        for one in self.active:
            if one.fault.kind is not kind or not one.fault.fits(method, place):
                continue
            if not waiting and not one.fault.waits_for_no_webhook:
                continue
            if one.strikes(now):
                return self._note(one, now, method, place, webhook)
        return None

    def on(self) -> list[Active]:
        """Those that may strike now."""
        now = self.clock()
        return [one for one in self.active if not one.spent and one.fault.is_on(now)]

    def _note(
        self, one: Active, now: datetime, method: str, place: str, webhook: int | None
    ) -> Strike:
        self._last_strike += 1
        strike = Strike(
            number=self._last_strike,
            at=now,
            fault=one.fault,
            fault_id=one.id,
            method=method,
            place=place,
            webhook=webhook,
        )
        self.strikes.append(strike)
        return strike
