"""Plans of faults, short to write in tests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tricord.sandbox.faults.fault import FaultKind
from tricord.sandbox.faults.faults import Faults
from tricord.sandbox.faults.plan import faults_from

EVERY = frozenset(FaultKind)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(slots=True)
class HandClock:
    """Moves when told to."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def faults_of(*plan: dict[str, Any], seed: int = 7, clock: HandClock | None = None) -> Faults:
    """The plan, switched on."""
    faults = Faults(clock or HandClock(), seed)
    faults.set(faults_from(list(plan), EVERY, faults.clock()))
    return faults
