"""HubSpot's books: records by their unique properties, and what deals hold of an app's."""

from collections.abc import Iterator

from tricord.sandbox.hubspot.crm.kinds import KINDS, Kind
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.records import Record
from tricord.sandbox.ledger import Entry, entries


def ledger_of(portal: Portal) -> list[Entry]:
    return [*entries(_by_unique_property(portal)), *_deals(portal)]


def _by_unique_property(portal: Portal) -> Iterator[tuple[str, str, str, str]]:
    """Archived records too: made is made."""
    for kind in KINDS:
        names = [one.name for one in portal.schema.properties(kind) if one.unique]
        for record in _all(portal, kind):
            for name in names:
                if name != "hs_object_id" and name in record.values:
                    yield kind.name, record.values[name], name, record.id


def _deals(portal: Portal) -> Iterator[Entry]:
    """Each deal: its values of properties that are not HubSpot's, and how often each changed."""
    kind = portal.deals
    own = [one.name for one in portal.schema.properties(kind) if not one.hubspot_defined]
    for record in _all(portal, kind):
        held = [name for name in own if name in record.history]
        yield Entry(
            kind="deals",
            key=record.id,
            by="id",
            ids=[record.id],
            facts={
                "values": {name: record.values.get(name) for name in held},
                "writes": {name: len(record.history[name]) for name in held},
            },
        )


def _all(portal: Portal, kind: Kind) -> list[Record]:
    return [*portal.records(kind), *portal.records(kind, archived=True)]
