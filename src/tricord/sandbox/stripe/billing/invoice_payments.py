"""Invoice payments: the link between an invoice and the intents that pay it."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import bad_parameter
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import intents
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    Shape,
    choice,
    nested,
    shape,
    time_filter,
    word,
)

_PAYMENT = Shape(
    {
        "payment_intent": word,
        "payment_record": word,
        "type": choice("payment_intent", "payment_record"),
    },
    ("type",),
)
LIST = shape(
    **PAGE,
    created=time_filter,
    invoice=word,
    payment=nested(_PAYMENT),
    status=choice("canceled", "open", "paid"),
)
READ = shape()


def link(account: Account, invoice: Json, source: Json, amount: int, *, default: bool) -> Json:
    """Tie a payment intent or payment record to the invoice, open until it is paid."""
    kind = source["object"]
    return account.add(
        {
            "id": account.new_id("invoice_payment"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": amount,
            "created": account.now(),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": default,
            "livemode": False,
            "payment": {kind: source["id"], "type": kind},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )


def of_invoice(account: Account, invoice: Json) -> list[Json]:
    return list(account.payments.get(invoice["id"], ()))


def default_of(account: Account, invoice: Json) -> Json | None:
    """The invoice's default payment while it is open."""
    for payment in of_invoice(account, invoice):
        if payment["is_default"] and payment["status"] == "open":
            return payment
    return None


def open_default(account: Account, invoice: Json) -> None:
    """What finalizing does: an intent for the whole remainder, waiting for the client."""
    amount = invoice["amount_remaining"]
    intent = intents.new(account, amount, invoice["currency"], invoice["customer"])
    intent["description"] = f"Payment for Invoice {invoice['number']}"
    link(account, invoice, intent, amount, default=True)
    account.emit("payment_intent.created", intent)


def follow_remaining(account: Account, invoice: Json, *, reason: str | None = None) -> None:
    """Keep the open default payment equal to what remains; nothing left cancels it."""
    payment = default_of(account, invoice)
    if payment is None:
        return
    intent = account.tables["payment_intent"][payment["payment"]["payment_intent"]]
    if invoice["amount_remaining"] > 0 and invoice["status"] in {"open", "uncollectible"}:
        payment["amount_requested"] = invoice["amount_remaining"]
        intent["amount"] = invoice["amount_remaining"]
        return
    cancel(account, payment)
    intents.cancel_for(account, intent, reason)


def cancel(account: Account, payment: Json) -> None:
    payment["status"] = "canceled"
    payment["status_transitions"]["canceled_at"] = account.now()


def mark_paid(account: Account, payment: Json, amount: int) -> None:
    payment.update(amount_paid=amount, status="paid")
    payment["status_transitions"]["paid_at"] = account.now()
    account.emit("invoice_payment.paid", payment)


def canceled_with_intent(account: Account, intent: Json) -> None:
    """Cancelling an attached intent cancels its link."""
    for payment in account.tables["invoice_payment"].values():
        mine = payment["payment"].get("payment_intent") == intent["id"]
        if mine and payment["status"] == "open":
            cancel(account, payment)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("invoice_payment", call.id)


def list_(account: Account, call: Call) -> Json:
    wanted = copy.copy(call.params.get("payment"))
    if wanted is not None and wanted["type"] not in wanted:
        param = f"payment[{wanted['type']}]"
        raise bad_parameter(f"Missing required param: {param}.", param, "parameter_missing")
    found = (
        payment
        for payment in account.newest_first("invoice_payment")
        if lists.matches(call, payment, "invoice", "status")
        and lists.in_time(call, payment)
        and (wanted is None or payment["payment"].get(wanted["type"]) == wanted[wanted["type"]])
    )
    return lists.page(call, found)
