"""Survivorship: of what several systems say of a client, what holds, and where it came from. Pure.

The policy names who masters each field. The first master that has a value wins; what the others
say is kept beside it, so that a person sees the conflict and its lineage: "this phone number came
from billing on 3 May".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tricord.core import addresses
from tricord.core.account import Account
from tricord.core.ids import Instant, Ref
from tricord.core.policy.types import Mastery, Policy
from tricord.core.records import Company, Contact, Customer, Deal, Record

FIELDS = ("name", "email", "phone", "domain", "address")
CRM, BILLING = "crm", "billing"
ROLES = (CRM, BILLING)
_KINDS = (Company, Contact, Customer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One look at a record, as the log of observations keeps it."""

    record: Record
    seen_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What one record says, in which role, and since when it has said so without a break.

    `role` is "" for a connection that plays neither part; `since` is None when no look is kept.
    """

    value: str
    record: Ref
    role: str
    since: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """What holds of one field. `others` say something else, `agreeing` say the same."""

    field: str
    held: Lineage | None
    agreeing: tuple[Lineage, ...]
    others: tuple[Lineage, ...]
    mastery: Mastery

    @property
    def value(self) -> str:
        return self.held.value if self.held else ""

    @property
    def disputed(self) -> bool:
        return bool(self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who mail goes to."""

    name: str
    email: str
    phone: str = ""


def mastery_of(field: str, policy: Policy) -> Mastery:
    """Who masters this field: the policy's word, else the CRM before the billing engine."""
    named = [one for one in policy.identity.master if one.field == field]
    return named[0] if named else Mastery(field=field, sources=ROLES)


def survivors(
    account: Account, policy: Policy, sightings: Iterable[Sighting] = ()
) -> tuple[Survivor, ...]:
    """Every field of the account, in the order of FIELDS, whether anybody has a value or not."""
    history: dict[Ref, list[Sighting]] = {}
    for one in sightings:
        history.setdefault(one.record.ref, []).append(one)
    for looks in history.values():
        looks.sort(key=lambda one: (one.record.version, one.seen_at))
    return tuple(_survivor(field, account, policy, history) for field in FIELDS)


def survivor(field: str, account: Account, policy: Policy) -> Survivor:
    """One field alone, without its history."""
    return _survivor(field, account, policy, {})


def addressee(account: Account, deal: Deal | None, policy: Policy) -> Person | None:
    """Who bills and receipts go to: as the master of `email` has it, else whoever is known."""
    for role in dict.fromkeys((*mastery_of("email", policy).sources, *ROLES)):
        contact = account.addressee(deal) if role == CRM else None
        if contact is not None:
            return Person(name=contact.name, email=contact.email, phone=contact.phone)
        for customer in account.customers if role == BILLING else ():
            if customer.email and customer.ref.connection == policy.roles.billing:
                return Person(name=customer.name, email=customer.email, phone=customer.phone)
    return None


def value_in(record: Record, field: str) -> str:
    """What a record says of a client's field, "" when it has no such field or nothing in it."""
    match record:
        case Company():
            told = {
                "name": record.name,
                "phone": record.phone,
                "domain": record.domain,
                "address": record.address,
            }
        case Contact():
            told = {"name": record.name, "email": record.email, "phone": record.phone}
        case Customer():
            told = {
                "name": record.name,
                "email": record.email,
                "phone": record.phone,
                "address": record.address,
            }
        case _:
            told = {}
    return told.get(field, "").strip()


def same(field: str, one: str, other: str, country: str) -> bool:
    """Whether two values mean the same, however they are written."""
    return _plain(field, one, country) == _plain(field, other, country)


def _survivor(
    field: str, account: Account, policy: Policy, history: dict[Ref, list[Sighting]]
) -> Survivor:
    mastery, country = mastery_of(field, policy), policy.firm.country
    order = [*mastery.sources, *(role for role in ROLES if role not in mastery.sources), ""]
    told = [
        Lineage(
            value=value,
            record=record.ref,
            role=_role(record.ref, policy),
            since=_since(field, value, history.get(record.ref, ()), country),
        )
        for record in _clients(account, field)
        if (value := value_in(record, field))
    ]
    told.sort(key=lambda one: order.index(one.role))
    held = next((one for one in told if one.role in mastery.sources), None)
    rest = [one for one in told if one is not held]
    agreeing = [one for one in rest if held and same(field, one.value, held.value, country)]
    return Survivor(
        field=field,
        held=held,
        agreeing=tuple(agreeing),
        others=tuple(one for one in rest if one not in agreeing),
        mastery=mastery,
    )


def _clients(account: Account, field: str) -> list[Record]:
    """The records that speak for the client: a company before its people, and by ref.

    People's names are their own: they say nothing of the name of a company they work for.
    """
    records: list[Record] = [*account.companies, *account.contacts, *account.customers]
    if field == "name" and account.companies:
        records = [record for record in records if not isinstance(record, Contact)]
    return records


def _role(ref: Ref, policy: Policy) -> str:
    if ref.connection == policy.roles.crm:
        return CRM
    return BILLING if ref.connection == policy.roles.billing else ""


def _since(field: str, value: str, looks: Sequence[Sighting], country: str) -> Instant | None:
    """When the last unbroken run of looks that show this value began."""
    since = None
    for look in looks:
        if not isinstance(look.record, _KINDS):
            continue
        shows = same(field, value_in(look.record, field), value, country)
        since = (since or look.seen_at) if shows else None
    return since


def _plain(field: str, value: str, country: str) -> str:
    if field == "email":
        return addresses.email_of(value) or value.casefold()
    if field == "phone":
        return addresses.phone_of(value, country) or value.casefold()
    if field == "domain":
        return addresses.domain_of(value) or value.casefold()
    return " ".join(value.casefold().split())
