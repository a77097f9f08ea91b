"""Checks of talking to a vendor: where requests go, what answers mean, and that talks end."""

from collections.abc import Iterator
from urllib.parse import unquote

from tricord.app.suite.acting import all_played
from tricord.app.suite.mutations import mutations
from tricord.app.suite.playing import (
    Conversation,
    Unexpected,
    begin,
    converse,
    differences,
    with_answer,
)
from tricord.app.suite.subject import Recorded, Subject
from tricord.core.commands import VERBS
from tricord.core.ids import ConnectionName, ExternalId, Kind, Ref
from tricord.core.records import Tombstone
from tricord.sdk.errors import AccessLost, Refused, TricordError, TryAgain
from tricord.sdk.talk import Changes, Request, Response, Wire

_LONGEST = 40
_HOSTILE = ("../../x", "..", ".", "a/b?c=d#e", "%2e%2e", "a b\r\nX: y", "ünï", "a@b.example", "//x")
_MEANINGS: tuple[tuple[int, tuple[type[TricordError], ...]], ...] = (
    (400, (Refused,)),
    (401, (AccessLost,)),
    # Where a vendor says "forbidden" of one record only, its connector refuses instead.
    (403, (AccessLost, Refused)),
    (404, (Refused,)),
    (405, (Refused,)),
    (410, (Refused,)),
    (422, (Refused,)),
    (429, (TryAgain,)),
    (500, (TryAgain,)),
    (502, (TryAgain,)),
    (503, (TryAgain,)),
    (504, (TryAgain,)),
)


def every_talk_goes_as_recorded(subject: Subject) -> Iterator[str]:
    for recorded in subject.talks:
        yield from differences(subject, recorded)


def everything_it_reads_is_recorded(subject: Subject) -> Iterator[str]:
    """A talk for each kind it reads, one for a list from the start and one from a cursor."""
    given = [recorded.given for recorded in subject.talks]
    told = {Ref.parse(one["read"]).kind for one in given if "read" in one}
    for kind in sorted(subject.connector.reads.keys() - told):
        yield f"no talk reads a {kind}"
    if subject.connector.listing is not None:
        starts = {bool(one["list"]) for one in given if "list" in one}
        if starts != {True, False}:
            yield "talks must list from the start ('') and from a cursor"


def requests_stay_at_the_vendor(subject: Subject) -> Iterator[str]:
    """No path leaves the host, and none holds a secret or an e-mail address."""
    secrets = [subject.access.text(s.name) for s in subject.connector.settings if s.secret]
    for recorded, played in all_played(subject):
        for wire in played.wires:
            for problem in path_problems(wire, secrets):
                yield f"{recorded.file}: {problem}"


def hostile_ids_do_not_leave_their_place(subject: Subject) -> Iterator[str]:
    """An id comes from a vendor or from a webhook: it is one segment of a path, or refused."""
    for kind, read in subject.connector.reads.items():
        plain = _first(read(subject.access, _ref(subject, kind, "1"), subject.now))
        for text in _HOSTILE:
            wire = _first(read(subject.access, _ref(subject, kind, text), subject.now))
            if wire is not None and _depth(wire) != _depth(plain):
                yield f"a {kind} called {text!r} is read at another place"
            for problem in path_problems(wire, ()):
                if "e-mail" not in problem:
                    yield f"a {kind} called {text!r}: {problem}"


def path_problems(wire: Wire | None, secrets: list[str] | tuple[str, ...]) -> Iterator[str]:
    if not isinstance(wire, Request):
        return
    path = wire.path.partition("?")[0]
    if not wire.path:
        return
    plain = unquote(path)
    if not path.startswith("/") or path.startswith("//") or "://" in path or "\\" in path:
        yield f"the path {path!r} could leave the host"
    if any(unquote(part) in (".", "..") for part in path.split("/")):
        yield f"the path {path!r} climbs"
    if not wire.path.isascii() or any(c.isspace() or not c.isprintable() for c in wire.path):
        yield f"the path {path!r} is not plain"
    if "@" in plain:
        yield "an e-mail address stands in a path"
    if any(secret and secret in unquote(wire.path) for secret in secrets):
        yield "a secret stands in a path"


