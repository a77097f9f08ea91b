"""Changes: facts in the past tense that an observation brought. They make the timeline."""

from dataclasses import dataclass

from tricord.core.account import Account
from tricord.core.ids import Ref
from tricord.core.ledger import standing
from tricord.core.money import Money
from tricord.core.records import (
    CreditNote,
    Deal,
    Dispute,
    DisputeStatus,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentStatus,
    Record,
    Refund,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAppeared:
    ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReached:
    ref: Ref
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSent:
    ref: Ref
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePartlyPaid:
    ref: Ref
    outstanding: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePaid:
    ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceVoided:
    ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceived:
    ref: Ref
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundMade:
    ref: Ref
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeMoved:
    ref: Ref
    status: DisputeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditGiven:
    ref: Ref
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRemoved:
    ref: Ref


Change = (
    RecordAppeared
    | StageReached
    | InvoiceSent
    | InvoicePartlyPaid
    | InvoicePaid
    | InvoiceVoided
    | PaymentReceived
    | RefundMade
    | DisputeMoved
    | CreditGiven
    | RecordRemoved
)


def changes_between(before: Account, after: Account, ref: Ref) -> tuple[Change, ...]:
    """What the latest look at `ref` changed in the account, in a fixed order."""
    old, new = before.records.get(ref), after.records[ref]
    if old == new:
        return ()
    found: list[Change] = [] if old else [RecordAppeared(ref=ref)]
    if new.gone and not (old and old.gone):
        return (*found, RecordRemoved(ref=ref))
    found.extend(_of_record(old, new))
    for invoice in after.invoices:
        if _concerns(new, invoice, after):
            found.extend(_of_balance(before, after, invoice))
    return tuple(found)


def _of_record(old: Record | None, new: Record) -> list[Change]:
    match new:
        case Deal():
            seen = set(old.visits) if isinstance(old, Deal) else set()
            return [
                StageReached(ref=new.ref, stage=visit.stage)
                for visit in new.visits
                if visit not in seen
            ]
        case Invoice(status=status):
            was = old.status if isinstance(old, Invoice) else InvoiceStatus.DRAFT
            if status is InvoiceStatus.VOID and was is not status:
                return [InvoiceVoided(ref=new.ref)]
            if was is InvoiceStatus.DRAFT and status is not InvoiceStatus.DRAFT:
                return [InvoiceSent(ref=new.ref, total=new.total)]
            return []
        case Payment(status=PaymentStatus.PAID):
            paid_before = isinstance(old, Payment) and old.status is PaymentStatus.PAID
            return [] if paid_before else [PaymentReceived(ref=new.ref, amount=new.amount)]
        case Refund() if old is None:
            return [RefundMade(ref=new.ref, amount=new.amount)]
        case Dispute(status=status):
            same = isinstance(old, Dispute) and old.status is status
            return [] if same else [DisputeMoved(ref=new.ref, status=status)]
        case CreditNote() if old is None:
            return [CreditGiven(ref=new.ref, amount=new.amount)]
        case _:
            return []


def _concerns(record: Record, invoice: Invoice, account: Account) -> bool:
    match record:
        case Invoice():
            return record.ref == invoice.ref
        case Payment() | CreditNote():
            return record.invoice == invoice.ref
        case Refund() | Dispute():
            payment = account.records.get(record.payment)
            return isinstance(payment, Payment) and payment.invoice == invoice.ref
        case _:
            return False


def _of_balance(before: Account, after: Account, invoice: Invoice) -> list[Change]:
    if invoice.status not in (InvoiceStatus.OPEN, InvoiceStatus.PAID):
        return []
    known = before.records.get(invoice.ref)
    was = standing(before, known) if isinstance(known, Invoice) else None
    now = standing(after, invoice)
    if was is not None and was.balance == now.balance:
        return []
    if not now.outstanding:
        return [InvoicePaid(ref=invoice.ref)]
    if now.partly_paid:
        return [InvoicePartlyPaid(ref=invoice.ref, outstanding=now.outstanding)]
    return []
