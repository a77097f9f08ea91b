"""The account's story: one timeline over the three systems, told from records and effects."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from tricord.core.account import Account
from tricord.core.commands import (
    Because,
    Command,
    CreateCustomer,
    CreateInvoice,
    Effect,
    EffectState,
    LogActivity,
    SendMessage,
    UpdateRecord,
)
from tricord.core.correspondence import lasted, told_of, went
from tricord.core.disclosure import Disclosure
from tricord.core.ids import ConnectionName, Instant, Ref
from tricord.core.ledger import Standing, standings
from tricord.core.money import Money, total
from tricord.core.policy.types import Policy
from tricord.core.records import (
    Channel,
    Deal,
    DisputeStatus,
    Fields,
    Invoice,
    InvoiceStatus,
    Message,
    Nature,
    Payment,
    PaymentStatus,
    RefundStatus,
)
from tricord.core.threads import Threads

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class System(StrEnum):
    """Where something happened; `tricord` is what has not reached a vendor."""

    CRM = "crm"
    BILLING = "billing"
    EMAIL = "email"
    PHONE = "phone"
    TRICORD = "tricord"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened, or that waits to. `title` is plain words, without markup.

    `command` is the business key of the command that did it, "" when a person or a client did;
    `ref` is the record it is about.
    """

    at: Instant
    system: System
    title: str
    detail: str = ""
    money: Money | None = None
    state: str = ""
    command: str = ""
    because: Because | None = None
    ref: Ref | None = None


def story(account: Account, policy: Policy) -> tuple[Entry, ...]:
    """The whole timeline, newest first. The same account gives the same story."""
    told: list[tuple[int, Entry]] = []
    for rank, part in enumerate(_PARTS):
        told.extend((rank, entry) for entry in part(account, policy))
    # At one instant the consequence stands above its cause, as in time: the parts are so ordered.
    told.sort(key=lambda pair: (pair[1].at, pair[0], str(pair[1].ref), pair[1].command))
    return tuple(entry for _, entry in reversed(told))


def system_of(connection: ConnectionName, policy: Policy) -> System:
    roles = policy.roles
    if connection == roles.crm:
        return System.CRM
    if connection == roles.billing:
        return System.BILLING
    if connection == roles.sms:
        return System.PHONE
    return System.EMAIL if connection == roles.email else System.TRICORD


def asked(command: Command) -> str:
    """What a command asks for, in plain words: "Send the deposit invoice over 3,000.00 USD"."""
    match command:
        case CreateCustomer():
            return f"Set up {command.name} as a customer"
        case CreateInvoice():
            return f"Send the {command.installment} invoice over {command.total}"
        case UpdateRecord():
            return f"Update the {command.target.kind} in the CRM: {_told(command.values)}"
        case LogActivity():
            return f"Note in the CRM: {command.subject}"
        case SendMessage():
            return f"Send “{command.subject}” to {command.recipient}"
        case _:
            assert_never(command)


def _visits(account: Account, policy: Policy) -> Iterator[Entry]:
    for deal in account.deals:
        name = deal.name or "A deal"
        for visit in deal.visits:
            milestone = policy.milestone_of(visit.stage)
            reached = milestone.replace("_", " ") if milestone else ""
            yield Entry(
                at=visit.at,
                system=system_of(deal.ref.connection, policy),
                title=f"{name} reached “{reached}”" if reached else f"{name} changed its stage",
                detail=f"stage {visit.stage}",
                state=milestone or "",
                ref=deal.ref,
            )


def _invoices(account: Account, policy: Policy) -> Iterator[Entry]:
    for invoice in account.invoices:
        if invoice.issued_at is None or invoice.status is InvoiceStatus.DRAFT:
            continue
        effect = account.effects.get(invoice.key)
        due = invoice.due_at.astimezone(policy.firm.zone).date() if invoice.due_at else None
        parts = [f"due {due}" if due else "", _installment(effect)]
        yield Entry(
            at=invoice.issued_at,
            system=system_of(invoice.ref.connection, policy),
            title=f"{_name(invoice)} was sent",
            detail=", ".join(part for part in parts if part),
            money=invoice.total,
            state=str(invoice.status),
            command=effect.command.key if effect else "",
            because=effect.command.because if effect else None,
            ref=invoice.ref,
        )


def _voided(account: Account, policy: Policy) -> Iterator[Entry]:
    """No engine says when it voided: the vendor's last change stands in, else our last look."""
    for invoice in account.invoices:
        if invoice.status is InvoiceStatus.VOID:
            yield Entry(
                at=_EPOCH + timedelta(milliseconds=invoice.stamp or invoice.version),
                system=system_of(invoice.ref.connection, policy),
                title=f"{_name(invoice)} was voided",
                money=invoice.total,
                state=str(invoice.status),
                ref=invoice.ref,
            )


