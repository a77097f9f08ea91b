"""Checks of notices: an alert is told as its class promises, and whatever it holds stays text."""

from collections.abc import Iterator
from datetime import timedelta

from tricord.app.suite.exemplars import told
from tricord.app.suite.playing import Unexpected, begin, converse, play, show
from tricord.app.suite.subject import Json, Subject
from tricord.sdk.connector import Once, Work
from tricord.sdk.errors import TricordError
from tricord.sdk.talk import Request, Response, Wire

_LATER = timedelta(hours=30)
# What says when an attempt was made or proves it: other on each, by design.
_OF_THE_ATTEMPT = ("webhook-timestamp", "webhook-signature", "Date")
_HOSTILE = (
    "<!channel> & <@U1>",
    "\x00\x1b[31m",
    "](javascript:1)",
    "a\r\nBcc: x@y.example",
    "𝕏" * 9000,
)


def a_notice_is_recorded_told_and_over(subject: Subject) -> Iterator[str]:
    """One talk where an alert is told, and one that says that its cause is gone."""
    if subject.connector.notice is None:
        return
    ends = {bool(one.given["tell"].get("over")) for one in subject.talks if _tells(one) if one.done}
    if ends != {True, False}:
        yield f"talks in {subject.folder}/talks must tell an alert, and that it is over"


def a_repeated_notice_is_the_same(subject: Subject) -> Iterator[str]:
    """A second attempt, hours later, sends the same but for its time and what is signed over it."""
    for recorded in subject.talks:
        if not (_tells(recorded) and recorded.done):
            continue
        first, again = play(subject, recorded), play(subject, recorded, late=_LATER)
        if [_lasting(wire) for wire in first.writes] != [_lasting(wire) for wire in again.writes]:
            yield f"{recorded.file}: repeated, it sends something else"
        if len(first.writes) != 1:
            yield f"{recorded.file}: it writes {len(first.writes)} times"


def a_class_a_notice_carries_its_key(subject: Subject) -> Iterator[str]:
    """What a copy is known by differs between two alerts."""
    notice = subject.connector.notice
    if notice is None or notice.once is not Once.KEY:
        return
    keys = set()
    for step in ("first", "10"):
        talk = begin(subject, {"tell": {"key": f"alert/refused/crm/1/{step}"}})
        wire = next(talk)
        talk.close()
        headers = dict(wire.headers) if isinstance(wire, Request) else {}
        keys.add(headers.get("webhook-id") or headers.get("Idempotency-Key", ""))
    if len(keys) != 2 or "" in keys:
        yield "two alerts do not carry two keys"


def no_alert_breaks_its_notice(subject: Subject) -> Iterator[str]:
    notice = subject.connector.notice
    if notice is None:
        return
    for text in _HOSTILE:
        alert = told({"title": text, "lines": [text, text], "owner": text[:50]})
        work = Work(key=alert.key, at=subject.now, again=False)
        answers = [Response(status=status, body=b"{}") for status in (202,)]
        try:
            converse(subject, notice.tell(subject.access, alert, work), answers)
        except Unexpected:
            continue
        except TricordError:
            continue
        except Exception as error:  # any other kind is the finding
            yield f"{type(error).__name__} ({error}) on {text[:40]!r}"


def _tells(recorded: object) -> bool:
    return "tell" in getattr(recorded, "given", {})


def _lasting(wire: Wire) -> Json:
    shown = show(wire)
    headers = {n: v for n, v in shown.get("headers", {}).items() if n not in _OF_THE_ATTEMPT}
    return shown | {"headers": headers}
