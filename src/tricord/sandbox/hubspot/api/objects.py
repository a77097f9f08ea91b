"""Records over HTTP: list, create, read, change, archive, merge."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from tricord.sandbox.hubspot.api.call import Answer, Call
from tricord.sandbox.hubspot.crm.kinds import Kind, kind_named
from tricord.sandbox.hubspot.crm.portal import Partner, Portal
from tricord.sandbox.hubspot.crm.records import Record, shown_values
from tricord.sandbox.hubspot.crm.refusals import invalid, not_found
from tricord.sandbox.hubspot.crm.values import moment

MOST_PER_PAGE = 100
MOST_PER_PAGE_WITH_HISTORY = 50


class Objects:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def page(self, call: Call) -> Answer:
        history = call.names("propertiesWithHistory")
        most = MOST_PER_PAGE_WITH_HISTORY if history else MOST_PER_PAGE
        limit = call.number("limit", 10, most)
        after = _cursor_id(call.query.get("after"))
        records = [
            one
            for one in self._portal.records(call.kind, archived=call.flag("archived"))
            if int(one.id) > after
        ]
        said: dict[str, Any] = {"results": [self._asked(call, one) for one in records[:limit]]}
        if len(records) > limit:
            said["paging"] = next_page(call, _cursor(records[limit - 1].id))
        return 200, said

    def create(self, call: Call) -> Answer:
        body = call.object()
        partners = partners_in(self._portal, call.kind, body.get("associations"))
        properties = body.get("properties", {})
        record = self._portal.create(call.kind, properties, call.author, partners)
        return 201, shown(self._portal, record, [*record.values])

    def read(self, call: Call) -> Answer:
        record = self._portal.record(
            call.kind,
            call.path["id"],
            call.query.get("idProperty"),
            archived=call.flag("archived"),
        )
        return 200, self._asked(call, record)

    def change(self, call: Call) -> Answer:
        record = self._portal.record(call.kind, call.path["id"], call.query.get("idProperty"))
        properties = call.object().get("properties", {})
        self._portal.update(record, properties, call.author)
        return 200, shown(self._portal, record, [*properties])

    def archive(self, call: Call) -> Answer:
        record = self._portal.find(call.kind, call.path["id"])
        if record is not None:
            self._portal.archive(record, call.author)
        elif self._portal.find(call.kind, call.path["id"], archived=True) is None:
            raise not_found("Object not found.  objectId are usually numeric.", id=call.path["id"])
        return 204, None

    def merge(self, call: Call) -> Answer:
        primary = self._portal.record(call.kind, call.text("primaryObjectId"))
        other = self._portal.record(call.kind, call.text("objectIdToMerge"))
        new = self._portal.merge(primary, other, call.author)
        return 200, shown(self._portal, new, [*new.values])

    def forget(self, call: Call) -> Answer:
        id_property = call.object().get("idProperty")
        record = self._portal.find(call.kind, call.text("objectId"), id_property)
        if record is not None:
            self._portal.forget(record, call.author)
        return 204, None

    def _asked(self, call: Call, record: Record) -> dict[str, Any]:
        said = shown(
            self._portal,
            record,
            call.names("properties"),
            history=call.names("propertiesWithHistory"),
        )
        partners = self._associations(record, call.names("associations"))
        return said | {"associations": partners} if partners else said

    def _associations(self, record: Record, names: list[str]) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for kind in (kind_named(name) for name in names):
            results = [
                {"id": other, "type": self._portal.links.name_of(record.kind, kind, link)}
                for other, types in self._portal.partners(record, kind)
                for link in types
            ]
            if results:
                said[kind.shown_as] = {"results": results}
        return said


def shown(
    portal: Portal, record: Record, wanted: Sequence[str], history: Sequence[str] = ()
) -> dict[str, Any]:
    """A record as every endpoint answers it."""
    known = [one.name for one in portal.schema.properties(record.kind)]
    said: dict[str, Any] = {
        "id": record.id,
        "properties": shown_values(record.kind, record.values, [*wanted, *history], known),
        "createdAt": moment(record.created_at),
        "updatedAt": moment(record.updated_at),
        "archived": record.archived_at is not None,
        "url": f"https://app.hubspot.com/contacts/{portal.portal_id}/record/"
        f"{record.kind.type_id}/{record.id}",
    }
    if record.archived_at is not None:
        said["archivedAt"] = moment(record.archived_at)
    if history:
        said["propertiesWithHistory"] = {
            name: [past.shown() for past in record.history.get(name, [])]
            for name in (one.lower() for one in history)
            if name in known
        }
    return said


def partners_in(portal: Portal, kind: Kind, associations: Any) -> list[Partner]:
    """The `associations` of a creation, checked: both the record and the type must exist."""
    found: list[Partner] = []
    for row in associations or []:
        other = str((row.get("to") or {}).get("id", ""))
        for spec in row.get("types") or []:
            type_id = spec.get("associationTypeId")
            to = _kind_behind(portal, kind, type_id)
            portal.record(to, other)
            found.append((to, other, portal.links.type(kind, to, int(type_id))))
    return found


def next_page(call: Call, after: str) -> dict[str, Any]:
    others = [(name, value) for name, value in call.query.multi_items() if name != "after"]
    link = f"{call.url}?{urlencode([*others, ('after', after)])}"
    return {"next": {"after": after, "link": link}}


def _kind_behind(portal: Portal, kind: Kind, type_id: Any) -> Kind:
    for to in portal.links.partners_of(kind):
        if any(link.id == type_id for link in portal.links.types(kind, kind_named(to))):
            return kind_named(to)
    raise invalid(
        f"{type_id} is not a valid association type for {kind.name}",
        code="INVALID_ASSOCIATION_TYPE",
        associationTypeId=str(type_id),
    )


def _cursor(record_id: str) -> str:
    return base64.urlsafe_b64encode(record_id.encode()).decode()


def _cursor_id(after: str | None) -> int:
    if not after:
        return 0
    try:
        return int(base64.urlsafe_b64decode(after))
    except (binascii.Error, ValueError):
        raise invalid(f"The cursor {after} is not one of this list") from None
