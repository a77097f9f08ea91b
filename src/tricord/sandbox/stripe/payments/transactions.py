"""Balance transactions: what each charge, refund and dispute did to the account's money."""

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import PAGE, anything, currency, shape, time_filter, word

LIST = shape(
    **PAGE, created=time_filter, currency=currency, payout=anything, source=word, type=word
)
READ = shape()

_AVAILABLE_AFTER = 2 * 86400


def post(
    account: Account, source: Json, amount: int, reason: str, *, fee: int = 0, category: str = ""
) -> Json:
    """Book `amount` (minor units, negative when money leaves) for `source`."""
    now = account.now()
    details = {"amount": fee, "application": None, "currency": source["currency"]}
    return account.add(
        {
            "id": account.new_id("balance_transaction"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": now + _AVAILABLE_AFTER,
            "balance_type": "payments",
            "created": now,
            "currency": source["currency"],
            "description": source.get("description"),
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [
                {**details, "description": "Stripe processing fees", "type": "stripe_fee"}
            ]
            if fee
            else [],
            "net": amount - fee,
            "reporting_category": category or reason,
            "source": source["id"],
            "status": "pending",
            "type": reason,
        }
    )


def retrieve(account: Account, call: Call) -> Json:
    return account.get("balance_transaction", call.id)


def list_(account: Account, call: Call) -> Json:
    found = (
        booked
        for booked in account.newest_first("balance_transaction")
        if lists.in_time(call, booked) and lists.matches(call, booked, "currency", "source", "type")
    )
    return lists.page(call, found)
