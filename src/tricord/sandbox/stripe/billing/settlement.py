"""Money arriving at an invoice: credited, paid off, overpaid, or refused by the bank."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import balance, invoice_payments, totals
from tricord.sandbox.stripe.kinds import Json

_AWAITING = {"open", "uncollectible"}


def intent_succeeded(account: Account, intent: Json) -> None:
    """Credit every invoice the intent is attached to."""
    for payment in _open_links(account, intent):
        invoice_payments.mark_paid(account, payment, intent["amount_received"])
        credit(account, account.tables["invoice"][payment["invoice"]], attempted=True)


def intent_failed(account: Account, intent: Json) -> None:
    for payment in _open_links(account, intent):
        invoice = account.tables["invoice"][payment["invoice"]]
        before = copy.deepcopy(invoice)
        _count_attempt(invoice)
        account.updated(invoice, before)
        account.emit("invoice.payment_failed", invoice)


def intent_asks(account: Account, intent: Json) -> None:
    for payment in _open_links(account, intent):
        invoice = account.tables["invoice"][payment["invoice"]]
        account.emit("invoice.payment_action_required", invoice)


def credit(account: Account, invoice: Json, *, attempted: bool, before: Json | None = None) -> None:
    """Recount what the invoice has received and say what changed, since `before` where given.

    `attempted` is False when no payment was tried: credit notes, money outside of Stripe.
    """
    before = copy.deepcopy(invoice) if before is None else before
    if attempted:
        _count_attempt(invoice)
    totals.settle(account, invoice)
    paid_off = invoice["status"] in _AWAITING and invoice["amount_remaining"] == 0
    if paid_off:
        mark_paid(account, invoice)
    account.updated(invoice, before)
    if paid_off:
        account.emit("invoice.paid", invoice)
        if attempted:
            account.emit("invoice.payment_succeeded", invoice)
    invoice_payments.follow_remaining(account, invoice, reason="automatic")
    _credit_surplus(account, invoice, invoice["amount_overpaid"] - before["amount_overpaid"])


def mark_paid(account: Account, invoice: Json) -> None:
    invoice.update(attempted=True, auto_advance=False, next_payment_attempt=None, status="paid")
    invoice["status_transitions"]["paid_at"] = account.now()


def _credit_surplus(account: Account, invoice: Json, surplus: int) -> None:
    if surplus <= 0:
        return
    account.emit("invoice.overpaid", invoice)
    customer = account.tables["customer"][invoice["customer"]]
    if not customer.get("deleted"):
        balance.change(
            account,
            customer,
            -surplus,
            "invoice_overpaid",
            currency=invoice["currency"],
            invoice=invoice["id"],
        )


def _count_attempt(invoice: Json) -> None:
    invoice["attempted"] = True
    invoice["attempt_count"] += 1


def _open_links(account: Account, intent: Json) -> list[Json]:
    return [
        payment
        for payment in account.tables["invoice_payment"].values()
        if payment["payment"].get("payment_intent") == intent["id"] and payment["status"] == "open"
    ]
