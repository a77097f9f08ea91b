"""What changed during one request, in the words of HubSpot's webhooks, before it is addressed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tricord.sandbox.hubspot.crm.kinds import Kind
from tricord.sandbox.hubspot.crm.records import Author
from tricord.sandbox.hubspot.crm.values import epoch_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change; `facts` are the fields that its type adds to the common ones."""

    type: str
    property_name: str | None
    occurred_at: int
    author: Author
    facts: dict[str, Any]


@dataclass(slots=True)
class News:
    """Collected while a request is answered, and drained once it has been."""

    _events: list[Event] = field(default_factory=list)

    def drain(self) -> list[Event]:
        gone, self._events = self._events, []
        return gone

    def created(self, kind: Kind, record_id: str, author: Author, at: datetime) -> None:
        facts = {"objectId": int(record_id), "changeFlag": "NEW"}
        self._add(f"{kind.singular}.creation", author, at, facts)

    def deleted(self, kind: Kind, record_id: str, author: Author, at: datetime) -> None:
        facts = {"objectId": int(record_id), "changeFlag": "DELETED"}
        self._add(f"{kind.singular}.deletion", author, at, facts)

    def forgotten(self, kind: Kind, record_id: str, author: Author, at: datetime) -> None:
        facts = {"objectId": int(record_id)}
        self._add(f"{kind.singular}.privacyDeletion", author, at, facts)

    def changed(
        self, kind: Kind, record_id: str, name: str, value: str, author: Author, at: datetime
    ) -> None:
        facts = {"objectId": int(record_id), "propertyName": name, "propertyValue": value}
        self._add(f"{kind.singular}.propertyChange", author, at, facts, name)

    def merged(
        self,
        kind: Kind,
        primary: str,
        other: str,
        new: str,
        moved: int,
        author: Author,
        at: datetime,
    ) -> None:
        facts = {
            "objectId": int(primary),
            "primaryObjectId": int(primary),
            "mergedObjectIds": [int(other)],
            "newObjectId": int(new),
            "numberOfPropertiesMoved": moved,
        }
        self._add(f"{kind.singular}.merge", author, at, facts)

    def linked(
        self,
        ends: tuple[Kind, str, Kind, str],
        author: Author,
        at: datetime,
        *,
        removed: bool,
        primary: bool,
    ) -> None:
        """Told from both ends, as HubSpot tells it to whoever listens to both."""
        from_, one, to, other = ends
        for here, here_id, there, there_id in ((from_, one, to, other), (to, other, from_, one)):
            facts = {
                "associationType": f"{_loud(here)}_TO_{_loud(there)}",
                "fromObjectId": int(here_id),
                "toObjectId": int(there_id),
                "associationRemoved": removed,
                "isPrimaryAssociation": primary,
            }
            self._add(f"{here.singular}.associationChange", author, at, facts)

    def _add(
        self,
        type_: str,
        author: Author,
        at: datetime,
        facts: dict[str, Any],
        property_name: str | None = None,
    ) -> None:
        self._events.append(
            Event(
                type=type_,
                property_name=property_name,
                occurred_at=epoch_ms(at),
                author=author,
                facts=facts,
            )
        )


def _loud(kind: Kind) -> str:
    return "ENGAGEMENT" if kind.engagement else kind.singular.upper()
