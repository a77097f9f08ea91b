"""Refunds: money back on a charge. The invoice it paid does not change."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import bad_parameter, wrong_state
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import cards, transactions
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    absent,
    choice,
    currency,
    merged,
    metadata,
    positive,
    shape,
    text,
    time_filter,
    word,
)

CREATE = shape(
    amount=positive,
    charge=word,
    currency=currency,
    customer=absent("refunds from a customer's cash balance"),
    instructions_email=text,
    metadata=metadata,
    origin=absent("refunds from a customer's cash balance"),
    payment_intent=word,
    reason=choice("duplicate", "fraudulent", "requested_by_customer"),
    refund_application_fee=absent("connected accounts"),
    reverse_transfer=absent("connected accounts"),
)
UPDATE = shape(metadata=metadata)
LIST = shape(**PAGE, charge=word, created=time_filter, payment_intent=word)
READ = shape()

FAILURES = (
    "lost_or_stolen_card",
    "expired_or_canceled_card",
    "charge_for_pending_refund_disputed",
    "insufficient_funds",
    "declined",
    "merchant_request",
    "unknown",
)


def create(account: Account, call: Call) -> Json:
    params = call.params
    charge = _charge(account, params)
    made = give_back(account, charge, params.get("amount"), reason=params.get("reason"))
    made["metadata"] = params.get("metadata") or {}
    if "instructions_email" in params:
        made["instructions_email"] = params["instructions_email"]
    announce(account, made, charge)
    return made


def give_back(
    account: Account, charge: Json, amount: int | None, *, reason: str | None, status: str = ""
) -> Json:
    """Make a refund of `amount`, all that is left when None. `announce` it afterwards."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["status"] != "succeeded":
        message = f"Charge {charge['id']} did not succeed, so it cannot be refunded."
        raise wrong_state(message, "charge_not_refundable")
    if charge["disputed"] and not _dispute_lets_refund(account, charge):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise wrong_state(message, "charge_disputed")
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise wrong_state(message, "charge_already_refunded")
    if amount is not None and amount > left:
        message = (
            f"Refund amount ({amount} {charge['currency']}) is greater than unrefunded amount on"
            f" charge ({left} {charge['currency']})."
        )
        raise wrong_state(message, param="amount")
    made = account.add(_blank(account, charge, left if amount is None else amount, reason))
    booked = transactions.post(account, made, -made["amount"], "refund")
    made["balance_transaction"] = booked["id"]
    method = account.tables["payment_method"][charge["payment_method"]]
    pending = cards.card_of(method).after == "pending_refund"
    made["status"] = status or ("pending" if pending else "succeeded")
    made["pending_reason"] = "processing" if made["status"] == "pending" else None
    return made


def announce(account: Account, refund: Json, charge: Json) -> None:
    before = copy.deepcopy(charge)
    charge["amount_refunded"] += refund["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge, before)


def settle(account: Account, refund: Json, status: str, failure_reason: str | None = None) -> None:
    """The bank's word on a refund, days later: it can fail even after it succeeded."""
    before = copy.deepcopy(refund)
    refund.update(status=status, pending_reason=None)
    if status == "failed":
        refund["failure_reason"] = failure_reason or "unknown"
        booked = transactions.post(account, refund, refund["amount"], "refund_failure")
        refund["failure_balance_transaction"] = booked["id"]
        charge = account.tables["charge"][refund["charge"]]
        held = copy.deepcopy(charge)
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        account.updated(charge, held)
        account.emit("refund.failed", refund)
    account.updated(refund, before)
    account.emit("charge.refund.updated", refund, before)


def retrieve(account: Account, call: Call) -> Json:
    return account.get("refund", call.id)


def update(account: Account, call: Call) -> Json:
    refund = account.get("refund", call.id)
    before = copy.deepcopy(refund)
    if "metadata" in call.params:
        refund["metadata"] = merged(refund["metadata"], call.params["metadata"])
    if refund != before:
        account.updated(refund, before)
        account.emit("charge.refund.updated", refund, before)
    return refund


def cancel(account: Account, call: Call) -> Json:
    refund = account.get("refund", call.id)
    # Only refunds that wait for the client's bank details can be canceled.
    raise wrong_state(f"Refund {refund['id']} has a status of {refund['status']}.")


def list_(account: Account, call: Call) -> Json:
    found = (
        refund
        for refund in account.newest_first("refund")
        if lists.in_time(call, refund) and lists.matches(call, refund, "charge", "payment_intent")
    )
    return lists.page(call, found)


def _charge(account: Account, params: Json) -> Json:
    if "charge" in params and "payment_intent" in params:
        message = "You may only specify one of these parameters: charge, payment_intent."
        raise bad_parameter(message, "charge")
    if "charge" in params:
        return account.get("charge", params["charge"], param="charge")
    if "payment_intent" not in params:
        message = "One of the following params should be provided for this request: payment_intent"
        raise bad_parameter(f"{message} or charge.", "charge", "parameter_missing")
    intent = account.get("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["latest_charge"] is None or intent["status"] != "succeeded":
        message = (
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        )
        raise wrong_state(message, "payment_intent_unexpected_state")
    return account.tables["charge"][intent["latest_charge"]]


def _dispute_lets_refund(account: Account, charge: Json) -> bool:
    disputes = account.tables["dispute"].values()
    return all(d["is_charge_refundable"] for d in disputes if d["charge"] == charge["id"])


def _blank(account: Account, charge: Json, amount: int, reason: str | None) -> Json:
    return {
        "id": account.new_id("refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference": account.mint.token(12),
                "reference_status": "available",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": None,
        "transfer_reversal": None,
    }
