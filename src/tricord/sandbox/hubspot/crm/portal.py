"""One HubSpot account: its records and every way they change."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tricord.sandbox.hubspot.crm.defaults import install_defaults
from tricord.sandbox.hubspot.crm.drafts import Drafts
from tricord.sandbox.hubspot.crm.index import Index
from tricord.sandbox.hubspot.crm.kinds import KINDS, Kind, kind_named
from tricord.sandbox.hubspot.crm.links import Links, LinkType
from tricord.sandbox.hubspot.crm.news import News
from tricord.sandbox.hubspot.crm.owners import seed_owners
from tricord.sandbox.hubspot.crm.pipelines import Pipelines
from tricord.sandbox.hubspot.crm.records import Author, Record
from tricord.sandbox.hubspot.crm.refusals import (
    Refusal,
    conflict,
    invalid,
    invalid_values,
    not_found,
)
from tricord.sandbox.hubspot.crm.schema import Schema
from tricord.sandbox.hubspot.crm.values import moment, whole_ms

Partner = tuple[Kind, str, LinkType]


class Portal:
    """All state of the account, in memory. Nothing here waits, so each call is whole or not."""

    def __init__(self, clock: Callable[[], datetime], dice: random.Random) -> None:
        self.clock = clock
        self.dice = dice
        now = self.now()
        self.portal_id = dice.randint(20_000_000, 49_999_999)
        self.app_id = dice.randint(1_000_000, 9_999_999)
        self.schema = Schema()
        install_defaults(self.schema, now)
        self.pipelines = Pipelines(now)
        self.owners = seed_owners(dice, now)
        self.links = Links()
        self.index = Index()
        self.news = News()
        self._drafts = Drafts(self.schema, self.pipelines, self.owners)
        self._records: dict[str, dict[str, Record]] = {kind.name: {} for kind in KINDS}
        self._aliases: dict[tuple[str, str], str] = {}
        self._last_id = dice.randint(10_000_000_000, 90_000_000_000)

        self.deals = kind_named("deals")

    # -- who and when ------------------------------------------------------------------------

    def now(self) -> datetime:
        return whole_ms(self.clock())

    def person(self) -> Author:
        owner = self.owners[0]
        return Author(source="CRM_UI", source_id=f"userId:{owner.user_id}", user_id=owner.user_id)

    def app(self) -> Author:
        return Author(source="INTEGRATION", source_id=str(self.app_id), label="Tricord")

    # -- reading -----------------------------------------------------------------------------

    def records(self, kind: Kind, *, archived: bool = False) -> list[Record]:
        """All records of a kind in the order of their ids, which is that of their creation."""
        known = self._records[kind.name].values()
        return [one for one in known if (one.archived_at is not None) == archived]

    def find(
        self, kind: Kind, key: str, id_property: str | None = None, *, archived: bool = False
    ) -> Record | None:
        if id_property is None or id_property == "hs_object_id":
            found = self._records[kind.name].get(self._aliases.get((kind.name, key), key))
        else:
            found = self._holder(kind, self._unique(kind, id_property), key)
        return None if found is None or (found.archived_at is not None) != archived else found

    def record(
        self, kind: Kind, key: str, id_property: str | None = None, *, archived: bool = False
    ) -> Record:
        found = self.find(kind, key, id_property, archived=archived)
        if found is None:
            raise not_found("Object not found.  objectId are usually numeric.", id=key)
        return found

    def partners(self, record: Record, kind: Kind) -> list[tuple[str, list[LinkType]]]:
        here = (record.kind.name, record.id)
        return [(end[1], types) for end, types in self.links.of(here, kind)]

    # -- writing -----------------------------------------------------------------------------

    def check(self, kind: Kind, properties: Any) -> None:
        """Raises what `create` would say about `properties`, and changes nothing."""
        self._drafts.complete(kind, self._drafts.checked(kind, properties))

    def create(
        self,
        kind: Kind,
        properties: Any,
        author: Author,
        partners: list[Partner] | None = None,
        at: datetime | None = None,
    ) -> Record:
        values = self._drafts.complete(kind, self._drafts.checked(kind, properties))
        self._refuse_clash(kind, values, None)
        if kind.name == "deals":
            self._drafts.check_stage(values)
        now = self.now()
        # A millisecond early, so that the first write below dates the record `now`.
        early = now - timedelta(milliseconds=1)
        record = Record(id=self._new_id(), kind=kind, created_at=at or now, updated_at=early)
        dates = {name: moment(at or now) for name in (kind.created, "hs_createdate")}
        there = {name: text for name, text in dates.items() if self.schema.find(kind, name)}
        record.derive(there | {"hs_object_id": record.id, kind.modified: moment(now)})
        record.derive({"hs_object_source_label": author.source})
        self._records[kind.name][record.id] = record
        self.news.created(kind, record.id, author, at or now)
        given = {name: value for name, value in values.items() if value}
        self._write(record, given, author, at or now)
        record.updated_at = max(now, record.updated_at)
        for to, other, link in partners or []:
            self.link(kind, record.id, to, other, link, author)
        return record

    def update(
        self, record: Record, properties: Any, author: Author, at: datetime | None = None
    ) -> list[str]:
        """Writes `properties` and returns the names of those that really changed."""
        values = self._drafts.checked(record.kind, properties)
        self._refuse_clash(record.kind, values, record)
        if record.kind.name == "deals":
            self._drafts.check_stage(record.values | values)
            values = self._closing(record, values, at or self.now())
        return self._write(record, values, author, at)

    def archive(self, record: Record, author: Author) -> None:
        now = self.now()
        self._unlink_all(record, author)
        record.archive(now)
        self.index.note(record, now)
        self.news.deleted(record.kind, record.id, author, now)

    def forget(self, record: Record, author: Author) -> None:
        """Deletes for privacy: nothing of the record stays."""
        now = self.now()
        self._unlink_all(record, author)
        del self._records[record.kind.name][record.id]
        self.index.forget(record, now)
        self.news.forgotten(record.kind, record.id, author, now)

    def merge(self, primary: Record, other: Record, author: Author) -> Record:
        """Joins two records in a new one; both old ids keep resolving to it."""
        if primary is other:
            raise invalid("A record cannot be merged with itself")
        now, kind = self.now(), primary.kind
        born = min(primary.created_at, other.created_at)
        new = Record(id=self._new_id(), kind=kind, created_at=born, updated_at=now)
        moved = {name for name in other.values if name not in primary.values}
        new.values = other.values | primary.values
        new.history = {**other.history, **primary.history}
        merged = {"hs_object_id": new.id, "hs_merged_object_ids": f"{primary.id};{other.id}"}
        if other.values.get("email") not in (None, primary.values.get("email")):
            merged["hs_additional_emails"] = other.values["email"]
        new.derive(merged | {kind.created: moment(born), kind.modified: moment(now)})
        self._records[kind.name][new.id] = new
        for old in (primary, other):
            for end, types in self.links.of((kind.name, old.id)):
                for link in types:
                    self.links.add(kind, new.id, kind_named(end[0]), end[1], link)
            self.links.drop((kind.name, old.id))
            self.index.forget(old, now)
            del self._records[kind.name][old.id]
            self._alias(kind, old.id, new.id)
        self.index.note(new, now)
        self.news.merged(kind, primary.id, other.id, new.id, len(moved), author, now)
        return new

    def link(
        self, kind: Kind, one: str, to: Kind, other: str, wanted: LinkType, author: Author
    ) -> None:
        here, there = self.record(kind, one).id, self.record(to, other).id
        if self.links.add(kind, here, to, there, wanted):
            primary = any(
                link.primary
                for end, types in self.links.of((kind.name, here), to)
                if end[1] == there
                for link in types
            )
            ends = (kind, here, to, there)
            self.news.linked(ends, author, self.now(), removed=False, primary=primary)

    def unlink(self, kind: Kind, one: str, to: Kind, other: str, author: Author) -> None:
        if self.links.remove((kind.name, one), (to.name, other)):
            ends = (kind, one, to, other)
            self.news.linked(ends, author, self.now(), removed=True, primary=False)

    # -- inside ------------------------------------------------------------------------------

    def _write(
        self, record: Record, values: dict[str, str], author: Author, at: datetime | None
    ) -> list[str]:
        now = self.now()
        changed = record.write(values, author, now, at)
        record.derive(self._drafts.derived(record.kind, record.values))
        when = at or record.updated_at
        if "dealstage" in changed:
            record.derive({"hs_v2_date_entered_current_stage": moment(when)})
        for name in changed:
            self.news.changed(record.kind, record.id, name, values[name], author, when)
        self.index.note(record, now)
        return changed

    def _closing(self, record: Record, values: dict[str, str], at: datetime) -> dict[str, str]:
        """HubSpot dates the close itself when a deal enters a closed stage."""
        stage = self.pipelines.stage(values.get("dealstage", ""))
        moved = stage is not None and record.values.get("dealstage") != stage.id
        if stage is not None and moved and stage.closed and "closedate" not in values:
            return values | {"closedate": moment(at)}
        return values

    def _refuse_clash(self, kind: Kind, values: dict[str, str], record: Record | None) -> None:
        for name, value in values.items():
            definition = self.schema.find(kind, name)
            if definition is None or not definition.unique or not value:
                continue
            holder = self._holder(kind, name, value)
            if holder is not None and holder is not record:
                raise clash(kind, name, value, holder.id)

    def _holder(self, kind: Kind, name: str, value: str) -> Record | None:
        wanted = value.strip().lower() if name == "email" else value
        for one in self._records[kind.name].values():
            if one.values.get(name) == wanted and one.archived_at is None:
                return one
        return None

    def _unique(self, kind: Kind, name: str) -> str:
        definition = self.schema.find(kind, name)
        if definition is None:
            raise invalid_values(
                [(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')]
            )
        if not definition.unique:
            raise invalid(f"idProperty {name} is not a unique property", code="INVALID_ID_PROPERTY")
        return definition.name

    def _unlink_all(self, record: Record, author: Author) -> None:
        for end in self.links.drop((record.kind.name, record.id)):
            ends = (record.kind, record.id, kind_named(end[0]), end[1])
            self.news.linked(ends, author, self.now(), removed=True, primary=False)

    def _alias(self, kind: Kind, old: str, new: str) -> None:
        for known, target in self._aliases.items():
            if target == old and known[0] == kind.name:
                self._aliases[known] = new
        self._aliases[(kind.name, old)] = new

    def _new_id(self) -> str:
        self._last_id += self.dice.randint(1, 97)
        return str(self._last_id)


def clash(kind: Kind, name: str, value: str, holder: str) -> Refusal:
    if kind.name == "contacts" and name == "email":
        return conflict(f"Contact already exists. Existing ID: {holder}")
    return conflict(f"{holder} already has {value} as its {name}. Existing ID: {holder}")
