"""Checks of verbs: every write carries what the class of its verb promises."""

from collections.abc import Iterator
from datetime import timedelta

from tricord.app.suite.exemplars import exemplar
from tricord.app.suite.playing import Played, Unexpected, begin, play, show
from tricord.app.suite.subject import Json, Recorded, Subject
from tricord.core.commands import COMMAND_TYPES, VERBS, CreateCustomer
from tricord.core.ids import ConnectionName
from tricord.sdk.connector import Once
from tricord.sdk.talk import Request, Wire

_LONGEST_KEY = 255
_LATER = timedelta(hours=30)


def every_verb_has_a_talk_that_does_it(subject: Subject) -> Iterator[str]:
    """One where the vendor does what was asked, and one where an earlier attempt may have."""
    for kind in subject.connector.verbs:
        verb = VERBS[kind]
        talk = begin(subject, {"do": verb})
        next(talk)
        talk.close()
        if not any(one.verb == verb and one.done for one in subject.talks):
            yield f"no talk in {subject.folder}/talks shows {verb} done"


def class_a_writes_carry_a_key_of_the_business_key(subject: Subject) -> Iterator[str]:
    for recorded, played in _played(subject, Once.KEY):
        command = exemplar(
            recorded.verb,
            ConnectionName(subject.connector.name),
            recorded.given.get("with", {}),
            subject.connector.channel,
        )
        seen: set[str] = set()
        for wire in played.writes:
            key = _key(wire)
            if command.key not in key:
                yield f"{recorded.file}: a write whose Idempotency-Key lacks the business key"
            if len(key) > _LONGEST_KEY or "@" in key or not (key.isascii() and key.isprintable()):
                yield f"{recorded.file}: the key {key[:60]!r} is too long or personal"
            if key in seen:
                yield f"{recorded.file}: two writes share the key {key}"
            seen.add(key)


def class_a_and_b_replays_write_the_same(subject: Subject) -> Iterator[str]:
    """A second run from the first line, hours later, writes nothing else than the first did."""
    for once in (Once.KEY, Once.NATURAL):
        for recorded, played in _played(subject, once):
            repeated = play(subject, recorded, late=_LATER)
            if _shown(repeated) != _shown(played):
                yield f"{recorded.file}: replayed, it writes {_shown(repeated)}"
            if once is Once.NATURAL and _shown(_repeat(subject, recorded)) != _shown(played):
                yield f"{recorded.file}: told that it is a repeat, it writes something else"


def class_c_looks_before_it_writes_again(subject: Subject) -> Iterator[str]:
    for kind, verb in subject.connector.verbs.items():
        if verb.once is Once.TAG:
            talk = begin(subject, {"do": VERBS[kind]}, again=True)
            if next(talk).writes:
                yield f"{VERBS[kind]}: again, it writes before it has looked"
            talk.close()


def a_customer_is_looked_for_before_one_is_made(subject: Subject) -> Iterator[str]:
    """Whatever the class: the client may be at the vendor already, under a hand-made record."""
    if CreateCustomer not in subject.connector.verbs:
        return
    for again in (False, True):
        talk = begin(subject, {"do": VERBS[CreateCustomer]}, again=again)
        if next(talk).writes:
            yield f"create_customer (again: {again}) writes before it has looked"
        talk.close()


def class_d_writes_exactly_once(subject: Subject) -> Iterator[str]:
    for recorded, played in _played(subject, Once.NEVER):
        if recorded.done and len(played.writes) != 1:
            yield f"{recorded.file}: {len(played.writes)} writes, where one is all it may risk"


def writes_are_declared(subject: Subject) -> Iterator[str]:
    """An answer that is lost after a write leaves the outcome unknown, so a write must say so."""
    for recorded, played in all_played(subject):
        for wire in played.wires:
            if not isinstance(wire, Request):
                continue
            if wire.method in ("PUT", "PATCH", "DELETE") and not wire.writes:
                yield f"{recorded.file}: a {wire.method} that does not say it writes"
            if wire.method == "GET" and (wire.writes or wire.body):
                yield f"{recorded.file}: a GET that writes or has a body"
        if not (recorded.verb or "tell" in recorded.given) and played.writes:
            yield f"{recorded.file}: reading, it writes"


def all_played(subject: Subject) -> Iterator[tuple[Recorded, Played]]:
    """The talks that keep to their recording; those that depart from it are told of elsewhere."""
    for recorded in subject.talks:
        try:
            yield recorded, play(subject, recorded)
        except Unexpected:
            continue


def _played(subject: Subject, once: Once) -> Iterator[tuple[Recorded, Played]]:
    for recorded, played in all_played(subject):
        if recorded.verb:
            verb = subject.connector.verbs.get(COMMAND_TYPES[recorded.verb])
            if verb is not None and verb.once is once:
                yield recorded, played


def _repeat(subject: Subject, recorded: Recorded) -> Played:
    return play(subject, recorded, again=not recorded.given.get("again"))


def _shown(played: Played) -> list[Json]:
    return [show(wire) for wire in played.writes]


def _key(wire: Wire) -> str:
    headers = dict(wire.headers) if isinstance(wire, Request) else {}
    return headers.get("Idempotency-Key", "")
