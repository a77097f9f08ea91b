"""An invoice's way from draft to its end: finalize, send, pay, attach, void, give up."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import balance, invoice_payments, settlement, totals
from tricord.sandbox.stripe.errors import StripeRefusal, bad_parameter, wrong_state
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import cards, intents
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import absent, boolean, shape, word

FINALIZE = shape(auto_advance=boolean)
PAY = shape(
    forgive=boolean,
    mandate=absent("mandates"),
    off_session=boolean,
    paid_out_of_band=boolean,
    payment_method=word,
    source=absent("sources"),
)
ATTACH = shape(payment_intent=word, payment_record=word)
PLAIN = shape()


def finalize(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] != "draft":
        message = "This invoice is already finalized, you can't re-finalize a non-draft invoice."
        raise wrong_state(message, "invoice_not_editable")
    make_final(account, invoice, auto_advance=call.params.get("auto_advance"))
    return invoice


def send(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["collection_method"] != "send_invoice":
        message = (
            "You can only manually send an invoice if its collection method is 'send_invoice'."
        )
        raise wrong_state(message)
    if not invoice["customer_email"]:
        raise wrong_state(
            "Missing email. In order to create invoices that are sent to the customer, the "
            "customer must have a valid email.",
            "email_invalid",
        )
    if invoice["status"] == "void":
        raise wrong_state("You cannot send an invoice that has been voided.")
    if invoice["status"] == "draft":
        make_final(account, invoice)
    mail(account, invoice)
    return invoice


def pay(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] == "draft":
        make_final(account, invoice)
        if invoice["status"] == "paid":
            return invoice
    if invoice["status"] == "paid":
        raise wrong_state("Invoice is already paid")
    if invoice["status"] == "void":
        raise wrong_state("You cannot pay an invoice that has been voided.")
    if call.params.get("paid_out_of_band"):
        _receive_outside(account, invoice, invoice["amount_remaining"])
        return invoice
    charge_default(account, invoice, call.params.get("payment_method"))
    return invoice


def attach_payment(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    intent_id, record_id = (call.params.get(k) for k in ("payment_intent", "payment_record"))
    if (intent_id is None) == (record_id is None):
        message = "You must provide exactly one of payment_intent and payment_record."
        raise bad_parameter(message, "payment_intent", "parameter_missing")
    if invoice["status"] != "open":
        message = f"You can only attach payments to open invoices; this one is {invoice['status']}."
        raise wrong_state(message)
    if record_id is not None:
        _attach_record(account, invoice, record_id)
    else:
        _attach_intent(account, invoice, str(intent_id))
    return invoice


def void(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] not in {"open", "uncollectible"}:
        raise wrong_state(
            f"You can only void open or uncollectible invoices; this one is {invoice['status']}.",
            "invoice_not_editable",
        )
    # docs.stripe.com/invoicing/partial-payments: open or paid payments block voiding.
    for payment in invoice_payments.of_invoice(account, invoice):
        if payment["status"] == "paid" or (
            payment["status"] == "open" and not payment["is_default"]
        ):
            message = f"You cannot void this invoice: it has a payment ({payment['id']})."
            raise wrong_state(message, "invoice_not_editable")
    before = copy.deepcopy(invoice)
    invoice.update(auto_advance=False, next_payment_attempt=None, status="void")
    invoice["status_transitions"]["voided_at"] = account.now()
    invoice_payments.follow_remaining(account, invoice, reason="void_invoice")
    account.updated(invoice, before)
    account.emit("invoice.voided", invoice)
    _move_balance(account, invoice, invoice["starting_balance"] - invoice["ending_balance"], "un")
    return invoice


def mark_uncollectible(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] != "open":
        message = (
            f"You can only mark open invoices as uncollectible; this one is {invoice['status']}."
        )
        raise wrong_state(message, "invoice_not_editable")
    for payment in invoice_payments.of_invoice(account, invoice):
        if payment["status"] == "open" and not payment["is_default"]:
            message = "You cannot mark an invoice with an open payment as uncollectible."
            raise wrong_state(message)
    before = copy.deepcopy(invoice)
    invoice.update(auto_advance=False, next_payment_attempt=None, status="uncollectible")
    invoice["status_transitions"]["marked_uncollectible_at"] = account.now()
    account.updated(invoice, before)
    account.emit("invoice.marked_uncollectible", invoice)
    return invoice


def make_final(account: Account, invoice: Json, *, auto_advance: bool | None = None) -> None:
    """Number the invoice, use the customer's balance, and open it; nothing due pays it."""
    customer = account.get("customer", invoice["customer"], param="customer")
    before = copy.deepcopy(invoice)
    totals.add_up_draft(account, invoice)
    now = account.now()
    if auto_advance is not None:
        invoice["auto_advance"] = auto_advance
    if invoice["number"] is None:
        invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
        customer["next_invoice_sequence"] += 1
    token = account.mint.token(48)
    url = f"{account.base_url}/i/{account.id}/test_{token}"
    invoice.update(
        automatically_finalizes_at=None,
        effective_at=invoice["effective_at"] or now,
        ending_balance=totals.ending_balance(invoice),
        hosted_invoice_url=f"{url}?s=ap",
        invoice_pdf=f"{url}/pdf?s=ap",
        status="open",
    )
    invoice["status_transitions"]["finalized_at"] = now
    free = invoice["amount_due"] == 0
    if free:
        settlement.mark_paid(account, invoice)
    else:
        invoice_payments.open_default(account, invoice)
    account.emit("invoice.finalized", invoice)
    account.updated(invoice, before)
    if free:
        account.emit("invoice.paid", invoice)
    _move_balance(account, invoice, invoice["ending_balance"] - invoice["starting_balance"])


