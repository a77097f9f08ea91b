"""Identity: which account a record belongs to. Pure; what is known is handed in.

A record goes home by the first of these that tells: a person's word, our mark on it, its parents
(a payment through its invoice, a deal through its company), its thread, its e-mail address, its
phone number, its domain. Where the way ends, the last record is the root of an account, whose id
is made from it. All of it depends on what is known, never on when it became known, so any order
of arrival makes the same accounts.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from tricord.core import addresses, matching
from tricord.core.ids import AccountId, ConnectionName, Kind, Ref
from tricord.core.matching import POSSIBLE, Likeness, Profile
from tricord.core.policy.types import Policy
from tricord.core.records import Call, Channel, Company, Contact, Customer, Message, Record

_ACCOUNT = re.compile(r"acc_[0-9a-f]{20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a record belongs, and on what ground.

    `basis` is one of `person mark parent thread email phone domain own`. `root` is the record the
    account is named after, None for an account of which only its id is known.
    """

    account: AccountId
    basis: str
    root: Ref | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What of the policy decides where records belong."""

    crm: ConnectionName
    country: str = ""
    shared: frozenset[str] = frozenset()

    @staticmethod
    def of(policy: Policy) -> "Ground":
        shared = policy.identity.shared_domains
        return Ground(crm=policy.roles.crm, country=policy.firm.country, shared=shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What a record is found by: each "" when it has none. `mentions` are message ids."""

    email: str = ""
    phone: str = ""
    domain: str = ""
    message: str = ""
    mentions: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """Each detail with its kind, in a fixed order: what two records of one client share."""
        found = [
            ("email", self.email),
            ("phone", self.phone),
            ("domain", self.domain),
            ("message", self.message),
            *(("message", mention) for mention in self.mentions),
        ]
        return tuple(f"{kind}|{value}" for kind, value in found if value)


class Known(Protocol):
    """What is known of all records. Each answer is an index look-up."""

    def record(self, ref: Ref) -> Record | None: ...

    def chosen(self, ref: Ref) -> AccountId | None:
        """The account that a person linked this record to."""
        ...

    def merged(self, account: AccountId) -> AccountId | None:
        """The account that a person merged this one into."""
        ...

    def root(self, account: AccountId) -> Ref | None:
        """The record an account is named after, if any was seen that gives this id."""
        ...

    def deal_naming(self, contact: Ref) -> Ref | None:
        """A deal of a company that names a contact without a company of its own."""
        ...

    def messages(self, message_id: str) -> tuple[Ref, ...]: ...

    def found(self, trace: str, value: str) -> tuple[Ref, ...]:
        """The companies, contacts and customers with this `email`, `phone` or `domain`, by ref."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An account that a record may belong to, and the record there that speaks for it."""

    account: AccountId
    through: Ref
    likeness: Likeness


def account_id(root: Ref) -> AccountId:
    """The id of the account that starts with this record."""
    return AccountId(f"acc_{hashlib.sha256(str(root).encode()).hexdigest()[:20]}")


def partition_of(name: str) -> int:
    """One of 256 partitions, by hash: the unit of locking and of draining."""
    return hashlib.sha256(name.encode()).digest()[0]


def traces_of(record: Record, ground: Ground) -> Traces:
    match record:
        case Contact(email=email, phone=phone) | Customer(email=email, phone=phone):
            return Traces(
                email=addresses.email_of(email),
                phone=addresses.phone_of(phone, ground.country),
                domain=addresses.own_domain(addresses.email_of(email), ground.shared),
            )
        case Company():
            return Traces(
                phone=addresses.phone_of(record.phone, ground.country),
                domain=addresses.own_domain(record.domain, ground.shared),
            )
        case Message():
            return _of_message(record, ground)
        case Call():
            return Traces(phone=addresses.phone_of(record.other, ground.country))
        case _:
            return Traces()


