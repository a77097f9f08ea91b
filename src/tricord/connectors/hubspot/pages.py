"""All of HubSpot's companies, contacts and deals, page by page in the order of their ids.

The list endpoint has no cap, unlike the search, which ends at 10,000 rows; the search is asked for
nothing but its total. What is made meanwhile comes last, so a list that ends has seen it.
"""

from collections.abc import Callable, Generator, Sequence

from tricord.connectors.hubspot import paths
from tricord.connectors.hubspot.read import (
    COMPANY,
    CONTACT,
    associated,
    company_of,
    contact_of,
    deal_of,
    deal_properties,
)
from tricord.core.ids import ExternalId, Instant, Kind, Ref
from tricord.core.records import Record
from tricord.sdk.connector import Access
from tricord.sdk.paging import Page, Paging, read_rows
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Response, Wire, get, post_json

_PAGE = 100
_PAGE_WITH_HISTORY = 50
"""With the history of a property a list gives at most this many (developers.hubspot.com)."""

Query = Sequence[tuple[str, str]]


def company_pages(access: Access, cursor: str, now: Instant) -> Paging:
    def company(row: Reader) -> Record:
        return company_of(access, row, now)

    query = [("limit", str(_PAGE)), ("properties", ",".join(COMPANY))]
    return (yield from _page(access, Kind.COMPANY, cursor, query, company))


def contact_pages(access: Access, cursor: str, now: Instant) -> Paging:
    def contact(row: Reader) -> Record:
        companies = associated(access, row, "companies", Kind.COMPANY)
        return contact_of(access, row, companies[0] if companies else None, now)

    query = [
        ("limit", str(_PAGE)),
        ("properties", ",".join(CONTACT)),
        ("associations", "companies"),
    ]
    return (yield from _page(access, Kind.CONTACT, cursor, query, contact))


def deal_pages(access: Access, cursor: str, now: Instant) -> Paging:
    """With the history of their stages: a milestone that was reached before go-live stays there."""
    stages = yield get(paths.pipelines(), fresh_for=300.0)

    def deal(row: Reader) -> Record:
        companies = associated(access, row, "companies", Kind.COMPANY)
        contacts = associated(access, row, "contacts", Kind.CONTACT)
        return deal_of(access, row, stages.read, companies, contacts, now)

    query = [
        ("limit", str(_PAGE_WITH_HISTORY)),
        ("properties", deal_properties(access)),
        ("propertiesWithHistory", "dealstage"),
        ("associations", "companies,contacts"),
    ]
    return (yield from _page(access, Kind.DEAL, cursor, query, deal))


def _page(
    access: Access, kind: Kind, cursor: str, query: Query, make: Callable[[Reader], Record]
) -> Paging:
    def name(row: Reader) -> Ref:
        return Ref(access.connection, kind, ExternalId(row.id("id")))

    after = [("after", cursor)] if cursor else []
    answer = yield get(paths.objects(paths.PLURAL[kind]), [*query, *after])
    records, unread = read_rows(answer.read.children("results"), name, make)
    following = answer.read.child_or_empty("paging").child_or_empty("next").text_or("after")
    total = None
    if not cursor or not following:
        total = yield from _total(kind)
    return Page(
        cursor=following or cursor,
        more=bool(following),
        records=records,
        unread=unread,
        total=total,
    )


def _total(kind: Kind) -> Generator[Wire, Response, int]:
    """How many there are by the search's own count, which is true beyond its 10,000 rows."""
    answer = yield post_json(
        paths.objects(paths.PLURAL[kind], "/search"),
        {"filterGroups": [], "properties": ["hs_object_id"], "limit": 1},
        writes=False,
        bucket="search",
    )
    return answer.read.integer("total")
