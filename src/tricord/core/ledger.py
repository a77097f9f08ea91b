"""What is owed, from our own books: no vendor has a trustworthy "partly paid" state.

Balance = total − payments + refunds + lost disputes − credits. At Stripe a refund or a lost dispute
leaves the invoice `paid`; here it is owed again until a credit says otherwise.
"""

from dataclasses import dataclass

from tricord.core.account import Account
from tricord.core.ids import Instant, Ref
from tricord.core.money import Money, total
from tricord.core.records import (
    DisputeStatus,
    Invoice,
    InvoiceStatus,
    PaymentStatus,
    RefundStatus,
)

OWING = (InvoiceStatus.OPEN, InvoiceStatus.PAID, InvoiceStatus.UNCOLLECTIBLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one issued invoice stands. All amounts are zero or more, except `balance`.

    A negative balance is money the client has with us. `settled_at` is when the balance reached
    zero by payments, None while it has not.
    """

    invoice: Invoice
    received: Money
    refunded: Money
    reversed: Money
    credited: Money
    disputed: bool
    settled_at: Instant | None

    @property
    def balance(self) -> Money:
        return self.invoice.total - self.received + self.refunded + self.reversed - self.credited

    @property
    def outstanding(self) -> Money:
        """What the client still owes: the balance, or zero when it is in the client's favour."""
        return max(self.balance, Money.zero(self.balance.currency))

    @property
    def partly_paid(self) -> bool:
        return bool(self.outstanding) and self.received > Money.zero(self.received.currency)

    def overdue(self, now: Instant) -> bool:
        due = self.invoice.due_at
        return bool(self.outstanding) and due is not None and due <= now

    @property
    def word(self) -> str:
        """One word for the CRM, without the passing of time in it."""
        if self.disputed:
            return "disputed"
        if self.reversed or (self.refunded and self.outstanding):
            return "refunded"
        if not self.outstanding:
            return "paid"
        return "partly_paid" if self.partly_paid else "invoiced"


def standing(account: Account, invoice: Invoice) -> Standing:
    """The books of one invoice, from every payment, refund, dispute and credit the account holds.

    Where the engine itself says it received more than the payments we have seen (a payment taken
    outside it, or one whose record is still on its way), the greater figure counts: a client who
    has paid is never treated as one who has not.
    """
    currency = invoice.total.currency
    payments = [
        payment
        for payment in account.payments
        if payment.invoice == invoice.ref and payment.status is PaymentStatus.PAID
    ]
    of_invoice = {payment.ref for payment in payments}
    refunds = [
        refund.amount
        for refund in account.refunds
        if refund.payment in of_invoice and refund.status is not RefundStatus.FAILED
    ]
    disputes = [dispute for dispute in account.disputes if dispute.payment in of_invoice]
    lost = [dispute.amount for dispute in disputes if dispute.status is DisputeStatus.LOST]
    credits = [
        note.amount
        for note in account.credit_notes
        if note.invoice == invoice.ref and not note.void
    ]
    received = max(total([p.amount for p in payments], currency), invoice.paid)
    times = [p.paid_at for p in payments if p.paid_at]
    settled = received + total(credits, currency) >= invoice.total
    return Standing(
        invoice=invoice,
        received=received,
        refunded=total(refunds, currency),
        reversed=total(lost, currency),
        credited=total(credits, currency),
        disputed=any(d.status is DisputeStatus.OPEN for d in disputes),
        settled_at=(max(times) if times else invoice.paid_at) if settled else None,
    )


def standings(account: Account) -> tuple[Standing, ...]:
    """Every invoice that was issued and not voided, by ref."""
    return tuple(
        standing(account, invoice) for invoice in account.invoices if invoice.status in OWING
    )


def of_deal(account: Account, deal: Ref) -> tuple[Standing, ...]:
    return tuple(s for s in standings(account) if s.invoice.deal == deal)
