"""Invoices while they can be edited: create, update, delete, read."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import drafts, lines, totals
from tricord.sandbox.stripe.errors import bad_parameter, wrong_state
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    Shape,
    absent,
    anything,
    boolean,
    choice,
    count,
    currency,
    fields,
    integer,
    items,
    merged,
    metadata,
    nested,
    shape,
    text,
    time_filter,
    word,
)

_FLAG = Shape({"enabled": boolean, "liability": anything}, ("enabled",))
_COMMON = {
    "account_tax_ids": absent("account tax ids"),
    "application_fee_amount": absent("application fees"),
    "auto_advance": boolean,
    "automatic_tax": nested(_FLAG),
    "automatically_finalizes_at": integer,
    "collection_method": choice("charge_automatically", "send_invoice"),
    "custom_fields": items(nested(fields("name", "value", reading=word)), at_most=4),
    "days_until_due": count,
    "default_payment_method": word,
    "default_source": absent("sources"),
    "default_tax_rates": items(word),
    "description": text,
    "discounts": absent("discounts"),
    "due_date": integer,
    "effective_at": integer,
    "footer": text,
    "issuer": anything,
    "metadata": metadata,
    "number": text,
    "on_behalf_of": absent("connected accounts"),
    "payment_settings": anything,
    "rendering": anything,
    "shipping_cost": absent("shipping costs"),
    "shipping_details": absent("shipping details"),
    "statement_descriptor": text,
    "transfer_data": absent("connected accounts"),
}
CREATE = shape(
    **_COMMON,
    currency=currency,
    customer=word,
    customer_account=absent("customer accounts"),
    from_invoice=absent("invoice revisions"),
    pending_invoice_items_behavior=choice("exclude", "include"),
    subscription=absent("subscriptions"),
)
UPDATE = shape(**_COMMON)
READ = shape()
LIST = shape(
    **PAGE,
    collection_method=choice("charge_automatically", "send_invoice"),
    created=time_filter,
    customer=word,
    customer_account=absent("customer accounts"),
    due_date=time_filter,
    status=choice("draft", "open", "paid", "uncollectible", "void"),
    subscription=absent("subscriptions"),
)

# A finalized invoice keeps its amounts and its terms; only these may still change.
_AFTER_FINALIZING = {"auto_advance", "metadata", "default_payment_method", "payment_settings"}
_AUTOMATIC_FINALIZATION_AFTER = 3600


def create(account: Account, call: Call) -> Json:
    params = call.params
    if "customer" not in params:
        message = "You must provide one of 'customer' or 'customer_account'."
        raise bad_parameter(message, "customer", "parameter_missing")
    customer = account.get("customer", params["customer"], param="customer")
    invoice = drafts.blank(account, customer, params)
    apply(account, invoice, params)
    account.add(invoice)
    if params.get("pending_invoice_items_behavior") == "include":
        lines.pull_pending(account, invoice)
    totals.add_up_draft(account, invoice)
    account.emit("invoice.created", invoice)
    return invoice


def retrieve(account: Account, call: Call) -> Json:
    return account.get("invoice", call.id)


def update(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] != "draft" and (fixed := set(call.params) - _AFTER_FINALIZING):
        raise wrong_state(
            "Finalized invoices can't be updated in this way: "
            f"{', '.join(sorted(fixed))} can only be changed on a draft.",
            "invoice_not_editable",
            param=min(fixed),
        )
    before = copy.deepcopy(invoice)
    apply(account, invoice, call.params)
    if invoice["status"] == "draft":
        totals.add_up_draft(account, invoice)
    account.updated(invoice, before)
    return invoice


def delete(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    if invoice["status"] != "draft":
        raise wrong_state("You can only delete draft invoices.", "invoice_not_editable")
    lines.release_all(account, invoice)
    del account.tables["invoice"][invoice["id"]]
    account.emit("invoice.deleted", invoice)
    return {"id": invoice["id"], "object": "invoice", "deleted": True}


def list_(account: Account, call: Call) -> Json:
    found = (
        invoice
        for invoice in account.newest_first("invoice")
        if lists.matches(call, invoice, "customer", "status", "collection_method")
        and lists.in_time(call, invoice)
        and lists.in_time(call, invoice, "due_date")
    )
    return lists.page(call, found)


def apply(account: Account, invoice: Json, params: Json) -> None:
    """Write sent parameters into the invoice, refusing combinations Stripe refuses."""
    _set_terms(account, invoice, params)
    for name, value in params.items():
        match name:
            case "metadata":
                invoice[name] = merged(invoice[name], value)
            case "custom_fields":
                invoice[name] = value or None
            case "default_tax_rates":
                rates = [account.get("tax_rate", rate, param=name) for rate in value]
                invoice[name] = copy.deepcopy(rates)
                lines.tax_again(account, invoice)
            case "number" if value is not None:
                _check_number(account, invoice, value)
                invoice[name] = value
            case "automatic_tax" if value["enabled"]:
                raise bad_parameter("The sandbox does not compute automatic tax.", name)
            case "default_payment_method":
                invoice[name] = account.get("payment_method", value, param=name)["id"]
            case _ if name in _PLAIN:
                invoice[name] = value


_PLAIN = {
    "auto_advance",
    "automatically_finalizes_at",
    "description",
    "effective_at",
    "footer",
    "number",
    "statement_descriptor",
}


def _set_terms(account: Account, invoice: Json, params: Json) -> None:
    method = params.get("collection_method", invoice["collection_method"])
    terms = [name for name in ("days_until_due", "due_date") if name in params]
    if terms and method != "send_invoice":
        message = f"You can only specify {terms[0]} if collection_method is 'send_invoice'."
        raise bad_parameter(message, terms[0])
    if len(terms) == 2:
        message = "You may only specify one of these parameters: days_until_due, due_date."
        raise bad_parameter(message, "due_date")
    if method == "send_invoice" and not terms and invoice["due_date"] is None:
        message = "If collection_method=send_invoice, you must pass due_date or days_until_due."
        raise bad_parameter(message, "days_until_due")
    invoice["collection_method"] = method
    if "due_date" in params:
        if params["due_date"] < account.now():
            raise bad_parameter("Due date must be in the future.", "due_date")
        invoice["due_date"] = params["due_date"]
    elif "days_until_due" in params:
        invoice["due_date"] = invoice["created"] + params["days_until_due"] * 86400
    elif method == "charge_automatically":
        invoice["due_date"] = None
    if params.get("auto_advance") and "automatically_finalizes_at" not in params:
        invoice["automatically_finalizes_at"] = account.now() + _AUTOMATIC_FINALIZATION_AFTER
    elif params.get("auto_advance") is False:
        invoice["automatically_finalizes_at"] = None


def _check_number(account: Account, invoice: Json, number: str) -> None:
    for other in account.newest_first("invoice"):
        if other["number"] == number and other["id"] != invoice["id"]:
            raise bad_parameter(f"An invoice with number '{number}' already exists.", "number")
