"""The search index: what searches see, which runs behind the records by a moment."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tricord.sandbox.hubspot.crm.records import Record, Snapshot


@dataclass(slots=True, kw_only=True)
class Index:
    """Changes wait here until `lag_seconds` have passed on the box's clock."""

    lag_seconds: float = 1.0
    _waiting: deque[tuple[datetime, str, str, Snapshot | None]] = field(default_factory=deque)
    _seen: dict[str, dict[str, Snapshot]] = field(default_factory=dict)

    def note(self, record: Record, now: datetime) -> None:
        kept = None if record.archived_at else Snapshot.of(record)
        self._waiting.append((now, record.kind.name, record.id, kept))
        self._settle(now)

    def forget(self, record: Record, now: datetime) -> None:
        self._waiting.append((now, record.kind.name, record.id, None))

    def visible(self, kind: str, now: datetime) -> list[Snapshot]:
        self._settle(now)
        return list(self._seen.get(kind, {}).values())

    def _settle(self, now: datetime) -> None:
        settled = now - timedelta(seconds=self.lag_seconds)
        while self._waiting and self._waiting[0][0] <= settled:
            _, its_kind, record_id, kept = self._waiting.popleft()
            known = self._seen.setdefault(its_kind, {})
            if kept is None:
                known.pop(record_id, None)
            else:
                known[record_id] = kept
