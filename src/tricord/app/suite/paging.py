"""Checks of listing a vendor whole: every kind, from the start and from a cursor, to an end."""

from collections.abc import Iterator

from tricord.app.suite.playing import Unexpected, converse, play
from tricord.app.suite.subject import Recorded, Subject
from tricord.core.ids import Kind
from tricord.sdk.paging import Page
from tricord.sdk.talk import Changes, Response

_LONGEST = 40


def every_kind_it_lists_whole_is_recorded(subject: Subject) -> Iterator[str]:
    """A first page of each kind, and one page from a cursor."""
    given = [recorded.given for recorded in subject.talks if "page" in recorded.given]
    first = {Kind(one["page"]) for one in given if not one.get("cursor")}
    for kind in sorted(subject.connector.pages.keys() - first):
        yield f"no talk lists the first page of every {kind}"
    if subject.connector.pages and not any(one.get("cursor") for one in given):
        yield "no talk lists a page from a cursor"


def a_page_holds_its_kind_and_moves_on(subject: Subject) -> Iterator[str]:
    """What a page holds is this connection's; where there is more, its cursor has moved."""
    for recorded in _recorded(subject):
        played = play(subject, recorded)
        if played.writes:
            yield f"{recorded.file}: it writes"
        page = played.result
        if not isinstance(page, Page):
            yield f"{recorded.file}: it ends with {page!r}"
            continue
        kinds = [record.ref.kind for record in page.records] + [u.ref.kind for u in page.unread]
        if page.more and Kind(recorded.given["page"]) not in kinds:
            yield f"{recorded.file}: it goes on from a page that holds nothing of its kind"
        if any(record.ref.connection != subject.access.connection for record in page.records):
            yield f"{recorded.file}: a record of another connection stands on it"
        if page.more and page.cursor in ("", recorded.given.get("cursor", "")):
            yield f"{recorded.file}: its cursor does not move"


def listing_nothing_whole_ends(subject: Subject) -> Iterator[str]:
    """An empty vendor is one empty page, told as the last one."""
    for kind, pages in subject.connector.pages.items():
        empty = [Response(status=200, body=subject.empty)] * _LONGEST
        try:
            page = converse(subject, pages(subject.access, "", subject.now), empty).result
        except Unexpected:
            yield f"{kind}: it asks on and on"
            continue
        if not isinstance(page, Page) or page.records or page.more or page.capped:
            yield f"{kind}: nothing is told as {page!r}"


def what_changes_during_an_import_is_found_after_it(subject: Subject) -> Iterator[str]:
    """Where kinds are listed whole and changes are polled, the poll can start at a moment."""
    connector = subject.connector
    if not connector.pages or connector.listing is None:
        return
    if connector.since is None:
        yield "it lists kinds whole and polls, but its poll cannot start at a moment"
        return
    empty = [Response(status=200, body=subject.empty)] * _LONGEST
    talk = connector.listing(subject.access, connector.since(subject.now), subject.now)
    result = converse(subject, talk, empty).result
    if not isinstance(result, Changes) or result.hints or result.missed:
        yield f"a poll that starts at this moment ends with {result!r}"


def _recorded(subject: Subject) -> Iterator[Recorded]:
    yield from (recorded for recorded in subject.talks if "page" in recorded.given)
