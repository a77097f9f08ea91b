"""Payment records: money taken outside of Stripe, reported so that an invoice can count it."""

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    Shape,
    absent,
    anything,
    choice,
    currency,
    integer,
    metadata,
    nested,
    positive,
    shape,
    text,
)

_AMOUNT = Shape({"currency": currency, "value": positive}, ("currency", "value"))
REPORT = shape(
    "amount_requested",
    "initiated_at",
    "payment_method_details",
    amount_requested=nested(_AMOUNT),
    canceled=absent("canceled payment records"),
    customer_details=anything,
    customer_presence=choice("off_session", "on_session"),
    description=text,
    failed=absent("failed payment records"),
    guaranteed=nested(Shape({"guaranteed_at": integer}, ("guaranteed_at",))),
    initiated_at=integer,
    metadata=metadata,
    outcome=choice("guaranteed"),
    payment_method_details=anything,
    processor_details=anything,
    shipping_details=anything,
)
READ = shape()


def report(account: Account, call: Call) -> Json:
    amount = call.params["amount_requested"]
    nothing = {"currency": amount["currency"], "value": 0}
    done = call.params.get("outcome") == "guaranteed"
    return account.add(
        {
            "id": account.new_id("payment_record"),
            "object": "payment_record",
            "amount": amount,
            "amount_authorized": nothing,
            "amount_canceled": nothing,
            "amount_failed": nothing,
            "amount_guaranteed": amount if done else nothing,
            "amount_refunded": nothing,
            "amount_requested": amount,
            "application": None,
            "created": account.now(),
            "customer_details": None,
            "customer_presence": call.params.get("customer_presence"),
            "description": call.params.get("description"),
            "latest_payment_attempt_record": None,
            "livemode": False,
            "metadata": call.params.get("metadata") or {},
            "payment_method_details": None,
            "processor_details": {"type": "custom"},
            "reported_by": "self",
            "shipping_details": None,
        }
    )


def retrieve(account: Account, call: Call) -> Json:
    return account.get("payment_record", call.id)