def mail(account: Account, invoice: Json) -> None:
    """Test mode sends no e-mail; the box keeps what live mode would have sent."""
    account.emails.append(
        {
            "at": account.now(),
            "to": invoice["customer_email"],
            "subject": f"Invoice {invoice['number']} from {invoice['account_name']}",
            "invoice": invoice["id"],
            "amount_due": invoice["amount_remaining"],
            "currency": invoice["currency"],
            "due_date": invoice["due_date"],
            "hosted_invoice_url": invoice["hosted_invoice_url"],
        }
    )
    account.emit("invoice.sent", invoice)


def charge_default(account: Account, invoice: Json, method_id: str | None) -> None:
    """Try the default payment with the method named, the invoice's, or the customer's."""
    customer = account.tables["customer"][invoice["customer"]]
    settings = customer.get("invoice_settings") or {}
    chosen = (
        method_id or invoice["default_payment_method"] or settings.get("default_payment_method")
    )
    if chosen is None:
        raise wrong_state(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set "
            "either to proceed with the payment.",
            "missing",
        )
    method = cards.use(account, chosen)
    payment = invoice_payments.default_of(account, invoice)
    if payment is None:
        raise wrong_state("This invoice has no open default payment.")
    intent = account.tables["payment_intent"][payment["payment"]["payment_intent"]]
    intents.confirm(account, intent, method)
    if intent["status"] == "requires_action":
        raise StripeRefusal(
            402,
            "This payment requires additional user action before it can be completed successfully.",
            kind="card_error",
            code="invoice_payment_intent_requires_action",
            payment_intent=copy.deepcopy(intent),
        )


def _attach_intent(account: Account, invoice: Json, intent_id: str) -> None:
    intent = account.get("payment_intent", intent_id, param="payment_intent")
    for name in ("customer", "currency"):
        if intent[name] != invoice[name]:
            message = f"The PaymentIntent must have the same {name} as the invoice."
            raise bad_parameter(message, "payment_intent")
    if intent["status"] == "canceled":
        raise wrong_state("You cannot attach a canceled PaymentIntent to an invoice.")
    if intent["amount"] > invoice["amount_remaining"]:
        message = "The PaymentIntent's amount is greater than the invoice's amount remaining."
        raise bad_parameter(message, "payment_intent")
    for payment in account.tables["invoice_payment"].values():
        if payment["payment"].get("payment_intent") == intent_id:
            message = f"The PaymentIntent is already attached to invoice {payment['invoice']}."
            raise bad_parameter(message, "payment_intent")
    invoice_payments.link(account, invoice, intent, intent["amount"], default=False)
    if intent["status"] == "succeeded":
        settlement.intent_succeeded(account, intent)


def _attach_record(account: Account, invoice: Json, record_id: str) -> None:
    record = account.get("payment_record", record_id, param="payment_record")
    amount = record["amount_guaranteed"]["value"]
    if record["amount"]["currency"] != invoice["currency"]:
        message = "The PaymentRecord must have the same currency as the invoice."
        raise bad_parameter(message, "payment_record")
    payment = invoice_payments.link(account, invoice, record, amount, default=False)
    invoice_payments.mark_paid(account, payment, amount)
    _receive_outside(account, invoice, amount)


def _receive_outside(account: Account, invoice: Json, amount: int) -> None:
    before = copy.deepcopy(invoice)
    invoice["amount_paid_off_stripe"] += amount
    settlement.credit(account, invoice, attempted=False, before=before)


def _move_balance(account: Account, invoice: Json, amount: int, direction: str = "") -> None:
    customer = account.tables["customer"][invoice["customer"]]
    if amount == 0 or customer.get("deleted"):
        return
    reason = "unapplied_from_invoice" if direction else "applied_to_invoice"
    balance.change(
        account, customer, amount, reason, currency=invoice["currency"], invoice=invoice["id"]
    )
