"""Reading Stripe: one object as a record, and the events since a cursor.

Amounts and states come from the objects; which payment belongs to which invoice comes from the
InvoicePayments, because since version basil neither a charge nor a payment intent names its
invoice (docs.stripe.com/changelog/basil).
"""

import json
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from tricord.connectors.stripe.amounts import money_at, money_or_zero
from tricord.core.ids import ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.records import (
    CreditNote,
    Customer,
    Dispute,
    DisputeStatus,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentStatus,
    Record,
    Refund,
    RefundStatus,
    gone,
)
from tricord.sdk.connector import Access
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.reader import Reader, milliseconds
from tricord.sdk.talk import Changes, Listing, Missed, Reading, Response, Wire, get, segment

EVENTS = (
    "customer.created", "customer.updated", "customer.deleted",
    "invoice.finalized", "invoice.updated", "invoice.sent", "invoice.paid", "invoice.voided",
    "invoice.marked_uncollectible", "invoice.deleted", "invoice_payment.paid",
    "refund.created", "refund.updated", "refund.failed",
    "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
    "credit_note.created", "credit_note.updated", "credit_note.voided",
)  # fmt: skip
"""The events that change what is owed; a list call takes at most 20 types."""
OVERLAP_SECONDS = 60
_PAGES = 50

_REFUND_STATUS = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_DISPUTE_STATUS = {
    "warning_needs_response": DisputeStatus.INQUIRY,
    "warning_under_review": DisputeStatus.INQUIRY,
    "warning_closed": DisputeStatus.CLOSED,
    "needs_response": DisputeStatus.OPEN,
    "under_review": DisputeStatus.OPEN,
    "appeal_needs_response": DisputeStatus.OPEN,
    "appeal_under_review": DisputeStatus.OPEN,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    "prevented": DisputeStatus.CLOSED,
}

S = TypeVar("S", InvoiceStatus, PaymentStatus)
Make = Callable[[ConnectionName, Reader, Instant], Record]


def read_invoice(access: Access, ref: Ref, now: Instant) -> Reading:
    """The invoice and every payment on it."""
    answer = yield get(
        f"/v1/invoices/{segment(ref.external_id)}",
        [("expand[]", "payments")],
        expected=(200, 404),
    )
    if answer.status == 404 or answer.read.flag_or("deleted"):
        return (gone(ref, milliseconds(now)),)
    found = answer.read
    payments = yield from rows_of(
        found.child_or_empty("payments"), "/v1/invoice_payments", [("invoice", ref.external_id)]
    )
    paid = [invoice_payment(access.connection, row, now) for row in payments]
    return (invoice(access.connection, found, now), *(p for p in paid if p is not None))


def rows_of(
    listed: Reader, path: str, query: Sequence[tuple[str, str]] = ()
) -> Generator[Wire, Response, list[Reader]]:
    """All rows of a list of which Stripe gave the first ones, and where the others are."""
    rows = page = list(listed.children("data"))
    while page and listed.flag_or("has_more"):
        last = [("limit", "100"), ("starting_after", rows[-1].text("id"))]
        listed = (yield get(path, [*query, *last])).read
        page = list(listed.children("data"))
        rows = [*rows, *page]
    return rows


def _reader(path: str, make: Make) -> Callable[[Access, Ref, Instant], Reading]:
    def read(access: Access, ref: Ref, now: Instant) -> Reading:
        answer = yield get(f"{path}/{segment(ref.external_id)}", expected=(200, 404))
        if answer.status == 404 or answer.read.flag_or("deleted"):
            return (gone(ref, milliseconds(now)),)
        return (make(access.connection, answer.read, now),)

    return read


def customer(connection: ConnectionName, found: Reader, now: Instant) -> Customer:
    return Customer(
        ref=Ref(connection, Kind.CUSTOMER, ExternalId(found.text("id"))),
        version=milliseconds(now),
        name=found.text_or("name"),
        email=found.text_or("email").lower(),
        account=found.child_or_empty("metadata").text_or("tricord_account"),
        phone=found.text_or("phone"),
        address=_address(found.child_or_empty("address")),
    )


def _address(found: Reader) -> str:
    parts = [found.text_or(name) for name in ("line1", "line2", "postal_code", "city")]
    return ", ".join(part for part in parts if part)


def invoice(connection: ConnectionName, found: Reader, now: Instant) -> Invoice:
    """An Invoice object without its payments. A status we do not know is malformed, not guessed."""
    marks = found.child_or_empty("metadata")
    moments = found.child_or_empty("status_transitions")
    deal = marks.text_or("tricord_deal")
    return Invoice(
        ref=Ref(connection, Kind.INVOICE, ExternalId(found.text("id"))),
        version=milliseconds(now),
        customer=Ref(connection, Kind.CUSTOMER, ExternalId(expandable(found, "customer"))),
        status=_status(InvoiceStatus, found),
        total=money_at(found, "total"),
        paid=money_or_zero(found, "amount_paid"),
        number=found.text_or("number"),
        key=marks.text_or("tricord_key"),
        party=found.text_or("customer_name"),
        deal=_deal(deal, marks),
        url=found.text_or("hosted_invoice_url"),
        issued_at=moments.unix_time_or_none("finalized_at"),
        due_at=found.unix_time_or_none("due_date"),
        paid_at=moments.unix_time_or_none("paid_at"),
    )


