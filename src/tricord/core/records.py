"""The records of an account: what each vendor says exists, in our words.

A record is also the observation of itself: it carries its `version`, and the newer one wins. What
grows only (the stages a deal has been in) is joined instead, so the order of arrival never matters.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tricord.core.ids import Kind, Ref
from tricord.core.money import Money

Fields = tuple[tuple[str, str], ...]
"""Named values, sorted by name; a tuple so that records stay hashable and comparable."""


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


class PaymentStatus(StrEnum):
    OPEN = "open"
    PAID = "paid"
    CANCELED = "canceled"


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeStatus(StrEnum):
    INQUIRY = "inquiry"
    OPEN = "open"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What every record has: who it is, when it was looked at, and when it was found to be gone.

    `version` is when we asked for it, in milliseconds since 1970; `stamp` is the vendor's own time
    of change, 0 where it tells none; `gone_version` is when a look found nothing, 0 if none did.
    """

    ref: Ref
    version: int
    stamp: int = 0
    gone_version: int = 0

    @property
    def gone(self) -> bool:
        return self.gone_version > self.version

    @property
    def parents(self) -> tuple[Ref, ...]:
        """The records through which this one finds its account, the best first."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone(Seen):
    """A record that was never seen alive: a look at it found nothing. Its `version` is 0."""


def gone(ref: Ref, version: int) -> Tombstone:
    """What is observed when a look at `version` finds nothing. Known content is kept."""
    return Tombstone(ref=ref, version=0, gone_version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company(Seen):
    name: str = ""
    domain: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Seen):
    name: str = ""
    email: str = ""
    phone: str = ""
    company: Ref | None = None

    @property
    def parents(self) -> tuple[Ref, ...]:
        return (self.company,) if self.company else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StageVisit:
    """A deal stood in `stage` (the CRM's id) from `at` on."""

    at: datetime
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal(Seen):
    """A deal, or a matter in a law firm.

    `amount_text` and `currency` are kept as the CRM holds them: a deal without a readable amount
    is a fact to show a person, not an error. `stages` is the pipeline's order of stages, so that a
    move back can be told from a move on; `lost` says that the CRM closed the deal as lost.
    """

    name: str = ""
    amount_text: str = ""
    currency: str = ""
    stage: str = ""
    visits: tuple[StageVisit, ...] = ()
    stages: tuple[str, ...] = ()
    lost: bool = False
    company: Ref | None = None
    contacts: tuple[Ref, ...] = ()
    owner: str = ""
    fields: Fields = ()

    @property
    def parents(self) -> tuple[Ref, ...]:
        return ((self.company,) if self.company else ()) + self.contacts[:1]

    def amount(self, default_currency: str) -> Money | None:
        """The contract value, or None when the CRM holds none that can be read."""
        try:
            return Money.of(self.amount_text, self.currency or default_currency)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Seen):
    """The client in the billing engine. `account` is our mark on it, "" when it has none."""

    name: str = ""
    email: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(Seen):
    """An invoice as the billing engine holds it.

    `paid` is what the engine itself says it has received; our ledger is made from payments,
    refunds, disputes and credits (see `tricord.core.ledger`). `key` is the business key that
    Tricord wrote on it, "" on an invoice made by hand.
    """

    customer: Ref
    status: InvoiceStatus
    total: Money
    paid: Money
    number: str = ""
    key: str = ""
    deal: Ref | None = None
    url: str = ""
    issued_at: datetime | None = None
    due_at: datetime | None = None
    paid_at: datetime | None = None

    @property
    def parents(self) -> tuple[Ref, ...]:
        return (self.customer,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Seen):
    invoice: Ref
    amount: Money
    status: PaymentStatus
    paid_at: datetime | None = None

    @property
    def parents(self) -> tuple[Ref, ...]:
        return (self.invoice,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Seen):
    payment: Ref
    amount: Money
    status: RefundStatus
    created_at: datetime | None = None

    @property
    def parents(self) -> tuple[Ref, ...]:
        return (self.payment,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute(Seen):
    payment: Ref
    amount: Money
    status: DisputeStatus
    reason: str = ""
    created_at: datetime | None = None

    @property
    def parents(self) -> tuple[Ref, ...]:
        return (self.payment,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote(Seen):
    """`void` takes the credit back. Amounts count against the invoice's balance in our ledger."""

    invoice: Ref
    amount: Money
    void: bool = False
    created_at: datetime | None = None

    @property
    def parents(self) -> tuple[Ref, ...]:
        return (self.invoice,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Seen):
    """A message that left or arrived. `about` is the record it belongs to."""

    about: Ref
    subject: str = ""
    body: str = ""
    sender: str = ""
    recipient: str = ""
    sent_at: datetime | None = None

    @property
    def parents(self) -> tuple[Ref, ...]:
        return (self.about,)


Record = (
    Company
    | Contact
    | Deal
    | Customer
    | Invoice
    | Payment
    | Refund
    | Dispute
    | CreditNote
    | Message
    | Tombstone
)

RECORD_TYPES: dict[Kind, type[Record]] = {
    Kind.COMPANY: Company,
    Kind.CONTACT: Contact,
    Kind.DEAL: Deal,
    Kind.CUSTOMER: Customer,
    Kind.INVOICE: Invoice,
    Kind.PAYMENT: Payment,
    Kind.REFUND: Refund,
    Kind.DISPUTE: Dispute,
    Kind.CREDIT_NOTE: CreditNote,
    Kind.MESSAGE: Message,
}


def join(one: Record, other: Record) -> Record:
    """The one record two looks at it amount to: commutative, associative, idempotent.

    Of two different looks with one version the greater text wins: arbitrary, but the same on every
    machine and in every order.
    """
    gone_version = max(one.gone_version, other.gone_version)
    looks = [look for look in (one, other) if not isinstance(look, Tombstone)]
    if not looks:
        return Tombstone(ref=one.ref, version=0, gone_version=gone_version)
    alike = [replace(look, gone_version=gone_version) for look in looks]
    winner = max(alike, key=_age)
    if isinstance(winner, Deal):
        seen = {visit for look in alike if isinstance(look, Deal) for visit in look.visits}
        visits = tuple(sorted(seen, key=lambda visit: (visit.at, visit.stage)))
        winner = replace(winner, visits=visits)
    return winner


def _age(record: Record) -> tuple[int, str]:
    content = replace(record, visits=()) if isinstance(record, Deal) else record
    return record.version, repr(content)
