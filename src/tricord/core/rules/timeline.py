"""Timeline: invoices, payments, messages and calls stand on the CRM record they belong to."""

from collections.abc import Iterator

from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import ActivityKind, Command, LogActivity, because
from tricord.core.correspondence import lasted, titled, went
from tricord.core.disclosure import Disclosure
from tricord.core.ids import Instant, Ref
from tricord.core.ledger import Standing, standings
from tricord.core.policy.types import Policy
from tricord.core.records import (
    Call,
    CallStatus,
    Channel,
    Contact,
    Deal,
    DisputeStatus,
    Invoice,
    Message,
    MessageStatus,
    Nature,
    Payment,
    PaymentStatus,
    RefundStatus,
)
from tricord.core.threads import Threads, name_of

RULE = "timeline"
_WITHHELD = "(The text is withheld: this record is privileged.)"
_ACTIVITIES = {
    Channel.EMAIL: ActivityKind.EMAIL,
    Channel.SMS: ActivityKind.SMS,
    Channel.CALL: ActivityKind.CALL,
}
_NOT_SENT = (MessageStatus.QUEUED, MessageStatus.FAILED)
_DISPUTE_WORDS = {
    DisputeStatus.INQUIRY: "The client's bank asks about a payment",
    DisputeStatus.OPEN: "The client disputes a payment",
    DisputeStatus.WON: "A dispute was won",
    DisputeStatus.LOST: "A dispute was lost; the money went back",
    DisputeStatus.CLOSED: "A dispute was closed",
}


def timeline(account: Account, policy: Policy, now: Instant) -> Iterator[Command | Case]:
    """One CRM activity for each thing that happened since go-live, told once."""
    for owed in standings(account):
        yield from _of_invoice(account, owed, policy)
    threads, disclosure = Threads.of(account.messages), Disclosure.of(account, policy)
    for message in threads.messages:
        yield from _of_message(message, threads, disclosure)
    for call in account.calls:
        yield from _of_call(call, disclosure)


def _of_invoice(account: Account, owed: Standing, policy: Policy) -> Iterator[Command]:
    invoice, name = owed.invoice, owed.invoice.number or "an invoice"
    due = invoice.due_at.astimezone(policy.firm.zone).date() if invoice.due_at else None
    issued = f"Invoice {name} over {invoice.total} was sent" + (f", due {due}" if due else "")
    link = f"\n{invoice.url}" if invoice.url else ""
    told: list[tuple[str, Ref, Instant | None, str, str]] = [
        ("invoice", invoice.ref, invoice.issued_at, issued, issued + link)
    ]
    payments: dict[Ref, Payment] = {}
    for payment in account.payments:
        if payment.invoice == invoice.ref and payment.status is PaymentStatus.PAID:
            payments[payment.ref] = payment
            words = f"{payment.amount} was paid on {name}"
            told.append(("payment", payment.ref, payment.paid_at, words, words))
    for refund in account.refunds:
        if refund.payment in payments and refund.status is not RefundStatus.FAILED:
            words = f"{refund.amount} was refunded on {name}"
            told.append(("refund", refund.ref, refund.created_at, words, words))
    for dispute in account.disputes:
        if dispute.payment in payments:
            words = f"{_DISPUTE_WORDS[dispute.status]}: {dispute.amount} on {name}"
            what = f"dispute/{dispute.status}"
            told.append((what, dispute.ref, dispute.created_at, words, words))
    for note in account.credit_notes:
        if note.invoice == invoice.ref and not note.void:
            words = f"A credit of {note.amount} was given on {name}"
            told.append(("credit", note.ref, note.created_at, words, words))
    on = _places(account, invoice.deal, policy)
    for what, ref, at, subject, body in told:
        if at is not None and at >= policy.firm.go_live and on:
            yield LogActivity(
                key=f"timeline/{what}/{ref}",
                connection=policy.roles.crm,
                account=account.id,
                because=because(f"{RULE}/{what}", policy.version, record=ref),
                activity=ActivityKind.NOTE,
                at=at,
                subject=subject,
                body=body,
                on=on,
            )


def _of_message(message: Message, threads: Threads, disclosure: Disclosure) -> Iterator[Command]:
    """What a person wrote. Robots, lists and reports of failure are no correspondence."""
    account, policy, at = disclosure.account, disclosure.policy, message.sent_at
    if message.nature is not Nature.WRITTEN or message.status in _NOT_SENT or at is None:
        return
    deal = _deal_of(account, threads.matter_of(message))
    on = _places(account, deal, policy, message.other)
    if not on or not disclosure.is_logged(message.channel, message.other, at):
        return
    yield LogActivity(
        key=f"timeline/message/{name_of(message)}",
        connection=policy.roles.crm,
        account=account.id,
        because=because(f"{RULE}/message", policy.version, message=message.ref),
        activity=_ACTIVITIES[message.channel],
        at=at,
        subject=disclosure.subject_of(deal, message) or titled(message),
        body=_WITHHELD if disclosure.is_withheld(deal, message) else message.body,
        on=on,
        sender=message.sender,
        recipient=message.recipient,
        direction=message.direction,
    )


def _of_call(call: Call, disclosure: Disclosure) -> Iterator[Command]:
    """A call that is over. Nobody's words are in it."""
    account, policy, at = disclosure.account, disclosure.policy, call.started_at
    if call.status not in (CallStatus.COMPLETED, CallStatus.MISSED) or at is None:
        return
    on = _places(account, _deal_of(account, call.about), policy, call.other)
    if not on or not disclosure.is_logged(Channel.CALL, call.other, at):
        return
    yield LogActivity(
        key=f"timeline/call/{call.ref}",
        connection=policy.roles.crm,
        account=account.id,
        because=because(f"{RULE}/call", policy.version, call=call.ref),
        activity=ActivityKind.CALL,
        at=at,
        subject=went(call),
        body=lasted(call),
        on=on,
        sender=call.caller,
        recipient=call.callee,
        direction=call.direction,
        seconds=call.seconds,
    )


def _deal_of(account: Account, about: Ref | None) -> Ref | None:
    """The deal that something is about; the client's only one where nothing says which."""
    record = account.records.get(about) if about else None
    if isinstance(record, Invoice):
        return record.deal
    if isinstance(record, Deal):
        return record.ref
    live = [deal.ref for deal in account.deals if not deal.lost]
    return live[0] if len(live) == 1 else None


def _places(account: Account, deal: Ref | None, policy: Policy, other: str = "") -> tuple[Ref, ...]:
    """The CRM records an entry belongs on: its deal, the company, the person `other` is."""
    record = account.records.get(deal) if deal else None
    known = record if isinstance(record, Deal) and not record.gone else None
    person = next((c for c in account.contacts if _is(c, other)), None) or account.addressee(known)
    places = [
        *((known.ref,) if known else ()),
        *(company.ref for company in account.companies[:1]),
        *((person.ref,) if person else ()),
    ]
    return tuple(ref for ref in places if ref.connection == policy.roles.crm)


def _is(contact: Contact, other: str) -> bool:
    return bool(other) and other.lower() in (contact.email.lower(), contact.phone)
