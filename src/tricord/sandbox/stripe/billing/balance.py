"""The customer's balance: credit below zero, debt above, each change with its transaction."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    currency,
    integer,
    metadata,
    shape,
    text,
    time_filter,
    word,
)

CREATE = shape(
    "amount", "currency", amount=integer, currency=currency, description=text, metadata=metadata
)
LIST = shape(**PAGE, created=time_filter, invoice=word)
READ = shape()


def change(
    account: Account,
    customer: Json,
    amount: int,
    reason: str,
    *,
    currency: str,
    invoice: str | None = None,
    credit_note: str | None = None,
) -> Json:
    """Move the balance by `amount` and tell the world."""
    before = copy.deepcopy(customer)
    customer["balance"] += amount
    customer["currency"] = customer["currency"] or currency
    noted = note(account, customer, amount, reason, invoice=invoice, credit_note=credit_note)
    account.updated(customer, before)
    return noted


def note(
    account: Account,
    customer: Json,
    amount: int,
    reason: str,
    *,
    invoice: str | None = None,
    credit_note: str | None = None,
) -> Json:
    """The transaction of a balance change that has been made."""
    return account.add(
        {
            "id": account.new_id("customer_balance_transaction"),
            "object": "customer_balance_transaction",
            "amount": amount,
            "checkout_session": None,
            "created": account.now(),
            "credit_note": credit_note,
            "currency": customer["currency"] or "usd",
            "customer": customer["id"],
            "customer_account": None,
            "description": None,
            "ending_balance": customer["balance"],
            "invoice": invoice,
            "livemode": False,
            "metadata": {},
            "type": reason,
        }
    )


def create(account: Account, call: Call) -> Json:
    customer = account.get("customer", call.id)
    code = call.params["currency"]
    noted = change(account, customer, call.params["amount"], "adjustment", currency=code)
    noted["description"] = call.params.get("description")
    noted["metadata"] = call.params.get("metadata") or {}
    return noted


def list_(account: Account, call: Call) -> Json:
    account.get("customer", call.id)
    found = (
        noted
        for noted in account.newest_first("customer_balance_transaction")
        if noted["customer"] == call.id
        and lists.in_time(call, noted)
        and lists.matches(call, noted, "invoice")
    )
    return lists.page(call, found)


def retrieve(account: Account, call: Call) -> Json:
    account.get("customer", call.id)
    return account.get("customer_balance_transaction", call.ids[1])
