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


class Channel(StrEnum):
    """How people are reached."""

    EMAIL = "email"
    SMS = "sms"
    CALL = "call"


class Direction(StrEnum):
    """`out` from the firm to the client, `in` from the client to the firm."""

    OUT = "out"
    IN = "in"


class Nature(StrEnum):
    """Who wrote a message: a person, a robot that is away, a server that could not deliver, a list.

    `automatic` and `bounce` are never answered and are no sign that a person has replied
    (RFC 3834, RFC 3464).
    """

    WRITTEN = "written"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    BULK = "bulk"


class MessageStatus(StrEnum):
    """What is known of a message's way: mail is `sent` once a server has taken it."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    RECEIVED = "received"


class CallStatus(StrEnum):
    """`missed`: nobody answered, or it was busy, or the caller gave up."""

    RINGING = "ringing"
    TALKING = "talking"
    COMPLETED = "completed"
    MISSED = "missed"
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
    """`address` is one line: street, postal code, city."""

    name: str = ""
    domain: str = ""
    phone: str = ""
    address: str = ""


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
    phone: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(Seen):
    """An invoice as the billing engine holds it.

    `paid` is what the engine itself says it has received; our ledger is made from payments,
    refunds, disputes and credits (see `tricord.core.ledger`). `key` is the business key that
    Tricord wrote on it, "" on an invoice made by hand. `party` is the client's name as the issued
    document says it, whatever the client is called since.
    """

    customer: Ref
    status: InvoiceStatus
    total: Money
    paid: Money
    number: str = ""
    key: str = ""
    party: str = ""
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
class Undelivered:
    """What a bounce tells (RFC 3464): which message failed, at whom, and whether for good.

    `message_id` is that of the failed message, "" when the report does not name it; `code` is an
    enhanced status such as `5.1.1` (RFC 3463), or a vendor's error code. `opted_out` says that the
    recipient's own wish is the reason.
    """

    recipient: str
    message_id: str = ""
    code: str = ""
    permanent: bool = True
    opted_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Seen):
    """An e-mail or a text message that left or arrived.

    `about` is the record it belongs to, None when only its thread or its addresses tell whose it
    is. `message_id` is the sender's own name for it, the same in every mailbox (RFC 5322, 3.6.4,
    without angle brackets); `references` are those of the thread before it, oldest first.
    `sender` and `recipient` are an e-mail address or a phone number in E.164.
    """

    about: Ref | None = None
    channel: Channel = Channel.EMAIL
    direction: Direction = Direction.OUT
    nature: Nature = Nature.WRITTEN
    status: MessageStatus = MessageStatus.SENT
    subject: str = ""
    body: str = ""
    sender: str = ""
    recipient: str = ""
    sent_at: datetime | None = None
    message_id: str = ""
    references: tuple[str, ...] = ()
    undelivered: Undelivered | None = None

    @property
    def parents(self) -> tuple[Ref, ...]:
        return (self.about,) if self.about else ()

    @property
    def other(self) -> str:
        """The client's address or number: whoever is not the firm, nor a server that reports."""
        if self.undelivered is not None:
            return self.undelivered.recipient
        return self.sender if self.direction is Direction.IN else self.recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Seen):
    """A phone call, all its legs as one. `seconds` is the time talked, 0 for none.

    `recordings` are the vendor's ids of recordings, never their addresses: those open without a
    password at some vendors.
    """

    about: Ref | None = None
    direction: Direction = Direction.IN
    status: CallStatus = CallStatus.RINGING
    caller: str = ""
    callee: str = ""
    started_at: datetime | None = None
    seconds: int = 0
    recordings: tuple[str, ...] = ()

    @property
    def parents(self) -> tuple[Ref, ...]:
        return (self.about,) if self.about else ()

    @property
    def other(self) -> str:
        """The client's number: whoever is not the firm."""
        return self.caller if self.direction is Direction.IN else self.callee


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
    | Call
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
    Kind.CALL: Call,
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
    if isinstance(winner, Message | Call):
        # What it is about we know from having sent it; the vendor, asked later, does not.
        told = {look.about for look in alike if isinstance(look, Message | Call)} - {None}
        winner = replace(winner, about=max(ref for ref in told if ref) if told else None)
    if isinstance(winner, Deal):
        seen = {visit for look in alike if isinstance(look, Deal) for visit in look.visits}
        visits = tuple(sorted(seen, key=lambda visit: (visit.at, visit.stage)))
        winner = replace(winner, visits=visits)
    return winner


def _age(record: Record) -> tuple[int, str]:
    match record:
        case Deal():
            return record.version, repr(replace(record, visits=()))
        case Message() | Call():
            return record.version, repr(replace(record, about=None))
        case _:
            return record.version, repr(record)