def _payments(account: Account, policy: Policy) -> Iterator[Entry]:
    for owed in standings(account):
        invoice, known = owed.invoice, Money.zero(owed.invoice.total.currency)
        for payment in account.payments:
            if payment.invoice != invoice.ref or payment.status is not PaymentStatus.PAID:
                continue
            known = known + payment.amount
            at = payment.paid_at or invoice.paid_at
            if at is None:
                continue
            left = _left_after(account, invoice, at, payment.ref)
            yield Entry(
                at=at,
                system=system_of(payment.ref.connection, policy),
                title=f"{_name(invoice)} was {'partly paid' if left else 'paid in full'}",
                detail=f"{left} is left to pay" if left else "Nothing is left to pay",
                money=payment.amount,
                state="partly_paid" if left else "paid",
                ref=payment.ref,
            )
        if owed.received > known and invoice.paid_at is not None:
            yield _paid_elsewhere(owed, owed.received - known, invoice.paid_at, policy)


def _paid_elsewhere(owed: Standing, amount: Money, at: Instant, policy: Policy) -> Entry:
    return Entry(
        at=at,
        system=system_of(owed.invoice.ref.connection, policy),
        title=f"{_name(owed.invoice)} was {'partly paid' if owed.outstanding else 'paid in full'}",
        detail="as the billing engine says; no payment of it is on record here",
        money=amount,
        state="partly_paid" if owed.outstanding else "paid",
        ref=owed.invoice.ref,
    )


def _left_after(account: Account, invoice: Invoice, at: Instant, ref: Ref) -> Money:
    """What was outstanding once the payment `ref` had come in at `at`, by what was known then."""
    payments = [p for p in account.payments if p.invoice == invoice.ref]
    paid = [p for p in payments if p.status is PaymentStatus.PAID]
    moved = [
        (p.paid_at or invoice.paid_at, p.ref, -p.amount)
        for p in paid
        if p.paid_at or invoice.paid_at
    ]
    of_invoice = {p.ref for p in paid}
    moved += [
        (r.created_at, r.ref, r.amount)
        for r in account.refunds
        if r.payment in of_invoice and r.status is not RefundStatus.FAILED
    ]
    moved += [
        (d.created_at, d.ref, d.amount)
        for d in account.disputes
        if d.payment in of_invoice and d.status is DisputeStatus.LOST
    ]
    moved += [
        (c.created_at, c.ref, -c.amount)
        for c in account.credit_notes
        if c.invoice == invoice.ref and not c.void
    ]
    before = [
        amount
        for moment, what, amount in moved
        if moment is not None and (moment < at or (moment == at and what <= ref))
    ]
    left = invoice.total + total(before, invoice.total.currency)
    return max(left, Money.zero(left.currency))


_REFUNDED = {
    RefundStatus.PENDING: "is being refunded on",
    RefundStatus.SUCCEEDED: "was refunded on",
    RefundStatus.FAILED: "could not be refunded on",
}
_DISPUTED = {
    DisputeStatus.INQUIRY: "The client's bank asks about a payment on",
    DisputeStatus.OPEN: "The client disputes a payment on",
    DisputeStatus.WON: "The firm won a dispute on",
    DisputeStatus.LOST: "A dispute was lost and the money went back on",
    DisputeStatus.CLOSED: "A dispute was closed on",
}


def _reversals(account: Account, policy: Policy) -> Iterator[Entry]:
    for refund in account.refunds:
        if refund.created_at is not None:
            on = _of_payment(account, refund.payment)
            yield Entry(
                at=refund.created_at,
                system=system_of(refund.ref.connection, policy),
                title=f"A payment {_REFUNDED[refund.status]} {on}",
                money=refund.amount,
                state=str(refund.status),
                ref=refund.ref,
            )
    for dispute in account.disputes:
        if dispute.created_at is not None:
            yield Entry(
                at=dispute.created_at,
                system=system_of(dispute.ref.connection, policy),
                title=f"{_DISPUTED[dispute.status]} {_of_payment(account, dispute.payment)}",
                detail=dispute.reason.replace("_", " "),
                money=dispute.amount,
                state=f"dispute_{dispute.status}",
                ref=dispute.ref,
            )


def _credits(account: Account, policy: Policy) -> Iterator[Entry]:
    for note in account.credit_notes:
        if note.created_at is None:
            continue
        invoice = account.records.get(note.invoice)
        on = _name(invoice) if isinstance(invoice, Invoice) else "an invoice"
        yield Entry(
            at=note.created_at,
            system=system_of(note.ref.connection, policy),
            title=f"A credit on {on} was {'taken back' if note.void else 'given'}",
            money=note.amount,
            state="void" if note.void else "credited",
            ref=note.ref,
        )


