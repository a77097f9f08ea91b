"""Timeline: invoices, payments, messages and calls stand on the CRM record they belong to."""

import fnmatch
from collections.abc import Iterator

from tricord.core.account import Account
from tricord.core.billing import facts_of
from tricord.core.cases import Case
from tricord.core.commands import ActivityKind, Command, LogActivity, SendMessage, because
from tricord.core.ids import Instant, Kind, Ref
from tricord.core.ledger import Standing, standings
from tricord.core.policy.conditions import Condition, ConditionUndecided
from tricord.core.policy.types import Policy
from tricord.core.records import (
    Call,
    CallStatus,
    Channel,
    Deal,
    Direction,
    DisputeStatus,
    Message,
    Payment,
    PaymentStatus,
    RefundStatus,
)
from tricord.core.templates import CONTENT_CLASS

RULE = "timeline"
_WITHHELD = "(The text is withheld: this record is privileged.)"
_DISPUTE_WORDS = {
    DisputeStatus.INQUIRY: "The client's bank asks about a payment",
    DisputeStatus.OPEN: "The client disputes a payment",
    DisputeStatus.WON: "A dispute was won",
    DisputeStatus.LOST: "A dispute was lost; the money went back",
    DisputeStatus.CLOSED: "A dispute was closed",
}

_ACTIVITIES = {
    Channel.EMAIL: ActivityKind.EMAIL,
    Channel.SMS: ActivityKind.SMS,
    Channel.CALL: ActivityKind.CALL,
}
_CALL_WORDS = {
    (Direction.IN, CallStatus.COMPLETED): "Call from",
    (Direction.IN, CallStatus.MISSED): "Missed call from",
    (Direction.OUT, CallStatus.COMPLETED): "Call to",
    (Direction.OUT, CallStatus.MISSED): "Nobody answered the call to",
}


def timeline(account: Account, policy: Policy, now: Instant) -> Iterator[Command | Case]:
    """One CRM activity for each thing that happened since go-live, told once."""
    for owed in standings(account):
        yield from _of_invoice(account, owed, policy)
    for message in account.messages:
        yield from _of_message(account, message, policy)
    for call in account.calls:
        yield from _of_call(account, call, policy)


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


def _of_message(account: Account, message: Message, policy: Policy) -> Iterator[Command]:
    at = message.sent_at
    if at is None or at < policy.firm.go_live or message.channel not in policy.logging.channels:
        return
    domain = message.other.rpartition("@")[2].lower()
    if any(fnmatch.fnmatchcase(domain, never.lower()) for never in policy.logging.never):
        return
    invoice = next((i for i in account.invoices if i.ref == message.about), None)
    about = message.about if message.about and message.about.kind is Kind.DEAL else None
    deal = invoice.deal if invoice else about
    on = _places(account, deal, policy)
    if not on:
        return
    withheld = _is_privileged(account, deal, message, policy)
    yield LogActivity(
        key=f"timeline/message/{message.ref}",
        connection=policy.roles.crm,
        account=account.id,
        because=because(f"{RULE}/message", policy.version, message=message.ref),
        activity=_ACTIVITIES[message.channel],
        at=at,
        subject=message.subject,
        body=_WITHHELD if withheld else message.body,
        on=on,
        sender=message.sender,
        recipient=message.recipient,
        direction=message.direction,
    )


def _of_call(account: Account, call: Call, policy: Policy) -> Iterator[Command]:
    """A call once it is over: who called, and how long they talked."""
    at, words = call.started_at, _CALL_WORDS.get((call.direction, call.status))
    if at is None or at < policy.firm.go_live or words is None:
        return
    on = _places(account, None, policy)
    if "call" not in policy.logging.channels or not on:
        return
    minutes, seconds = divmod(call.seconds, 60)
    told = [f"They talked for {minutes} min {seconds} s."] if call.seconds else []
    told += [f"{len(call.recordings)} recorded at the telephone system."] if call.recordings else []
    yield LogActivity(
        key=f"timeline/call/{call.ref}",
        connection=policy.roles.crm,
        account=account.id,
        because=because(f"{RULE}/call", policy.version, call=call.ref),
        activity=ActivityKind.CALL,
        at=at,
        subject=f"{words} {call.other or 'a withheld number'}",
        body="\n".join(told),
        on=on,
        sender=call.caller,
        recipient=call.callee,
        direction=call.direction,
        seconds=call.seconds,
    )


def _is_privileged(account: Account, deal: Ref | None, message: Message, policy: Policy) -> bool:
    """Default deny: a condition that cannot be answered makes the content privileged."""
    rule = policy.logging.privileged
    if rule is None or _content_class(account, message) in rule.excepted:
        return False
    record = account.records.get(deal) if deal else None
    # Where nobody can say which deal a message is about, it may be about any of them.
    deals = (record,) if isinstance(record, Deal) else account.deals
    return any(_holds(rule.when, one, policy) for one in deals)


def _holds(when: Condition, deal: Deal, policy: Policy) -> bool:
    try:
        currency = deal.currency or policy.firm.currency
        return when.holds({"deal": facts_of(deal, policy)}, currency)
    except ConditionUndecided:
        return True


def _content_class(account: Account, message: Message) -> str:
    for effect in account.effects.values():
        if isinstance(effect.command, SendMessage) and effect.remote == message.ref:
            return CONTENT_CLASS.get(effect.command.template, "")
    return ""


def _places(account: Account, deal: Ref | None, policy: Policy) -> tuple[Ref, ...]:
    """The CRM records an entry belongs on: its deal, the company, the person."""
    record = account.records.get(deal) if deal else None
    known = record if isinstance(record, Deal) and not record.gone else None
    person = account.addressee(known)
    places = [
        *((known.ref,) if known else ()),
        *(company.ref for company in account.companies[:1]),
        *((person.ref,) if person else ()),
    ]
    return tuple(ref for ref in places if ref.connection == policy.roles.crm)
