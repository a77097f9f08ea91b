"""Reading Twilio: one message, one call with its legs and recordings, and what changed lately.

There is no feed of changes. A poll lists what was sent and called since the day before the last
one, by day, because days are all that Twilio promises to filter by, and keeps what was updated
since then. A text message is taken as the list shows it; a call is read again with its legs.
"""

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from tricord.connectors.twilio import paths
from tricord.connectors.twilio.shapes import call, call_status, message, stamp_of
from tricord.core.ids import ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.records import CallStatus, gone
from tricord.sdk.connector import Access
from tricord.sdk.reader import Reader, milliseconds
from tricord.sdk.talk import Changes, Hint, Listing, Missed, Reading, Response, Wire, get

OVERLAP = timedelta(minutes=10)
"""Lists may lag a little behind what callbacks have told: each poll looks back this far."""
FIRST_LOOK = timedelta(days=30)
_PAGES = 20


def read_message(access: Access, ref: Ref, now: Instant) -> Reading:
    answer = yield get(paths.one(access, "Messages", ref.external_id), expected=(200, 404))
    found = None if answer.status == 404 else message(access.connection, answer.read, now)
    return (gone(ref, milliseconds(now)),) if found is None else (found,)


def read_call(access: Access, ref: Ref, now: Instant) -> Reading:
    """All legs of a call as one record, under the leg that dialled the others."""
    answer = yield get(paths.one(access, "Calls", ref.external_id), expected=(200, 404))
    if answer.status == 404:
        return (gone(ref, milliseconds(now)),)
    first = answer.read
    parent = first.text_or("parent_call_sid")
    if parent and parent != ref.external_id:
        answer = yield get(paths.one(access, "Calls", parent), expected=(200, 404))
        if answer.status == 404:
            return (gone(ref, milliseconds(now)),)
        first = answer.read
    if call_status(first) in (CallStatus.RINGING, CallStatus.TALKING):
        return (call(access.connection, first, [], [], now),)
    sid = first.text("sid")
    legs = yield from _rows(access, "Calls", [("ParentCallSid", sid)], "calls")
    sounds = yield from _rows(access, "Recordings", [("CallSid", sid)], "recordings")
    return (call(access.connection, first, legs, sounds, now),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Where polling stands. `since` is when the last round began, None before the first; `until` is
    when this one did; `left` are the paths of its pages that are still to be read.
    """

    since: Instant | None
    until: Instant
    left: tuple[str, ...]

    @staticmethod
    def of(access: Access, cursor: str, now: Instant) -> "_Round":
        held = Reader.of(cursor.encode()) if cursor else Reader({})
        since = held.iso_time_or_none("since")
        until = held.iso_time_or_none("until")
        if until is not None:
            return _Round(since=since, until=until, left=held.ids("left"))
        return _Round(since=since, until=now, left=_first_pages(access, since, now))

    def dump(self) -> str:
        if not self.left:
            return json.dumps({"since": self.until.isoformat()})
        since = {"since": self.since.isoformat()} if self.since else {}
        return json.dumps({**since, "until": self.until.isoformat(), "left": self.left})


def changes(access: Access, cursor: str, now: Instant) -> Listing:
    """What was updated since the round before this one began, a few pages at a time.

    The first round takes messages from thirty days back, so that a client who had opted out before
    is known, and calls from yesterday on.
    """
    here = _Round.of(access, cursor, now)
    left = list(here.left)
    missed: list[Missed] = []
    hints: dict[Ref, Hint] = {}
    for _ in range(_PAGES):
        if not left:
            break
        page = (yield get(left.pop(0))).read
        if after := paths.following(access, page):
            left.insert(0, after)
        missed += [_as_event(row, now) for row in _recent(page, "messages", here.since)]
        for row in _recent(page, "calls", here.since):
            hint = _of_leg(access.connection, row)
            known = hints.get(hint.ref, hint)
            hints[hint.ref] = max(hint, known, key=lambda one: one.version or 0)
    return Changes(
        cursor=_Round(since=here.since, until=here.until, left=tuple(left)).dump(),
        missed=tuple(missed),
        hints=tuple(hints.values()),
        more=bool(left),
    )


def _first_pages(access: Access, since: Instant | None, now: Instant) -> tuple[str, ...]:
    """A day more than needed: whether a filter's day ends at midnight in UTC is not for sure."""
    yesterday = (since or now) - timedelta(days=1)
    texts_from = yesterday if since else now - FIRST_LOOK
    lists = (("Messages", "DateSent>", texts_from), ("Calls", "StartTime>", yesterday))
    return tuple(
        f"{paths.many(access, name)}?{urlencode(_page((filtered, day.strftime('%Y-%m-%d'))))}"
        for name, filtered, day in lists
    )


def _page(*filters: tuple[str, str]) -> list[tuple[str, str]]:
    return [*filters, ("PageSize", str(paths.PAGE))]


def _recent(page: Reader, name: str, since: Instant | None) -> Iterator[Reader]:
    for row in page.children(name):
        updated = row.mail_time_or_none("date_updated")
        if since is None or updated is None or updated >= since - OVERLAP:
            yield row


def _as_event(row: Reader, now: Instant) -> Missed:
    """A message from a list, named as the callback of its state would be."""
    body = {"asked": now.isoformat(), "message": row.value}
    name = event_id(row.text("sid"), row.text("status"))
    return Missed(id=name, body=json.dumps(body).encode())


def event_id(sid: str, status: str) -> str:
    return f"{sid}/{status}"


def _of_leg(connection: ConnectionName, row: Reader) -> Hint:
    sid = row.text_or("parent_call_sid") or row.text("sid")
    return Hint(ref=Ref(connection, Kind.CALL, ExternalId(sid)), version=stamp_of(row) or None)


def _rows(
    access: Access, name: str, query: list[tuple[str, str]], key: str
) -> Generator[Wire, Response, list[Reader]]:
    rows: list[Reader] = []
    path = f"{paths.many(access, name)}?{urlencode(_page(*query))}"
    for _ in range(_PAGES):
        page = (yield get(path)).read
        rows += page.children(key)
        path = paths.following(access, page)
        if not path:
            break
    return rows
