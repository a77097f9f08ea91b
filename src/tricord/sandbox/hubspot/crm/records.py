"""One CRM record: its values, the history of each, and its dates."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tricord.sandbox.hubspot.crm.kinds import Kind
from tricord.sandbox.hubspot.crm.values import moment, whole_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who makes a change: a person in the UI, or an app through the API."""

    source: str
    source_id: str
    user_id: int | None = None
    label: str | None = None

    def history(self) -> dict[str, Any]:
        said: dict[str, Any] = {"sourceType": self.source, "sourceId": self.source_id}
        if self.label is not None:
            said["sourceLabel"] = self.label
        if self.user_id is not None:
            said["updatedByUserId"] = self.user_id
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A value a property once took (or takes), and since when."""

    value: str
    at: datetime
    author: Author

    def shown(self) -> dict[str, Any]:
        return {"value": self.value, "timestamp": moment(self.at)} | self.author.history()


@dataclass(slots=True, kw_only=True)
class Record:
    """`values` never holds an empty text: a cleared property is absent."""

    id: str
    kind: Kind
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None
    values: dict[str, str] = field(default_factory=dict)
    history: dict[str, list[Past]] = field(default_factory=dict)

    def write(
        self, values: dict[str, str], author: Author, now: datetime, at: datetime | None = None
    ) -> list[str]:
        """Takes over `values` and returns the names that really changed.

        `now` moves the record's own date; `at`, when given, is when the change is said to have
        happened, in the history.
        """
        changed = [name for name, value in values.items() if self.values.get(name, "") != value]
        if not changed:
            return []
        self._touch(now)
        for name in changed:
            past = Past(value=values[name], at=at or self.updated_at, author=author)
            self.history.setdefault(name, []).insert(0, past)
            if values[name]:
                self.values[name] = values[name]
            else:
                del self.values[name]
        return changed

    def derive(self, values: dict[str, str]) -> None:
        """Sets what HubSpot computes itself; no history, no notice."""
        self.values |= {name: value for name, value in values.items() if value}

    def archive(self, now: datetime) -> None:
        self._touch(now)
        self.archived_at = self.updated_at

    def _touch(self, now: datetime) -> None:
        # Strictly later than before, even when the clock stands still or two writes share a
        # millisecond: readers order versions of a record by this date.
        self.updated_at = max(whole_ms(now), self.updated_at + timedelta(milliseconds=1))
        self.values[self.kind.modified] = moment(self.updated_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the search index knows of a record: its state when it was indexed."""

    id: str
    values: dict[str, str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, record: Record) -> "Snapshot":
        return cls(
            id=record.id,
            values=dict(record.values),
            created_at=record.created_at,
            updated_at=record.updated_at,
        )


def shown_values(
    kind: Kind, values: dict[str, str], wanted: Iterable[str], known: Iterable[str]
) -> dict[str, str | None]:
    """The listed properties, or the defaults; null where empty, unknown ones left out."""
    names = [name.lower() for name in wanted] or [*kind.defaults]
    there = set(known)
    return {name: values.get(name) for name in sorted({*names, *kind.always}) if name in there}
