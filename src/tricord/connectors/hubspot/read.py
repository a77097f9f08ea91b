"""Reading HubSpot: one record with what belongs to it, and what changed since a cursor."""

import json
from collections.abc import Generator, Iterable

from tricord.connectors.hubspot import paths
from tricord.core.ids import ExternalId, Instant, Kind, Ref
from tricord.core.records import Company, Contact, Deal, Record, StageVisit, gone
from tricord.sdk.connector import Access, Schema
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.reader import Reader, milliseconds
from tricord.sdk.talk import Changes, Hint, Listing, Reading, Response, Wire, get, post_json

OVERLAP_MS = 60_000
"""The search index lags behind writes by "a few moments": look back this far each time."""
PAGE = 200
_BEGINNING = 1_136_073_600_000
"""2006, the year HubSpot was founded: no record is older."""
LAST_ROW = 10_000
DEAL = ("dealname", "amount", "deal_currency_code", "dealstage", "pipeline", "hubspot_owner_id")
COMPANY = ("name", "domain", "phone", "address", "zip", "city")
_ADDRESS = ("address", "zip", "city")
CONTACT = ("email", "firstname", "lastname", "phone")
_PRIMARY = (1, 5)
"""The association types contact to primary company, and deal to primary company."""
_MODIFIED = {
    Kind.DEAL: "hs_lastmodifieddate",
    Kind.COMPANY: "hs_lastmodifieddate",
    Kind.CONTACT: "lastmodifieddate",
}


def read_deal(access: Access, ref: Ref, now: Instant) -> Reading:
    """The deal with its stage history, and the company and contacts it is tied to."""
    answer = yield get(
        paths.one("deals", ref.external_id),
        [
            ("properties", deal_properties(access)),
            ("propertiesWithHistory", "dealstage"),
            ("associations", "companies,contacts"),
        ],
        expected=(200, 404),
    )
    if answer.status == 404:
        return (gone(ref, milliseconds(now)),)
    found = answer.read
    stages = yield get(paths.pipelines(), fresh_for=300.0)
    companies = associated(access, found, "companies", Kind.COMPANY)
    contacts = associated(access, found, "contacts", Kind.CONTACT)
    deal = deal_of(access, found, stages.read, companies, contacts, now)
    around = yield from _companies(access, companies, now)
    people = yield from _contacts(access, contacts, now)
    moved = (gone(ref, milliseconds(now)),) if deal.ref != ref else ()
    return (deal, *around, *people, *moved)


def deal_properties(access: Access) -> str:
    fields = sorted(theirs for ours, theirs in access.fields if ours.startswith("deal."))
    return ",".join((*DEAL, *fields))


def read_company(access: Access, ref: Ref, now: Instant) -> Reading:
    answer = yield get(
        paths.one("companies", ref.external_id),
        [("properties", ",".join(COMPANY))],
        expected=(200, 404),
    )
    if answer.status == 404:
        return (gone(ref, milliseconds(now)),)
    company = company_of(access, answer.read, now)
    moved = (gone(ref, milliseconds(now)),) if company.ref != ref else ()
    return (company, *moved)


def read_contact(access: Access, ref: Ref, now: Instant) -> Reading:
    answer = yield get(
        paths.one("contacts", ref.external_id),
        [("properties", ",".join(CONTACT)), ("associations", "companies")],
        expected=(200, 404),
    )
    if answer.status == 404:
        return (gone(ref, milliseconds(now)),)
    companies = associated(access, answer.read, "companies", Kind.COMPANY)
    contact = contact_of(access, answer.read, companies[0] if companies else None, now)
    moved = (gone(ref, milliseconds(now)),) if contact.ref != ref else ()
    return (contact, *moved)


def schema(access: Access) -> Generator[Wire, Response, Schema]:
    """The properties of deals and the stages of every pipeline of this portal."""
    properties = yield get(paths.properties("deals"))
    pipelines = yield get(paths.pipelines())
    return Schema(
        fields=frozenset(row.text("name") for row in properties.read.children("results")),
        stages=frozenset(
            stage.id("id")
            for pipeline in pipelines.read.children("results")
            for stage in pipeline.children("stages")
        ),
    )


