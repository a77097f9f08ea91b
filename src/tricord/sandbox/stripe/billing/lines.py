"""Invoice items and the lines they become on a draft."""

import copy
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import taxes, totals
from tricord.sandbox.stripe.errors import bad_parameter, wrong_state
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire.shapes import (
    Reading,
    Shape,
    absent,
    anything,
    boolean,
    count,
    currency,
    decimal,
    integer,
    items,
    metadata,
    nested,
    text,
    word,
)

PERIOD = Shape({"end": integer, "start": integer}, ("end", "start"))
_PRICE_DATA = {
    "currency": currency,
    "tax_behavior": anything,
    "unit_amount": integer,
    "unit_amount_decimal": decimal,
}
PRICE_DATA = Shape({**_PRICE_DATA, "product": word}, ("currency", "product"))
# A line added with `add_lines` may bring its product along instead of naming one.
LINE_PRICE_DATA = Shape({**_PRICE_DATA, "product": word, "product_data": anything}, ("currency",))

COMMON: dict[str, Reading] = {
    "amount": integer,
    "description": text,
    "discountable": boolean,
    "discounts": absent("discounts"),
    "metadata": metadata,
    "period": nested(PERIOD),
    "pricing": absent("saved prices (use price_data or amount)"),
    "quantity": count,
    "quantity_decimal": decimal,
    "tax_rates": items(word),
}


def editable_invoice(account: Account, invoice_id: str, param: str | None = None) -> Json:
    """The invoice, if its lines may still change."""
    invoice = account.get("invoice", invoice_id, param=param)
    if invoice["status"] != "draft":
        raise wrong_state(
            "This invoice is no longer editable: it has been finalized.", "invoice_not_editable"
        )
    return invoice


def new_item(account: Account, customer: Json, params: Json, code: str) -> Json:
    """An invoice item, not yet on any invoice. `code` is its currency."""
    quantity, unit, amount = _amounts(params)
    now = account.now()
    rates = [
        account.get("tax_rate", rate, param="tax_rates") for rate in params.get("tax_rates", [])
    ]
    return account.add(
        {
            "id": account.new_id("invoiceitem"),
            "object": "invoiceitem",
            "amount": amount,
            "currency": code,
            "customer": customer["id"],
            "customer_account": None,
            "date": now,
            "description": params.get("description"),
            "discountable": params.get("discountable", amount >= 0),
            "discounts": [],
            "frozen_fields": [],
            "invoice": None,
            "invoicing_rules": [],
            "livemode": False,
            "metadata": params.get("metadata") or {},
            "net_amount": amount,
            "parent": None,
            "period": params.get("period") or {"end": now, "start": now},
            "pricing": _pricing(account, params, unit),
            "proration": False,
            "proration_details": None,
            "quantity": int(quantity),
            "quantity_decimal": plain(quantity),
            "tax_rates": copy.deepcopy(rates),
            "test_clock": None,
        }
    )