def invoice_payment(connection: ConnectionName, found: Reader, now: Instant) -> Payment | None:
    """One InvoicePayment; None for one that names no payment yet."""
    payment = found.child_or_empty("payment")
    kind = payment.text_or("type")
    if not kind or not payment.has(kind):
        return None
    status = _status(PaymentStatus, found)
    amount = "amount_paid" if status is PaymentStatus.PAID else "amount_requested"
    return Payment(
        ref=Ref(connection, Kind.PAYMENT, ExternalId(expandable(payment, kind))),
        version=milliseconds(now),
        invoice=Ref(connection, Kind.INVOICE, ExternalId(expandable(found, "invoice"))),
        amount=money_or_zero(found, amount),
        status=status,
        paid_at=found.child_or_empty("status_transitions").unix_time_or_none("paid_at"),
    )


def refund(connection: ConnectionName, found: Reader, now: Instant) -> Refund:
    status = found.text_or("status", "pending")
    if status not in _REFUND_STATUS:
        raise PayloadMalformed(f"{found.path}.status: unknown")
    return Refund(
        ref=Ref(connection, Kind.REFUND, ExternalId(found.text("id"))),
        version=milliseconds(now),
        payment=_payment_of(connection, found),
        amount=money_at(found, "amount"),
        status=_REFUND_STATUS[status],
        created_at=found.unix_time_or_none("created"),
    )


def dispute(connection: ConnectionName, found: Reader, now: Instant) -> Dispute:
    status = found.text("status")
    if status not in _DISPUTE_STATUS:
        raise PayloadMalformed(f"{found.path}.status: unknown")
    return Dispute(
        ref=Ref(connection, Kind.DISPUTE, ExternalId(found.text("id"))),
        version=milliseconds(now),
        payment=_payment_of(connection, found),
        amount=money_at(found, "amount"),
        status=_DISPUTE_STATUS[status],
        reason=found.text_or("reason"),
        created_at=found.unix_time_or_none("created"),
    )


def credit_note(connection: ConnectionName, found: Reader, now: Instant) -> CreditNote:
    return CreditNote(
        ref=Ref(connection, Kind.CREDIT_NOTE, ExternalId(found.text("id"))),
        version=milliseconds(now),
        invoice=Ref(connection, Kind.INVOICE, ExternalId(expandable(found, "invoice"))),
        amount=money_at(found, "total"),
        void=found.text("status") == "void",
        created_at=found.unix_time_or_none("created"),
    )


read_customer = _reader("/v1/customers", customer)
read_refund = _reader("/v1/refunds", refund)
read_dispute = _reader("/v1/disputes", dispute)
read_credit_note = _reader("/v1/credit_notes", credit_note)


def changes(access: Access, cursor: str, now: Instant) -> Listing:
    """The events since the cursor, oldest first, as they would have come by webhook.

    Stripe keeps events for 30 days and lists the newest first. The cursor remembers the ids of the
    last minute, because events of one second may become visible one after the other, and where
    the next step goes on when there are more events than one step takes.
    """
    since, seen, *rest = json.loads(cursor) if cursor else (int(now.timestamp()), [])
    start, last = rest[0] if rest else (since - OVERLAP_SECONDS, "")
    query = [
        *(("types[]", name) for name in EVENTS),
        ("created[gte]", str(start)),
        ("limit", "100"),
    ]
    rows: list[Reader] = []
    more = True
    for _ in range(_PAGES):
        after = [("starting_after", last)] if last else []
        page = (yield get("/v1/events", [*query, *after])).read
        found = list(page.children("data"))
        rows.extend(found)
        more = bool(found) and page.flag_or("has_more")
        if not more:
            break
        last = rows[-1].text("id")
    known = set(seen)
    missed = [
        Missed(
            id=row.text("id"),
            body=json.dumps(row.value, separators=(",", ":")).encode(),
            version=row.integer("created") * 1000,
        )
        for row in reversed(rows)
        if row.text("id") not in known
    ]
    if not rest:
        since = max((row.integer("created") for row in rows), default=since)
        recent = [row for row in rows if row.integer("created") >= since - OVERLAP_SECONDS]
        seen = sorted(row.text("id") for row in recent)
    place = [since, seen, [start, last]] if more else [since, seen]
    return Changes(cursor=json.dumps(place), missed=tuple(missed), more=more)


def since(at: Instant) -> str:
    return json.dumps([int(at.timestamp()), []])


def expandable(found: Reader, name: str) -> str:
    """An id, whether Stripe gave the id alone or the whole object."""
    value = found.value.get(name)
    return found.child(name).text("id") if isinstance(value, dict) else found.text(name)


def _payment_of(connection: ConnectionName, found: Reader) -> Ref:
    name = "payment_intent" if found.has("payment_intent") else "charge"
    return Ref(connection, Kind.PAYMENT, ExternalId(expandable(found, name)))


def _deal(text: str, marks: Reader) -> Ref | None:
    if not text:
        return None
    try:
        return Ref.parse(text)
    except ValueError:
        raise PayloadMalformed(f"{marks.path}.tricord_deal: not a record of ours") from None


def _status(kind: type[S], found: Reader) -> S:
    try:
        return kind(found.text("status"))
    except ValueError:
        raise PayloadMalformed(f"{found.path}.status: unknown") from None
