"""The search index: what searches see, which runs behind the records by a moment."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tricord.sandbox.hubspot.crm.records import Record, Snapshot

# An index is said to be behind for an hour at worst; older states are not kept.
LONGEST_LAG = timedelta(hours=1)


@dataclass(slots=True)
class _Past:
    """The states of one record, oldest first; None once it was gone."""

    times: list[datetime] = field(default_factory=list)
    states: list[Snapshot | None] = field(default_factory=list)

    def note(self, state: Snapshot | None, now: datetime) -> None:
        self.times.append(now)
        self.states.append(state)
        # The newest of those too old to be asked for says what was known at the horizon.
        passed = bisect_right(self.times, now - LONGEST_LAG) - 1
        if passed > 0:
            del self.times[:passed], self.states[:passed]

    def as_of(self, horizon: datetime) -> Snapshot | None:
        place = bisect_right(self.times, horizon)
        return self.states[place - 1] if place else None


@dataclass(slots=True, kw_only=True)
class Index:
    """Searches see a change once `lag_seconds` have passed on the box's clock."""

    lag_seconds: float = 1.0
    _known: dict[str, dict[str, _Past]] = field(default_factory=dict)

    def note(self, record: Record, now: datetime) -> None:
        self._note(record, None if record.archived_at else Snapshot.of(record), now)

    def forget(self, record: Record, now: datetime) -> None:
        self._note(record, None, now)

    def visible(self, kind: str, now: datetime, more_lag: float = 0.0) -> list[Snapshot]:
        """`more_lag` are seconds that one search alone runs further behind."""
        horizon = now - timedelta(seconds=self.lag_seconds + more_lag)
        known = (past.as_of(horizon) for past in self._known.get(kind, {}).values())
        return [state for state in known if state is not None]

    def _note(self, record: Record, state: Snapshot | None, now: datetime) -> None:
        kind = self._known.setdefault(record.kind.name, {})
        kind.setdefault(record.id, _Past()).note(state, now)