def profile_of(record: Record, ground: Ground) -> Profile:
    """A record's details as `core.matching` compares them."""
    traces = traces_of(record, ground)
    name = record.name if isinstance(record, Company | Contact | Customer) else ""
    place = record.address if isinstance(record, Company | Customer) else ""
    return Profile(
        names=_filled(name),
        emails=_filled(traces.email),
        domains=_filled(traces.domain),
        phones=_filled(traces.phone),
        places=_filled(place),
    )


def is_seeker(record: Record, ground: Ground) -> bool:
    """Whether it may have to be matched: a billing customer, or a client of a second system."""
    if isinstance(record, Customer):
        return True
    return isinstance(record, Company | Contact) and record.ref.connection != ground.crm


def home_of(ref: Ref, known: Known, ground: Ground) -> Home:
    """The account of `ref`, from what is known now."""
    return _Walk(known, ground).home(ref, ())


def account_now(account: AccountId, known: Known, ground: Ground) -> AccountId:
    """Where the client is now whom this id once named: after merges, and after its root moved."""
    return _Walk(known, ground).through(account, (), (), "own").account


def candidates(record: Record, known: Known, ground: Ground) -> list[Candidate]:
    """The accounts of the CRM that share an address, a number or a domain, the likeliest first."""
    return _Walk(known, ground).candidates(record, (record.ref,))


def _of_message(message: Message, ground: Ground) -> Traces:
    email = phone = ""
    if message.channel is Channel.EMAIL:
        email = addresses.email_of(message.other)
    else:
        phone = addresses.phone_of(message.other, ground.country)
    return Traces(
        email=email,
        phone=phone,
        domain=addresses.own_domain(email, ground.shared) if email else "",
        message=message.message_id,
        mentions=tuple(dict.fromkeys(one for one in message.references if one)),
    )


