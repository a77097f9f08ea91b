"""Tax rates, and what they add to a line."""

from decimal import ROUND_HALF_UP, Decimal

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    boolean,
    decimal,
    metadata,
    shape,
    text,
    time_filter,
    word,
)

_TEXTS = {"country": text, "description": text, "jurisdiction": text, "state": text}
CREATE = shape(
    "display_name",
    "inclusive",
    "percentage",
    **_TEXTS,
    active=boolean,
    display_name=word,
    inclusive=boolean,
    metadata=metadata,
    percentage=decimal,
    tax_type=text,
)
LIST = shape(**PAGE, active=boolean, created=time_filter, inclusive=boolean)
READ = shape()


def create(account: Account, call: Call) -> Json:
    params = call.params
    percentage = float(params["percentage"])
    return account.add(
        {
            "id": account.new_id("tax_rate"),
            "object": "tax_rate",
            "active": params.get("active", True),
            "country": params.get("country"),
            "created": account.now(),
            "description": params.get("description"),
            "display_name": params["display_name"],
            "effective_percentage": None,
            "flat_amount": None,
            "inclusive": params["inclusive"],
            "jurisdiction": params.get("jurisdiction"),
            "jurisdiction_level": None,
            "livemode": False,
            "metadata": params.get("metadata") or {},
            "percentage": percentage,
            "rate_type": "percentage",
            "state": params.get("state"),
            "tax_type": params.get("tax_type"),
        }
    )


def retrieve(account: Account, call: Call) -> Json:
    return account.get("tax_rate", call.id)


def list_(account: Account, call: Call) -> Json:
    found = (
        rate
        for rate in account.newest_first("tax_rate")
        if lists.in_time(call, rate) and lists.matches(call, rate, "active", "inclusive")
    )
    return lists.page(call, found)


def on_amount(amount: int, rates: list[Json]) -> list[Json]:
    """Each rate's tax on `amount`, in the shape invoices and credit notes carry."""
    return [_tax(amount, rate) for rate in rates]


def _tax(amount: int, rate: Json) -> Json:
    share = Decimal(str(rate["percentage"])) / 100
    whole = Decimal(amount)
    tax = whole - whole / (1 + share) if rate["inclusive"] else whole * share
    cents = int(tax.quantize(Decimal(1), ROUND_HALF_UP))
    return {
        "amount": cents,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "standard_rated" if rate["percentage"] else "zero_rated",
        "taxable_amount": amount - cents if rate["inclusive"] else amount,
        "type": "tax_rate_details",
    }
