"""Everything the account knows, as JSON for people and tests."""

from typing import Any

from tricord.sandbox.hubspot.api.gate import Gate
from tricord.sandbox.hubspot.crm.kinds import KINDS, Kind
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.records import Record
from tricord.sandbox.hubspot.crm.values import moment


def state_of(portal: Portal, gate: Gate) -> dict[str, Any]:
    """Live records by kind with all their properties; archived ones by id alone."""
    return {
        **{kind.name: _records(portal, kind) for kind in KINDS},
        "archived": {
            kind.name: ids
            for kind in KINDS
            if (ids := [one.id for one in portal.records(kind, archived=True)])
        },
        "associations": [
            {
                "from_type": here[0],
                "from_id": here[1],
                "to_type": there[0],
                "to_id": there[1],
                "type_ids": type_ids,
            }
            for here, there, type_ids in portal.links.every_pair()
        ],
        "properties": {
            kind.name: [
                one.name for one in portal.schema.properties(kind) if not one.hubspot_defined
            ]
            for kind in KINDS
        },
        "pipelines": [one.shown() for one in portal.pipelines.all()],
        "portal_id": portal.portal_id,
        "app_id": portal.app_id,
        "calls_made": {"total": gate.by_route.total(), "by_route": dict(gate.by_route)},
    }


def _records(portal: Portal, kind: Kind) -> list[dict[str, Any]]:
    return [_record(one) for one in portal.records(kind)]


def _record(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "properties": dict(sorted(record.values.items())),
        "createdAt": moment(record.created_at),
        "updatedAt": moment(record.updated_at),
    }
