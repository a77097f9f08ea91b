"""Checks of deliveries: who signed them, what they become, that no content breaks the reading."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from tricord.app.suite.mutations import form_of, mutations
from tricord.app.suite.plain import plain
from tricord.app.suite.subject import HOOK_URL, Sample, Subject
from tricord.core.delivery import Delivery
from tricord.core.ids import Instant
from tricord.sdk.connector import Parse
from tricord.sdk.errors import PayloadMalformed, SignatureInvalid
from tricord.sdk.signing import Key

Check = Callable[[Subject], Iterator[str]]
SECRET, ROLLED = "whsec_of-the-suite-1", "whsec_of-the-suite-2"


def t01_a_signed_delivery_is_accepted_under_each_live_secret(subject: Subject) -> Iterator[str]:
    for sample in _signed(subject):
        for secret in (SECRET, ROLLED):
            headers = _headers(subject, sample, secret=secret)
            for secrets in ((secret,), (SECRET, ROLLED), (ROLLED, SECRET)):
                if not accepts(subject, subject.delivery(sample.body, headers), secrets):
                    yield f"{sample.name}: a genuine delivery is refused"


def t01_another_secret_or_none_is_refused(subject: Subject) -> Iterator[str]:
    for sample in _signed(subject):
        genuine = subject.delivery(sample.body, _headers(subject, sample))
        for secrets in ((ROLLED,), (), (f"{SECRET}x",)):
            if accepts(subject, genuine, secrets):
                yield f"{sample.name}: accepted under {len(secrets)} secrets that did not sign it"


def t01_one_changed_bit_breaks_the_signature(subject: Subject) -> Iterator[str]:
    """Each bit of the body, and each of every header that the signer makes: id, time, signature."""
    for sample in _signed(subject):
        headers = _headers(subject, sample)
        for place in range(len(sample.body)):
            changed = _flipped(sample.body, place, place % 8)
            if says_the_same(sample.body, changed):
                continue
            if accepts(subject, subject.delivery(changed, headers)):
                yield f"{sample.name}: byte {place} of the body can be changed"
        for name, value in headers.items():
            for place in range(len(value) * 8):
                other = _flipped(value.encode(), place // 8, place % 8).decode("latin-1")
                if accepts(subject, subject.delivery(sample.body, {**headers, name: other})):
                    yield f"{sample.name}: byte {place // 8} of {name} can be changed"


def t01_a_missing_or_senseless_header_is_refused(subject: Subject) -> Iterator[str]:
    for sample in _signed(subject):
        headers = _headers(subject, sample)
        for name in headers:
            rest = {key: value for key, value in headers.items() if key != name}
            for value in ("", " ", ",", "=", "t=,v1=", "t=9" * 9, "9" * 5000, "\ud800", "²", "-1"):
                if accepts(subject, subject.delivery(sample.body, {**rest, name: value})):
                    yield f"{sample.name}: accepted with {name} of {value[:10]!r}"
            if accepts(subject, subject.delivery(sample.body, rest)):
                yield f"{sample.name}: accepted without {name}"


def t02_a_stale_or_early_delivery_is_refused(subject: Subject) -> Iterator[str]:
    """Six minutes of difference are too many, four are a clock that runs wrong.

    Where the vendor signs no time, the id that a replay is known by must be made of the body.
    """
    if not subject.connector.timed:
        yield from _named_by_the_body(subject)
        return
    for sample in _signed(subject):
        headers = _headers(subject, sample)
        for minutes, wanted in ((-6, False), (-4, True), (4, True), (6, False), (41_760, False)):
            at = subject.now + timedelta(minutes=minutes)
            if accepts(subject, subject.delivery(sample.body, headers, at)) != wanted:
                yield f"{sample.name}: {minutes} minutes apart, and {wanted=}"


def _named_by_the_body(subject: Subject) -> Iterator[str]:
    name_of = subject.connector.delivery_id
    for sample in subject.samples if name_of and subject.sign else ():
        assert name_of is not None  # noqa: S101 - looked at above
        headers = {**_headers(subject, sample), "X-Other": "1"}
        if name_of(subject.delivery(sample.body, headers)) != name_of(_bare(subject, sample)):
            yield f"{sample.name}: its id is made of headers that nobody signed"


def t02_a_delivery_has_one_stable_id(subject: Subject) -> Iterator[str]:
    """A copy that is sent later, with a signature of its own, is known by its id."""
    name_of = subject.connector.delivery_id
    if name_of is None:
        return
    named: dict[str, str] = {}
    for sample in subject.samples:
        ids = set()
        for at in (subject.now, subject.now + timedelta(hours=9)):
            headers = _headers(subject, sample, at=at) if subject.sign else {}
            ids.add(name_of(subject.delivery(sample.body, headers, at)))
        if len(ids) != 1 or "" in ids:
            yield f"{sample.name}: a copy of it has another id, or none"
        if (other := named.setdefault(min(ids), sample.name)) != sample.name:
            yield f"{sample.name}: it shares its id with another delivery: {other}"


def each_sample_becomes_what_it_declares(subject: Subject) -> Iterator[str]:
    parse = subject.connector.parse
    if parse is None:
        return
    for sample in subject.samples:
        found = [plain(one, subject.now) for one in parse(subject.access, _bare(subject, sample))]
        if found != sample.gives:
            yield f"{sample.name}: became {found}, not {sample.gives}"
    if not any(sample.gives for sample in subject.samples):
        yield "no sample becomes anything"
    if all(sample.gives for sample in subject.samples):
        yield "no sample shows that what is not wanted becomes nothing"


def parse_survives_any_mutation(subject: Subject) -> Iterator[str]:
    """Without samples, the mutations of an empty object and an empty list are tried."""
    parse, name_of = subject.connector.parse, subject.connector.delivery_id
    if parse is None:
        return
    bodies = [sample.body for sample in subject.samples] or [b"{}", b"[]"]
    for body in bodies:
        for changed in mutations(body):
            delivery = subject.delivery(changed, {})
            problem = broken(parse, subject, delivery)
            if problem := problem or (_unnamed(name_of, delivery) if name_of else ""):
                yield f"{problem} on {changed[:80]!r}"


def broken(parse: Parse, subject: Subject, delivery: Delivery) -> str:
    """What is wrong with how `parse` takes a delivery; "" when it gives a list or refuses it."""
    try:
        found = parse(subject.access, delivery)
        names = [one.ref.external_id for one in found]
    except PayloadMalformed:
        return ""
    except Exception as error:  # any other kind is the finding
        return f"{type(error).__name__} ({error})"
    return "" if all(name and _storable(name) for name in names) else "an id that cannot be kept"


def _unnamed(name_of: Callable[[Delivery], str], delivery: Delivery) -> str:
    try:
        return "" if name_of(delivery) else "an empty delivery id"
    except PayloadMalformed:
        return ""
    except Exception as error:  # any other kind is the finding
        return f"delivery_id: {type(error).__name__} ({error})"


def accepts(subject: Subject, delivery: Delivery, secrets: tuple[str, ...] = (SECRET,)) -> bool:
    """Whether the signature holds. An error of another kind than SignatureInvalid comes through."""
    assert subject.connector.signature is not None  # noqa: S101 - callers have looked
    try:
        subject.connector.signature(delivery, [Key(secret) for secret in secrets])
    except SignatureInvalid:
        return False
    return True


def says_the_same(body: bytes, changed: bytes) -> bool:
    """Whether two forms have the same fields: %2b is %2B. What is signed is the fields."""
    one, other = form_of(body), form_of(changed)
    return one is not None and other is not None and sorted(one) == sorted(other)


def _signed(subject: Subject) -> Iterator[Sample]:
    """The samples of a connector that signs and whose signer there is; the first two suffice."""
    if subject.connector.signature is not None and subject.sign is not None:
        yield from subject.samples[:2]


def _headers(
    subject: Subject, sample: Sample, *, secret: str = SECRET, at: Instant | None = None
) -> Mapping[str, str]:
    assert subject.sign is not None  # noqa: S101 - callers have looked
    return subject.sign(secret, "POST", HOOK_URL, sample.body, at or subject.now)


def _bare(subject: Subject, sample: Sample) -> Delivery:
    return subject.delivery(sample.body, {})


def _flipped(raw: bytes, place: int, bit: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ (1 << bit)]) + raw[place + 1 :]


def _storable(text: str) -> bool:
    try:
        return "\x00" not in text and bool(text.encode())
    except UnicodeEncodeError:
        return False
