"""The invoice item endpoints, and the endpoints that edit a draft's lines."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import lines, totals
from tricord.sandbox.stripe.errors import bad_parameter, missing_object, wrong_state
from tricord.sandbox.stripe.kinds import KINDS, Json
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    Shape,
    absent,
    anything,
    boolean,
    currency,
    decimal,
    items,
    merged,
    metadata,
    nested,
    shape,
    time_filter,
    word,
)

_ITEM = {
    **lines.COMMON,
    "price_data": nested(lines.PRICE_DATA),
    "tax_behavior": anything,
    "tax_code": anything,
    "unit_amount_decimal": decimal,
}
CREATE = shape(
    **_ITEM,
    currency=currency,
    customer=word,
    customer_account=absent("customer accounts"),
    invoice=word,
    subscription=absent("subscriptions"),
)
UPDATE = shape(**_ITEM, invoicing_rules=absent("invoicing rules"))
LIST = shape(
    **PAGE,
    created=time_filter,
    customer=word,
    customer_account=absent("customer accounts"),
    invoice=word,
    pending=boolean,
)
_LINE = {
    **lines.COMMON,
    "price_data": nested(lines.LINE_PRICE_DATA),
    "tax_amounts": absent("tax amounts"),
}
ADD_LINES = shape(
    "lines",
    lines=items(nested(Shape({**_LINE, "invoice_item": word}))),
    invoice_metadata=metadata,
)
UPDATE_LINES = shape(
    "lines", lines=items(nested(Shape({**_LINE, "id": word}, ("id",)))), invoice_metadata=metadata
)
REMOVE_LINES = shape(
    "lines",
    lines=items(nested(Shape({"behavior": word, "id": word}, ("behavior", "id")))),
    invoice_metadata=metadata,
)
LIST_LINES = shape(**PAGE)
READ = shape()


def create(account: Account, call: Call) -> Json:
    params = call.params
    invoice = None
    if "invoice" in params:
        invoice = lines.editable_invoice(account, params["invoice"], "invoice")
    customer_id = params.get("customer") or (invoice or {}).get("customer")
    if customer_id is None:
        raise bad_parameter("Missing required param: customer.", "customer", "parameter_missing")
    customer = account.get("customer", customer_id, param="customer")
    if invoice is not None and invoice["customer"] != customer_id:
        message = f"The invoice '{invoice['id']}' does not belong to customer '{customer_id}'."
        raise bad_parameter(message, "invoice")
    code = _currency(params, invoice, customer)
    before = copy.deepcopy(invoice)
    item = lines.new_item(account, customer, params, code)
    if invoice is not None:
        lines.put_on(account, item, invoice)
        totals.add_up_draft(account, invoice)
    account.emit("invoiceitem.created", item)
    if invoice is not None and before is not None:
        account.updated(invoice, before)
    return item


def retrieve(account: Account, call: Call) -> Json:
    return account.get("invoiceitem", call.id)


def update(account: Account, call: Call) -> Json:
    item = account.get("invoiceitem", call.id)
    invoice = _draft_of(account, item)
    before = copy.deepcopy(invoice)
    lines.revise(account, item, call.params)
    if "metadata" in call.params:
        item["metadata"] = merged(item["metadata"], call.params["metadata"])
    line = lines.line_of(account, item)
    if invoice is not None and before is not None and line is not None:
        lines.follow_item(line, item, invoice)
        totals.add_up_draft(account, invoice)
        account.updated(invoice, before)
    return item


def delete(account: Account, call: Call) -> Json:
    item = account.get("invoiceitem", call.id)
    invoice = _draft_of(account, item)
    before = copy.deepcopy(invoice)
    line = lines.line_of(account, item)
    if line is not None:
        del account.tables["line_item"][line["id"]]
    del account.tables["invoiceitem"][item["id"]]
    account.emit("invoiceitem.deleted", item)
    if invoice is not None and before is not None:
        totals.add_up_draft(account, invoice)
        account.updated(invoice, before)
    return {"id": item["id"], "object": "invoiceitem", "deleted": True}


def list_(account: Account, call: Call) -> Json:
    pending = call.params.get("pending")
    found = (
        item
        for item in account.newest_first("invoiceitem")
        if lists.matches(call, item, "customer", "invoice")
        and (pending is None or pending == (item["invoice"] is None))
        and lists.in_time(call, {"created": item["date"]})
    )
    return lists.page(call, found)


def add_lines(account: Account, call: Call) -> Json:
    invoice = lines.editable_invoice(account, call.id)
    before = copy.deepcopy(invoice)
    customer = account.get("customer", invoice["customer"])
    added = []
    for wanted in call.params["lines"]:
        if "invoice_item" in wanted:
            item = account.get("invoiceitem", wanted["invoice_item"], param="invoice_item")
            if item["invoice"] is not None:
                raise wrong_state(f"Invoice item {item['id']} is already on an invoice.")
        else:
            item = lines.new_item(account, customer, wanted, _currency(wanted, invoice, customer))
            added.append(item)
        lines.put_on(account, item, invoice)
    for item in added:
        account.emit("invoiceitem.created", item)
    return _edited(account, invoice, before, call)


def update_lines(account: Account, call: Call) -> Json:
    invoice = lines.editable_invoice(account, call.id)
    before = copy.deepcopy(invoice)
    for wanted in call.params["lines"]:
        line = _line_on(account, invoice, wanted["id"])
        item = lines.item_of(account, line)
        lines.revise(account, item, wanted)
        if "metadata" in wanted:
            item["metadata"] = merged(item["metadata"], wanted["metadata"])
        lines.follow_item(line, item, invoice)
    return _edited(account, invoice, before, call)


def remove_lines(account: Account, call: Call) -> Json:
    """`behavior` delete takes the item too; unassign leaves it pending."""
    invoice = lines.editable_invoice(account, call.id)
    before = copy.deepcopy(invoice)
    for wanted in call.params["lines"]:
        line = _line_on(account, invoice, wanted["id"])
        item = lines.item_of(account, line)
        del account.tables["line_item"][line["id"]]
        item["invoice"] = None
        if wanted["behavior"] == "delete":
            del account.tables["invoiceitem"][item["id"]]
            account.emit("invoiceitem.deleted", item)
    return _edited(account, invoice, before, call)


def list_lines(account: Account, call: Call) -> Json:
    invoice = account.get("invoice", call.id)
    return lists.page(call, totals.lines_of(account, invoice))


def _edited(account: Account, invoice: Json, before: Json, call: Call) -> Json:
    if "invoice_metadata" in call.params:
        sent = call.params["invoice_metadata"]
        invoice["metadata"] = merged(invoice["metadata"], sent)
    totals.add_up_draft(account, invoice)
    account.updated(invoice, before)
    return invoice


def _line_on(account: Account, invoice: Json, line_id: str) -> Json:
    line = account.tables["line_item"].get(line_id)
    if line is None or line["invoice"] != invoice["id"]:
        raise missing_object(KINDS["line_item"], line_id, "lines")
    return line


def _draft_of(account: Account, item: Json) -> Json | None:
    if item["invoice"] is None:
        return None
    return lines.editable_invoice(account, item["invoice"])


def _currency(params: Json, invoice: Json | None, customer: Json) -> str:
    price: Json = params.get("price_data") or {}
    code = params.get("currency") or price.get("currency")
    if code is None:
        code = invoice["currency"] if invoice is not None else customer["currency"]
    if code is None:
        raise bad_parameter("Missing required param: currency.", "currency", "parameter_missing")
    return str(code)
