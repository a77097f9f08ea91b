"""Customers: who is billed. No upsert and no unique external id, as in the real thing."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import balance
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    ADDRESS,
    PAGE,
    STRINGS,
    Shape,
    absent,
    anything,
    choice,
    fields,
    integer,
    items,
    merged,
    metadata,
    nested,
    positive,
    shape,
    text,
    time_filter,
    word,
)

_SHIPPING = Shape({"address": nested(ADDRESS), "name": word, "phone": text}, ("address", "name"))
_SETTINGS = Shape(
    {
        "custom_fields": items(nested(fields("name", "value", reading=word)), at_most=4),
        "default_payment_method": text,
        "footer": text,
        "rendering_options": anything,
    }
)
_COMMON = {
    "address": nested(ADDRESS, clearable=True),
    "balance": integer,
    "business_name": text,
    "cash_balance": absent("cash balances"),
    "description": text,
    "email": text,
    "individual_name": text,
    "invoice_prefix": word,
    "invoice_settings": nested(_SETTINGS),
    "metadata": metadata,
    "name": text,
    "next_invoice_sequence": positive,
    "phone": text,
    "preferred_locales": STRINGS,
    "shipping": nested(_SHIPPING, clearable=True),
    "source": absent("sources"),
    "tax": anything,
    "tax_exempt": choice("none", "exempt", "reverse"),
    "validate": anything,
}
CREATE = shape(
    **_COMMON,
    payment_method=word,
    tax_id_data=absent("customers' tax ids"),
    test_clock=absent("test clocks"),
)
UPDATE = shape(**_COMMON, default_source=absent("sources"))
READ = shape()
LIST = shape(**PAGE, created=time_filter, email=word, test_clock=absent("test clocks"))

_NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def create(account: Account, call: Call) -> Json:
    customer: Json = {
        "id": account.new_id("customer"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": account.now(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": account.mint.invoice_prefix(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    _apply(account, customer, call.params)
    account.add(customer)
    if customer["balance"]:
        balance.note(account, customer, customer["balance"], "initial")
    if method_id := call.params.get("payment_method"):
        method = account.get("payment_method", method_id, param="payment_method")
        method["customer"] = customer["id"]
    account.emit("customer.created", customer)
    return customer


def retrieve(account: Account, call: Call) -> Json:
    stored = account.tables["customer"].get(call.id)
    return stored if stored is not None else account.get("customer", call.id)


def update(account: Account, call: Call) -> Json:
    customer = account.get("customer", call.id)
    before = copy.deepcopy(customer)
    _apply(account, customer, call.params)
    if customer["balance"] != before["balance"]:
        balance.note(account, customer, customer["balance"] - before["balance"], "adjustment")
    account.updated(customer, before)
    return customer


def delete(account: Account, call: Call) -> Json:
    customer = account.get("customer", call.id)
    account.emit("customer.deleted", customer)
    # The id stays, so that reading it says "deleted" instead of "never existed".
    gone = {"id": customer["id"], "object": "customer", "deleted": True}
    account.tables["customer"][customer["id"]] = gone
    return gone


def list_(account: Account, call: Call) -> Json:
    found = (
        customer
        for customer in account.newest_first("customer")
        if lists.matches(call, customer, "email") and lists.in_time(call, customer)
    )
    return lists.page(call, found)


def _apply(account: Account, customer: Json, params: Json) -> None:
    for name, value in params.items():
        if name == "metadata":
            customer[name] = merged(customer["metadata"], value)
        elif name == "invoice_settings":
            customer[name] = {**customer[name], **value}
        elif name in {"address", "shipping"} and value is not None:
            customer[name] = _with_nulls(name, value)
        elif name not in {"payment_method", "tax", "validate"}:
            customer[name] = value
    method_id = customer["invoice_settings"]["default_payment_method"]
    if "invoice_settings" in params and method_id:
        account.get("payment_method", method_id, param="invoice_settings[default_payment_method]")


def _with_nulls(name: str, value: Json) -> Json:
    if name == "address":
        return {**_NO_ADDRESS, **value}
    return {"phone": None, **value, "address": {**_NO_ADDRESS, **value["address"]}}
