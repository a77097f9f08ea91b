"""Playing a talk: requests are compared with what was recorded, and the recorded answers given."""

import json
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qsl

from tricord.app.suite.exemplars import NOW, exemplar, instant, told
from tricord.app.suite.plain import outcome
from tricord.app.suite.subject import CasesUnreadable, Json, Recorded, Subject
from tricord.core.commands import COMMAND_TYPES
from tricord.core.ids import Instant, Kind, Ref
from tricord.sdk.connector import Work
from tricord.sdk.errors import TricordError
from tricord.sdk.talk import FetchMail, Mail, Request, Response, Wire

Conversation = Generator[Wire, Response, Any]


class Unexpected(Exception):
    """The talk asked for more than was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a talk sent, and what it came to: what it returned, or the TricordError it raised."""

    wires: tuple[Wire, ...]
    result: object

    @property
    def writes(self) -> tuple[Wire, ...]:
        return tuple(wire for wire in self.wires if wire.writes)


def begin(
    subject: Subject, given: Json, *, again: bool | None = None, late: timedelta = timedelta()
) -> Conversation:
    """The talk that a recording is about. `again` overrules what was recorded."""
    connector, access, now = subject.connector, subject.access, now_of(given) + late
    match given:
        case {"do": str(verb)}:
            changed = given.get("with", {})
            command = exemplar(verb, access.connection, changed, connector.channel)
            repeated = bool(given.get("again")) if again is None else again
            objection = str(given.get("objection", ""))
            work = Work(key=command.key, at=now, again=repeated, objection=objection)
            return connector.verbs[COMMAND_TYPES[verb]].act(access, command, work)
        case {"tell": dict(changed)} if connector.notice is not None:
            alert = told(changed)
            work = Work(key=alert.key, at=now, again=bool(again))
            return connector.notice.tell(access, alert, work)
        case {"read": str(text)}:
            ref = Ref.parse(text)
            return connector.reads[ref.kind](access, ref, now)
        case {"list": cursor} if connector.listing is not None:
            text = cursor if isinstance(cursor, str) else json.dumps(cursor)
            return connector.listing(access, text, now)
        case {"page": str(kind)}:
            return connector.pages[Kind(kind)](access, given.get("cursor", ""), now)
        case {"probe": _}:
            return connector.probe(access)
        case _:
            raise CasesUnreadable(f"{connector.name} has no talk for {given}")


def now_of(given: Json) -> Instant:
    return instant(given["at"]) if "at" in given else NOW


def converse(subject: Subject, talk: Conversation, answers: list[Response]) -> Played:
    """Carry a talk to its end as the engine does. Raises Unexpected when the answers run out."""
    wires: list[Wire] = []
    waiting = iter(answers)
    try:
        wire = next(talk)
        while True:
            wires.append(wire)
            answer = next(waiting, None)
            if answer is None:
                raise Unexpected(f"a request more than was recorded: {show(wire)}")
            wire = talk.send(_checked(subject, wire, answer))
    except StopIteration as end:
        return Played(wires=tuple(wires), result=end.value)
    except TricordError as error:
        return Played(wires=tuple(wires), result=error)
    finally:
        talk.close()


def _checked(subject: Subject, wire: Wire, answer: Response) -> Response:
    if not isinstance(wire, Request):
        return answer
    good = answer.status in wire.expected if wire.expected else 200 <= answer.status < 300
    if good:
        return answer
    detail = f"{subject.connector.name}: {wire.method} {wire.path.partition('?')[0]}".rstrip()
    raise subject.connector.explain(answer, detail)


def play(
    subject: Subject,
    recorded: Recorded,
    *,
    again: bool | None = None,
    late: timedelta = timedelta(),
) -> Played:
    """Raises Unexpected when the talk asks for more than was recorded."""
    answers = [exchange.answer for exchange in recorded.exchanges]
    return converse(subject, begin(subject, recorded.given, again=again, late=late), answers)


def differences(subject: Subject, recorded: Recorded) -> list[str]:
    """Where a talk departs from its recording: in a request, in their number, in the outcome."""
    try:
        played = play(subject, recorded)
    except Unexpected as error:
        return [f"{recorded.file}: {error}"]
    found = []
    for place, (wire, exchange) in enumerate(zip(played.wires, recorded.exchanges, strict=False)):
        told = show(wire)
        if exchange.asks is None:
            found.append(f"{recorded.file}: step {place + 1} does not say what is asked: {told}")
        elif told != exchange.asks:
            found.append(f"{recorded.file}: step {place + 1} asks {told}, not {exchange.asks}")
    if len(played.wires) != len(recorded.exchanges):
        found.append(
            f"{recorded.file}: {len(played.wires)} requests, {len(recorded.exchanges)} recorded"
        )
    ended = outcome(played.result, now_of(recorded.given))
    if ended != recorded.outcome:
        found.append(f"{recorded.file}: ended with {ended}, not {recorded.outcome}")
    return found


def show(wire: Wire) -> Json:
    """A request as recordings write it down: every part that the vendor would see."""
    match wire:
        case Request():
            return _show_request(wire)
        case Mail():
            return _show_mail(wire)
        case FetchMail():
            return {"fetch_mail": {"folder": wire.folder, "validity": wire.validity,
                                   "after": wire.after, "since": wire.since,
                                   "limit": wire.limit}}  # fmt: skip
        case _:
            return {"hello": True}


def _show_request(wire: Request) -> Json:
    path, _, query = wire.path.partition("?")
    told: Json = {"method": wire.method, "path": path}
    if query:
        told["query"] = [list(pair) for pair in parse_qsl(query, keep_blank_values=True)]
    headers = dict(wire.headers)
    kind = headers.pop("Content-Type", "")
    if headers:
        told["headers"] = headers
    if kind == "application/json":
        told["json"] = json.loads(wire.body)
    elif kind == "application/x-www-form-urlencoded":
        told["form"] = [
            list(pair) for pair in parse_qsl(wire.body.decode(), keep_blank_values=True)
        ]
    elif wire.body:
        told["text"] = wire.body.decode()
    told["writes"] = wire.writes
    return told


def _show_mail(wire: Mail) -> Json:
    message = message_from_bytes(wire.content, policy=policy.default)
    headers = {name: str(value) for name, value in message.items()}
    return {
        "from": wire.sender,
        "to": wire.recipient,
        "headers": headers,
        "text": str(message.get_content()),
        **({"envelope_id": wire.envelope_id} if wire.envelope_id else {}),
    }


def with_answer(recorded: Recorded, place: int, body: bytes) -> list[Response]:
    """The recorded answers, with the body of one exchanged."""
    answers = [exchange.answer for exchange in recorded.exchanges]
    answers[place] = replace(answers[place], body=body)
    return answers