def _messages(account: Account, policy: Policy) -> Iterator[Entry]:
    sent = {e.remote: e for e in account.effects.values() if isinstance(e.command, SendMessage)}
    threads, disclosure = Threads.of(account.messages), Disclosure.of(account, policy)
    for message in threads.messages:
        if message.sent_at is None or message.nature is Nature.BULK:
            continue
        effect = sent.get(message.ref)
        about = account.records.get(matter) if (matter := threads.matter_of(message)) else None
        deal = about.deal if isinstance(about, Invoice) else None
        title, detail, state = told_of(message, disclosure.subject_of(deal, message))
        yield Entry(
            at=message.sent_at,
            system=System.EMAIL if message.channel is Channel.EMAIL else System.PHONE,
            title=title,
            detail=detail,
            state=state,
            command=effect.command.key if effect else "",
            because=effect.command.because if effect else None,
            ref=message.ref,
        )


def _calls(account: Account, policy: Policy) -> Iterator[Entry]:
    for call in account.calls:
        if call.started_at is None:
            continue
        yield Entry(
            at=call.started_at,
            system=system_of(call.ref.connection, policy),
            title=went(call),
            detail=lasted(call),
            state=str(call.status),
            ref=call.ref,
        )


def _effects(account: Account, policy: Policy) -> Iterator[Entry]:
    """What was asked for and no record shows by itself."""
    for key, effect in sorted(account.effects.items()):
        if effect.state is EffectState.DONE and _shown(account, effect):
            continue
        command = effect.command
        done = effect.state is EffectState.DONE
        title, detail = _done(account, command, policy) if done else _not_done(effect)
        yield Entry(
            at=effect.ended_at or effect.planned_at,
            system=system_of(command.connection, policy) if done else System.TRICORD,
            title=title,
            detail=detail,
            money=command.total if isinstance(command, CreateInvoice) else None,
            state=str(effect.state),
            command=key,
            because=command.because,
            ref=effect.remote or (command.target if isinstance(command, UpdateRecord) else None),
        )


def _shown(account: Account, effect: Effect) -> bool:
    """Whether a record tells this effect's story already."""
    match effect.command:
        case CreateInvoice(key=key):
            invoice = account.invoice_of(key)
            told = invoice is not None and invoice.issued_at is not None
            return told and invoice is not None and invoice.status is not InvoiceStatus.DRAFT
        case SendMessage():
            message = account.records.get(effect.remote) if effect.remote else None
            return isinstance(message, Message) and message.sent_at is not None
        case _:
            return False


def _done(account: Account, command: Command, policy: Policy) -> tuple[str, str]:
    match command:
        case CreateCustomer():
            return f"{command.name} was set up as a customer", command.email
        case CreateInvoice():
            return f"The {command.installment} invoice was sent", command.memo
        case UpdateRecord():
            ours = {theirs: name.rpartition(".")[2] for name, theirs in policy.write_back}
            values = tuple((ours.get(name, name), value) for name, value in command.values)
            target = account.records.get(command.target)
            named = f"{target.name} was updated" if isinstance(target, Deal) and target.name else ""
            return named or f"The {command.target.kind} was updated", _told(values)
        case LogActivity():
            places = ", ".join(ref.kind for ref in command.on)
            return f"Noted: {command.subject}", f"on the timeline of the {places}"
        case SendMessage():
            return f"“{command.subject}” was sent", f"to {command.recipient}"
        case _:
            assert_never(command)


_NOT_DONE: Mapping[EffectState, str] = {
    EffectState.HELD: "Waiting for a person",
    EffectState.READY: "About to happen",
    EffectState.SENDING: "Under way",
    EffectState.UNKNOWN: "Not known whether it happened; it will be looked up",
    EffectState.REFUSED: "Refused by the vendor",
    EffectState.SKIPPED: "Not carried out",
}


def _not_done(effect: Effect) -> tuple[str, str]:
    command, words = effect.command, _NOT_DONE.get(effect.state, str(effect.state))
    if effect.state is EffectState.HELD and isinstance(command, CreateInvoice) and command.approval:
        words = f"Waiting for approval by {command.approval.removeprefix('role:')}"
    return asked(command), words


def _told(values: Fields) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value or '(empty)'}" for name, value in values)


def _installment(effect: Effect | None) -> str:
    if effect is None or not isinstance(effect.command, CreateInvoice):
        return ""
    return f"{effect.command.installment} installment"


def _of_payment(account: Account, payment: Ref) -> str:
    found = account.records.get(payment)
    invoice = account.records.get(found.invoice) if isinstance(found, Payment) else None
    return _name(invoice) if isinstance(invoice, Invoice) else "an invoice"


def _name(invoice: Invoice) -> str:
    return f"Invoice {invoice.number}" if invoice.number else "An invoice"


_PARTS: tuple[Callable[[Account, Policy], Iterator[Entry]], ...] = (
    _visits,
    _invoices,
    _voided,
    _payments,
    _reversals,
    _credits,
    _messages,
    _calls,
    _effects,
)
