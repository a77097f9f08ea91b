"""What the client and the banks do: pay by the hosted page, complain, decide a dispute."""

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import invoice_payments
from tricord.sandbox.stripe.errors import bad_parameter, wrong_state
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import cards, disputes, intents, refunds

DISPUTE_REASONS = (
    "fraudulent",
    "product_not_received",
    "product_unacceptable",
    "duplicate",
    "credit_not_processed",
    "subscription_canceled",
    "general",
)


def pay_invoice(account: Account, invoice_id: str, amount: int | None, card: str) -> Json:
    """Pay `amount` in minor units, all that remains when None, as the hosted page would.

    The whole remainder goes through the default payment. Any other amount is a payment of its own:
    a part, or more than was asked, as a bank transfer can be.
    """
    invoice = account.get("invoice", invoice_id)
    if invoice["status"] not in {"open", "uncollectible"}:
        raise wrong_state(f"An invoice that is {invoice['status']} cannot be paid.")
    if amount is not None and amount < 1:
        raise bad_parameter("The amount must be at least 1 minor unit.", "amount")
    method = cards.use(account, card)
    method["billing_details"].update(email=invoice["customer_email"], name=invoice["customer_name"])
    payment = invoice_payments.default_of(account, invoice)
    if payment is not None and amount in (None, invoice["amount_remaining"]):
        intent = account.tables["payment_intent"][payment["payment"]["payment_intent"]]
    else:
        paid = invoice["amount_remaining"] if amount is None else amount
        intent = intents.new(account, paid, invoice["currency"], invoice["customer"])
        intent["description"] = f"Payment for Invoice {invoice['number']}"
        account.emit("payment_intent.created", intent)
        invoice_payments.link(account, invoice, intent, paid, default=False)
    intents.confirm(account, intent, method)
    return invoice


def authenticate(account: Account, intent_id: str, *, agreed: bool) -> Json:
    """The client answers 3-D Secure."""
    intent = account.get("payment_intent", intent_id)
    if intent["status"] != "requires_action":
        raise wrong_state("This payment does not wait for the client.")
    method = account.tables["payment_method"][intent["payment_method"]]
    if agreed:
        intents.confirm(account, intent, method, authenticated=True)
        return intent
    intent.update(next_action=None, payment_method=None, status="requires_payment_method")
    intent["last_payment_error"] = {
        "code": "payment_intent_authentication_failure",
        "message": "The provided PaymentMethod has failed authentication.",
        "type": "invalid_request_error",
    }
    account.emit("payment_intent.payment_failed", intent)
    return intent


def refund_charge(account: Account, charge_id: str, amount: int | None, status: str) -> Json:
    """The seller refunds from the dashboard. `status` empty lets the card decide."""
    charge = account.get("charge", charge_id)
    starts = "pending" if status == "failed" else status
    refund = refunds.give_back(
        account, charge, amount, reason="requested_by_customer", status=starts
    )
    refunds.announce(account, refund, charge)
    if status == "failed":
        refunds.settle(account, refund, "failed")
    return refund


def settle_refund(account: Account, refund_id: str, status: str, reason: str | None) -> Json:
    refund = account.get("refund", refund_id)
    if refund["status"] == "failed":
        raise wrong_state("This refund has failed already.")
    if reason is not None and reason not in refunds.FAILURES:
        raise bad_parameter(f"failure_reason is one of: {', '.join(refunds.FAILURES)}", "reason")
    refunds.settle(account, refund, status, reason)
    return refund


def dispute_charge(account: Account, charge_id: str, amount: int | None, reason: str) -> Json:
    if reason not in DISPUTE_REASONS:
        raise bad_parameter(f"reason is one of: {', '.join(DISPUTE_REASONS)}", "reason")
    return disputes.open_on(account, account.get("charge", charge_id), amount, reason)


def close_dispute(account: Account, dispute_id: str, status: str) -> Json:
    if status not in {"won", "lost"}:
        raise bad_parameter("status is won or lost", "status")
    return disputes.close(account, account.get("dispute", dispute_id), status)