def changes(access: Access, cursor: str, now: Instant) -> Listing:
    """Hints for every record modified since the cursor. A new cursor starts with all deals.

    A deal brings its company and contacts along, so those are listed from now on only.
    """
    since: dict[str, int] = json.loads(cursor) if cursor else {"deal": _BEGINNING}
    hints: list[Hint] = []
    reached = dict(since)
    more = False
    for kind in (Kind.DEAL, Kind.COMPANY, Kind.CONTACT):
        start = since.get(kind, milliseconds(now))
        found = yield from _modified(access, kind, max(0, start - OVERLAP_MS))
        hints.extend(found)
        newest = max((hint.version or 0 for hint in found), default=start)
        reached[kind] = max(start, newest)
        more = more or (len(found) >= LAST_ROW and newest > start)
    return Changes(cursor=json.dumps(reached), hints=tuple(hints), more=more)


def since(at: Instant) -> str:
    return json.dumps(dict.fromkeys((Kind.DEAL, Kind.COMPANY, Kind.CONTACT), milliseconds(at)))


def _modified(access: Access, kind: Kind, since: int) -> Generator[Wire, Response, list[Hint]]:
    name = _MODIFIED[kind]
    found: list[Hint] = []
    after = "0"
    while after and len(found) < LAST_ROW:
        page = yield post_json(
            paths.objects(paths.PLURAL[kind], "/search"),
            {
                "filterGroups": [
                    {"filters": [{"propertyName": name, "operator": "GTE", "value": str(since)}]}
                ],
                "sorts": [{"propertyName": name, "direction": "ASCENDING"}],
                "properties": [name],
                "limit": PAGE,
                "after": after,
            },
            writes=False,
            bucket="search",
        )
        for row in page.read.children("results"):
            ref = Ref(access.connection, kind, ExternalId(row.id("id")))
            found.append(Hint(ref=ref, version=stamp_of(row)))
        after = page.read.child_or_empty("paging").child_or_empty("next").text_or("after")
    return found


def _companies(
    access: Access, refs: tuple[Ref, ...], now: Instant
) -> Generator[Wire, Response, list[Record]]:
    if not refs:
        return []
    rows = yield from _batch("companies", refs, COMPANY)
    return [company_of(access, row, now) for row in rows]


def _contacts(
    access: Access, refs: tuple[Ref, ...], now: Instant
) -> Generator[Wire, Response, list[Record]]:
    if not refs:
        return []
    rows = yield from _batch("contacts", refs, CONTACT)
    ties = yield post_json(
        paths.associations("contacts", "companies", "/batch/read"),
        {"inputs": [{"id": ref.external_id} for ref in refs]},
        writes=False,
        expected=(200, 207),
    )
    employer: dict[str, Ref] = {}
    for tie in ties.read.children("results"):
        ends = _refs(access, Kind.COMPANY, _ends(tie))
        if ends:
            employer[tie.child("from").id("id")] = ends[0]
    return [contact_of(access, row, employer.get(row.id("id")), now) for row in rows]


def _ends(tie: Reader) -> Iterable[tuple[str, bool]]:
    """The other ends of an association, and whether each is the primary one.

    The id is `toObjectId` in the newer answers and `id` in the older.
    """
    for end in tie.children("to"):
        types = list(end.children("associationTypes"))
        primary = any(
            one.text_or("label").lower() == "primary" or one.integer_or("typeId") in _PRIMARY
            for one in types
        )
        yield end.id("toObjectId") if end.has("toObjectId") else end.id("id"), primary


def _batch(
    plural: str, refs: tuple[Ref, ...], properties: tuple[str, ...]
) -> Generator[Wire, Response, list[Reader]]:
    answer = yield post_json(
        paths.objects(plural, "/batch/read"),
        {
            "properties": list(properties),
            "propertiesWithHistory": [],
            "inputs": [{"id": ref.external_id} for ref in refs[:100]],
        },
        writes=False,
        expected=(200, 207),
    )
    return list(answer.read.children("results"))