def its_errors_have_their_plan(subject: Subject) -> Iterator[str]:
    explain = subject.connector.explain
    for status, wanted in _MEANINGS:
        for body in (b"", b"{}", b"[]", b"<html>", b'{"message":"of zoe@northwind.example"}'):
            answer = Response(status=status, headers={"retry-after": "7"}, body=body)
            error = explain(answer, "a detail")
            if not isinstance(error, wanted):
                yield f"{status} becomes {type(error).__name__}"
            if isinstance(error, TryAgain) and error.retry_after != 7.0:
                yield f"{status} forgets Retry-After"
            if "northwind" in error.detail or "a detail" not in error.detail:
                yield f"{status} tells a body, or does not tell what was asked"


def a_record_that_is_not_found_is_gone(subject: Subject) -> Iterator[str]:
    for kind, read in subject.connector.reads.items():
        ref = _ref(subject, kind, "1")
        talk = read(subject.access, ref, subject.now)
        result = converse(subject, talk, [Response(status=404, body=b"{}")]).result
        if not (isinstance(result, tuple) and [type(one) for one in result] == [Tombstone]):
            yield f"a {kind} that is not found is not told as gone"


def its_probe_only_reads(subject: Subject) -> Iterator[str]:
    talk = subject.connector.probe(subject.access)
    played = converse(subject, talk, [Response(status=200, body=subject.empty)] * _LONGEST)
    if not played.wires:
        yield "its probe asks the vendor nothing, so it proves nothing"
    if played.writes:
        yield "its probe writes"
    if isinstance(played.result, Exception):
        yield f"its probe fails on a good answer: {played.result}"


def listing_an_empty_vendor_ends(subject: Subject) -> Iterator[str]:
    """From the start, and from each cursor it gave: no hints, no more, within a few requests."""
    listing = subject.connector.listing
    if listing is None:
        return
    empty = [Response(status=200, body=subject.empty)] * _LONGEST
    cursor = ""
    for step in range(3):
        try:
            result = converse(subject, listing(subject.access, cursor, subject.now), empty).result
        except Unexpected:
            yield f"step {step}: it asks on and on"
            return
        if not isinstance(result, Changes):
            yield f"step {step}: it ends with {result!r}"
            return
        if result.hints or result.missed or result.more:
            yield f"step {step}: it finds something where nothing is"
        if not result.cursor:
            yield f"step {step}: it gives no cursor to go on from"
        cursor = result.cursor


def no_answer_breaks_a_talk(subject: Subject) -> Iterator[str]:
    """Each recorded answer, with each mutation of its body: a result or an error with a plan."""
    for recorded, place in _answers(subject):
        for body in mutations(recorded.exchanges[place].answer.body):
            try:
                talk = begin(subject, recorded.given)
                converse(subject, talk, with_answer(recorded, place, body))
            except Unexpected:
                continue
            except Exception as error:  # any other kind is the finding
                words = f"{type(error).__name__} ({error}) on {body[:80]!r}"
                yield f"{recorded.file}, answer {place + 1}: {words}"


def _answers(subject: Subject) -> Iterator[tuple[Recorded, int]]:
    """Each place where a talk is answered, but one answer to one question once only."""
    tried: set[tuple[str, str, str, bytes]] = set()
    for recorded in subject.talks:
        kind = recorded.verb or recorded.given.get("read", "").rpartition(":")[0]
        for place, exchange in enumerate(recorded.exchanges):
            asks = exchange.asks or {}
            question = (kind, asks.get("method", ""), asks.get("path", ""), exchange.answer.body)
            if exchange.answer.body and question not in tried:
                tried.add(question)
                yield recorded, place


def it_speaks_for_every_verb(subject: Subject) -> Iterator[str]:
    """Each verb's talk starts by asking the vendor something, also when repeated."""
    for kind in subject.connector.verbs:
        for again in (False, True):
            wire = _first(begin(subject, {"do": VERBS[kind]}, again=again))
            if wire is None:
                yield f"{VERBS[kind]} asks nothing"


def _first(talk: Conversation) -> Wire | None:
    """The first request of a talk; None where it refused to begin."""
    try:
        return next(talk)
    except (StopIteration, TricordError):
        return None
    finally:
        talk.close()


def _ref(subject: Subject, kind: Kind, text: str) -> Ref:
    return Ref(ConnectionName(subject.connector.name), kind, ExternalId(text))


def _depth(wire: Wire | None) -> int:
    return wire.path.partition("?")[0].count("/") if isinstance(wire, Request) else 0