def _filled(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


@dataclass(frozen=True, slots=True)
class _Walk:
    """The way home. `above` are the records whose own way asks, the nearest last."""

    known: Known
    ground: Ground

    def home(self, ref: Ref, above: tuple[Ref, ...], basis: str = "own") -> Home:
        path: tuple[Ref, ...] = ()
        while True:
            ring = (*above, *path)
            if ref in ring:
                # A chain that bites its tail: its least record is the root, wherever one enters.
                root = min(ring[ring.index(ref) :])
                return Home(account=account_id(root), basis=basis, root=root)
            path = (*path, ref)
            step = self._step(ref, (*above, *path))
            if step is None:
                into = self.known.merged(account_id(ref))
                if into is None:
                    return Home(account=account_id(ref), basis=basis, root=ref)
                step = into, "person"
            target, ground = step
            basis = ground if basis == "own" or ground == "person" else basis
            if not isinstance(target, Ref):
                return self.through(AccountId(target), above, path, basis)
            ref = target

    def through(
        self, account: AccountId, above: tuple[Ref, ...], path: tuple[Ref, ...], basis: str
    ) -> Home:
        """On from an account's id: by its root, or by the person's merge of one without a root."""
        passed: set[AccountId] = set()
        while account not in passed:
            passed.add(account)
            root = self.known.root(account)
            if root is not None:
                return self.home(root, (*above, *path), basis)
            into = self.known.merged(account)
            if into is None:
                break
            account, basis = into, "person"
        return Home(account=account, basis=basis, root=None)

    def candidates(self, record: Record, above: tuple[Ref, ...]) -> list[Candidate]:
        traces = traces_of(record, self.ground)
        leading: dict[str, set[AccountId]] = {}
        profiles: dict[AccountId, Profile] = {}
        through: dict[AccountId, Ref] = {}
        for trace in ("email", "phone", "domain"):
            value = getattr(traces, trace)
            found = self.known.found(trace, value) if value else ()
            for ref in self._anchors(found, above):
                home = self.home(ref, above)
                leading.setdefault(trace, set()).add(home.account)
                through.setdefault(home.account, ref)
                profile = profiles.get(home.account, Profile())
                profiles[home.account] = profile.joined(self._profile(ref))
        shared = frozenset(trace for trace, homes in leading.items() if len(homes) > 1)
        mine = profile_of(record, self.ground)
        scored = [
            (account, matching.compare(mine, profile, shared=shared))
            for account, profile in profiles.items()
        ]
        return [
            Candidate(account=AccountId(account), through=through[AccountId(account)], likeness=one)
            for account, one in matching.ranked(scored)
        ]

    def _step(self, ref: Ref, above: tuple[Ref, ...]) -> tuple[Ref | str, str] | None:
        """The next record or account on the way, and the ground for going there."""
        chosen = self.known.chosen(ref)
        if chosen is not None:
            return None if chosen == account_id(ref) else (chosen, "person")
        record = self.known.record(ref)
        if record is None:
            return None
        if isinstance(record, Customer) and _ACCOUNT.fullmatch(record.account):
            return None if record.account == account_id(ref) else (record.account, "mark")
        if record.parents:
            return record.parents[0], "parent"
        if isinstance(record, Contact):
            deal = self.known.deal_naming(ref)
            if deal is not None:
                return deal, "parent"
        if isinstance(record, Message | Call):
            return self._of_talk(record, above)
        return self._of_seeker(record, above) if is_seeker(record, self.ground) else None

    def _of_talk(self, record: Message | Call, above: tuple[Ref, ...]) -> tuple[Ref, str] | None:
        """A message or call: its thread if that leads to a client, else what it was sent from."""
        threads = list(self._thread(record, above)) if isinstance(record, Message) else []
        for earlier in threads:
            root = self.home(earlier, above).root
            if root is None or root.kind not in (Kind.MESSAGE, Kind.CALL):
                return earlier, "thread"
        traces = traces_of(record, self.ground)
        for trace in ("email", "phone", "domain"):
            value = getattr(traces, trace)
            found = self.known.found(trace, value) if value else ()
            one = self._only(found, above)
            if one is not None:
                return one, trace
            if found:
                break  # an address that two clients share is not decided by its domain
        return (threads[0], "thread") if threads else None

    def _thread(self, message: Message, above: tuple[Ref, ...]) -> Iterator[Ref]:
        """The messages it answers, the latest first."""
        for message_id in reversed(message.references):
            yield from (ref for ref in self.known.messages(message_id) if ref != above[-1])

    def _of_seeker(self, record: Record, above: tuple[Ref, ...]) -> tuple[Ref, str] | None:
        email = traces_of(record, self.ground).email
        anchors = self._anchors(self.known.found("email", email) if email else (), above)
        if anchors and len({self.home(ref, above).account for ref in anchors}) == 1:
            return anchors[0], "email"
        found = self.candidates(record, above)
        if not found or not found[0].likeness.certain:
            return None
        if any(other.likeness.score >= POSSIBLE for other in found[1:]):
            return None
        return found[0].through, found[0].likeness.keys[-1]

    def _anchors(self, found: Iterable[Ref], above: tuple[Ref, ...]) -> list[Ref]:
        """Those in the CRM: only they start accounts that others are matched to."""
        crm = [ref for ref in found if ref.connection == self.ground.crm and ref != above[-1]]
        return self._alive(crm)

    def _only(self, found: Iterable[Ref], above: tuple[Ref, ...]) -> Ref | None:
        """The one of those found, if all lead to one account; what the CRM says comes first."""
        others = [ref for ref in found if ref.connection != self.ground.crm and ref != above[-1]]
        for group in (self._anchors(found, above), self._alive(others)):
            if group:
                homes = {self.home(ref, above).account for ref in group}
                return group[0] if len(homes) == 1 else None
        return None

    def _alive(self, refs: list[Ref]) -> list[Ref]:
        """Those the vendor still has; where it has none any more, all."""
        records = ((ref, self.known.record(ref)) for ref in refs)
        return [ref for ref, record in records if record is not None and not record.gone] or refs

    def _profile(self, ref: Ref) -> Profile:
        """A record's details, with those of the company a contact works for."""
        record = self.known.record(ref)
        if record is None:
            return Profile()
        profile = profile_of(record, self.ground)
        company = record.company if isinstance(record, Contact) else None
        held = self.known.record(company) if company else None
        return profile.joined(profile_of(held, self.ground)) if held else profile