def deal_of(
    access: Access,
    found: Reader,
    pipelines: Reader,
    companies: tuple[Ref, ...],
    contacts: tuple[Ref, ...],
    now: Instant,
) -> Deal:
    values = found.child("properties")
    stage = values.text_or("dealstage")
    stages, lost = _pipeline(pipelines, values.text_or("pipeline"), stage)
    ours = [
        (name.removeprefix("deal."), values.text_or(theirs))
        for name, theirs in access.fields
        if name.startswith("deal.")
    ]
    return Deal(
        ref=Ref(access.connection, Kind.DEAL, ExternalId(found.id("id"))),
        version=milliseconds(now),
        stamp=stamp_of(found),
        name=values.text_or("dealname"),
        amount_text=values.text_or("amount"),
        currency=values.text_or("deal_currency_code").upper(),
        stage=stage,
        visits=_visits(found, stage, now),
        stages=stages,
        lost=lost,
        company=companies[0] if companies else None,
        contacts=contacts,
        owner=values.text_or("hubspot_owner_id"),
        fields=tuple(sorted((name, value) for name, value in ours if value)),
        gone_version=milliseconds(now) + 1 if found.flag_or("archived") else 0,
    )


def _visits(found: Reader, stage: str, now: Instant) -> tuple[StageVisit, ...]:
    history = found.child_or_empty("propertiesWithHistory").children("dealstage")
    visits = {
        StageVisit(at=at, stage=entry.text("value"))
        for entry in history
        if entry.text_or("value") and (at := entry.iso_time_or_none("timestamp")) is not None
    }
    if not visits and stage:
        # A deal whose history HubSpot does not show stands where it stands since its last change.
        visits = {StageVisit(at=found.iso_time_or_none("updatedAt") or now, stage=stage)}
    return tuple(sorted(visits, key=lambda visit: (visit.at, visit.stage)))


def _pipeline(pipelines: Reader, wanted: str, stage: str) -> tuple[tuple[str, ...], bool]:
    """The order of the deal's stages, and whether its stage means that it is lost."""
    for pipeline in pipelines.children("results"):
        if pipeline.text_or("id") != wanted:
            continue
        rows = sorted(pipeline.children("stages"), key=lambda row: row.integer_or("displayOrder"))
        for row in rows:
            if row.id("id") == stage:
                facts = dict(row.texts("metadata"))
                closed = facts.get("isClosed", "").lower() == "true"
                probability = facts.get("probability", "")
                return _ids(rows), closed and probability in ("0", "0.0")
        return _ids(rows), False
    return (), False


def _ids(rows: list[Reader]) -> tuple[str, ...]:
    return tuple(row.id("id") for row in rows)


def company_of(access: Access, found: Reader, now: Instant) -> Company:
    values = found.child("properties")
    return Company(
        ref=Ref(access.connection, Kind.COMPANY, ExternalId(found.id("id"))),
        version=milliseconds(now),
        stamp=stamp_of(found),
        name=values.text_or("name"),
        domain=values.text_or("domain").lower(),
        phone=values.text_or("phone"),
        address=", ".join(part for part in map(values.text_or, _ADDRESS) if part),
        gone_version=milliseconds(now) + 1 if found.flag_or("archived") else 0,
    )


def contact_of(access: Access, found: Reader, company: Ref | None, now: Instant) -> Contact:
    values = found.child("properties")
    names = (values.text_or("firstname"), values.text_or("lastname"))
    return Contact(
        ref=Ref(access.connection, Kind.CONTACT, ExternalId(found.id("id"))),
        version=milliseconds(now),
        stamp=stamp_of(found),
        name=" ".join(name for name in names if name),
        email=values.text_or("email").lower(),
        phone=values.text_or("phone"),
        company=company,
        gone_version=milliseconds(now) + 1 if found.flag_or("archived") else 0,
    )


def associated(access: Access, found: Reader, plural: str, kind: Kind) -> tuple[Ref, ...]:
    """Every end stands once for each type: the unlabelled one, and the primary one without it."""
    ends = found.child_or_empty("associations").child_or_empty(plural).children("results")
    marked = ((end.id("id"), not end.text_or("type").endswith("_unlabeled")) for end in ends)
    return _refs(access, kind, marked)


def _refs(access: Access, kind: Kind, ends: Iterable[tuple[str, bool]]) -> tuple[Ref, ...]:
    """Each once, the primary one first, then by number, however a record was read."""
    primary: dict[str, bool] = {}
    for one, marked in ends:
        primary[one] = primary.get(one, False) or marked
    ordered = sorted(primary, key=lambda one: (not primary[one], len(one), one))
    return tuple(Ref(access.connection, kind, ExternalId(one)) for one in ordered)


def stamp_of(found: Reader) -> int:
    at = found.iso_time_or_none("updatedAt")
    if at is None:
        raise PayloadMalformed(f"{found.path}.updatedAt: missing")
    return milliseconds(at)