def put_on(account: Account, item: Json, invoice: Json) -> Json:
    """The line an item becomes on a draft. Its id differs from the item's."""
    if item["currency"] != invoice["currency"]:
        message = (
            f"The currency of the invoice item ({item['currency']}) differs from the invoice's"
            f" ({invoice['currency']})."
        )
        raise bad_parameter(message, "currency")
    item["invoice"] = invoice["id"]
    line: Json = {
        "id": account.new_id("line_item"),
        "object": "line_item",
        "discount_amounts": [],
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": False,
        "parent": {
            "invoice_item_details": {
                "invoice_item": item["id"],
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "pretax_credit_amounts": [],
        "subscription": None,
    }
    account.add(line)
    follow_item(line, item, invoice)
    return line


def follow_item(line: Json, item: Json, invoice: Json) -> None:
    """Copy what a line shows of its item, and tax it."""
    for name in ("amount", "currency", "description", "discountable", "metadata", "period"):
        line[name] = copy.deepcopy(item[name])
    for name in ("pricing", "quantity", "quantity_decimal"):
        line[name] = copy.deepcopy(item[name])
    line["subtotal"] = item["amount"]
    line["taxes"] = taxes.on_amount(
        item["amount"], item["tax_rates"] or invoice["default_tax_rates"]
    )


def line_of(account: Account, item: Json) -> Json | None:
    for line in account.tables["line_item"].values():
        if line["parent"]["invoice_item_details"]["invoice_item"] == item["id"]:
            return line
    return None


def item_of(account: Account, line: Json) -> Json:
    return account.tables["invoiceitem"][line["parent"]["invoice_item_details"]["invoice_item"]]


def tax_again(account: Account, invoice: Json) -> None:
    for line in totals.lines_of(account, invoice):
        follow_item(line, item_of(account, line), invoice)


def pull_pending(account: Account, invoice: Json) -> None:
    """Put the customer's waiting items of the same currency on the invoice."""
    for item in account.newest_first("invoiceitem"):
        mine = item["customer"] == invoice["customer"] and item["invoice"] is None
        if mine and item["currency"] == invoice["currency"]:
            put_on(account, item, invoice)


def release_all(account: Account, invoice: Json) -> None:
    """Deleting a draft deletes its lines and their items."""
    for line in totals.lines_of(account, invoice):
        del account.tables["invoiceitem"][item_of(account, line)["id"]]
        del account.tables["line_item"][line["id"]]


def revise(account: Account, item: Json, params: Json) -> None:
    """Write sent parameters into an item."""
    for name in ("description", "discountable", "period"):
        if name in params:
            item[name] = params[name]
    if "tax_rates" in params:
        rates = [account.get("tax_rate", rate, param="tax_rates") for rate in params["tax_rates"]]
        item["tax_rates"] = copy.deepcopy(rates)
    priced = {"amount", "quantity", "quantity_decimal", "price_data", "unit_amount_decimal"}
    if priced & set(params):
        known = {"quantity_decimal": Decimal(item["quantity_decimal"])}
        if "amount" not in params:
            known["unit_amount_decimal"] = Decimal(item["pricing"]["unit_amount_decimal"])
        elif "quantity" not in params and "quantity_decimal" not in params:
            known = {}
        if "quantity" in params:
            known.pop("quantity_decimal", None)
        quantity, unit, amount = _amounts({**known, **params})
        item.update(amount=amount, net_amount=amount, quantity=int(quantity))
        item["quantity_decimal"] = plain(quantity)
        item["pricing"] = _pricing(account, params, unit)


def plain(number: Decimal) -> str:
    """Stripe's decimal strings have no exponent and no trailing zeros."""
    return f"{number.normalize():f}"


def _amounts(params: Json) -> tuple[Decimal, Decimal, int]:
    """Quantity, unit amount, and the line's amount in whole minor units."""
    price: Json = params.get("price_data") or {}
    sent: Any = params.get("quantity_decimal", params.get("quantity", 1))
    quantity = Decimal(sent)
    unit: Any = price.get("unit_amount_decimal", price.get("unit_amount"))
    if unit is None:
        unit = params.get("unit_amount_decimal")
    if "amount" in params:
        if unit is not None:
            message = "You may only specify one of these parameters: amount, price_data."
            raise bad_parameter(message, "amount")
        if "quantity" in params or "quantity_decimal" in params:
            message = "You cannot specify a quantity together with an amount."
            raise bad_parameter(message, "quantity")
        return Decimal(1), Decimal(params["amount"]), int(params["amount"])
    if unit is None:
        message = "You must specify one of: amount, price_data, or unit_amount_decimal."
        raise bad_parameter(message, "amount", "parameter_missing")
    amount = (quantity * Decimal(unit)).quantize(Decimal(1), ROUND_HALF_UP)
    return quantity, Decimal(unit), int(amount)


def _pricing(account: Account, params: Json, unit: Decimal) -> Json:
    # Real items always refer to a price; the box names one that nothing else can retrieve.
    product = (params.get("price_data") or {}).get("product") or account.mint.id("prod")
    return {
        "price_details": {"price": account.mint.id("price"), "product": product},
        "type": "price_details",
        "unit_amount_decimal": plain(unit),
    }
