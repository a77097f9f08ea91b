"""Charges: one attempt to take money, made by a payment intent."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import cards, transactions
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    anything,
    merged,
    metadata,
    shape,
    text,
    time_filter,
    word,
)

LIST = shape(
    **PAGE, created=time_filter, customer=word, payment_intent=word, transfer_group=anything
)
UPDATE = shape(description=text, metadata=metadata, receipt_email=text)
READ = shape()


def attempt(account: Account, intent: Json, method: Json) -> Json:
    """Charge the card behind `method`. The charge's `status` tells how it went."""
    card = cards.card_of(method)
    ok = card.code is None
    charge = _blank(account, intent, method)
    charge.update(
        amount_captured=intent["amount"] if ok else 0,
        captured=ok,
        failure_code=card.code,
        failure_message=None if ok else card.message,
        outcome=_outcome(card),
        paid=ok,
        status="succeeded" if ok else "failed",
    )
    account.add(charge)
    if ok:
        fee = round(charge["amount"] * 0.029) + 30
        booked = transactions.post(account, charge, charge["amount"], "charge", fee=fee)
        charge["balance_transaction"] = booked["id"]
    account.emit("charge.succeeded" if ok else "charge.failed", charge)
    return charge


def retrieve(account: Account, call: Call) -> Json:
    return account.get("charge", call.id)


def update(account: Account, call: Call) -> Json:
    charge = account.get("charge", call.id)
    before = copy.deepcopy(charge)
    for name, value in call.params.items():
        charge[name] = merged(charge[name], value) if name == "metadata" else value
    account.updated(charge, before)
    return charge


def list_(account: Account, call: Call) -> Json:
    found = (
        charge
        for charge in account.newest_first("charge")
        if lists.in_time(call, charge) and lists.matches(call, charge, "customer", "payment_intent")
    )
    return lists.page(call, found)


def _outcome(card: cards.Card) -> Json:
    ok = card.code is None
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if ok else "declined_by_network",
        "reason": None if ok else card.decline_code or card.code,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "Payment complete."
        if ok
        else "The bank did not return any further details with this decline.",
        "type": "authorized" if ok else "issuer_declined",
    }


def _blank(account: Account, intent: Json, method: Json) -> Json:
    card = method["card"]
    shown = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    nothing = dict.fromkeys(
        (
            "application",
            "application_fee",
            "application_fee_amount",
            "balance_transaction",
            "failure_balance_transaction",
            "on_behalf_of",
            "receipt_number",
            "receipt_url",
            "review",
            "shipping",
            "source",
            "source_transfer",
            "statement_descriptor",
            "statement_descriptor_suffix",
            "transfer_data",
            "transfer_group",
        )
    )
    return {
        "id": account.new_id("charge"),
        "object": "charge",
        **nothing,
        "amount": intent["amount"],
        "amount_refunded": 0,
        "billing_details": copy.deepcopy(method["billing_details"]),
        "calculated_statement_descriptor": "TRICORD SANDBOX",
        "created": account.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {
            "card": {
                **{name: card[name] for name in shown},
                "amount_authorized": intent["amount"],
                "checks": dict(card["checks"]),
                "installments": None,
                "mandate": None,
                "network": card["brand"],
                "network_token": {"used": False},
                "three_d_secure": None,
                "wallet": None,
            },
            "type": "card",
        },
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
    }
