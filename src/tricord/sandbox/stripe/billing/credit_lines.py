"""What a credit note consists of: its lines, their taxes, and the note around them."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import taxes, totals
from tricord.sandbox.stripe.errors import bad_parameter, missing_object
from tricord.sandbox.stripe.kinds import KINDS, Json
from tricord.sandbox.stripe.wire import lists


def read_lines(account: Account, invoice: Json, params: Json) -> list[Json]:
    return [_line(account, invoice, wanted) for wanted in params.get("lines", [])]


def _line(account: Account, invoice: Json, wanted: Json) -> Json:
    quantity = wanted.get("quantity", 1)
    unit = wanted.get("unit_amount_decimal", wanted.get("unit_amount"))
    origin: Json | None = None
    rates: list[Json] = []
    if wanted["type"] == "invoice_line_item":
        line_id = wanted.get("invoice_line_item", "")
        origin = account.tables["line_item"].get(line_id)
        if origin is None or origin["invoice"] != invoice["id"]:
            raise missing_object(KINDS["line_item"], line_id, "lines")
        item = account.tables["invoiceitem"][
            origin["parent"]["invoice_item_details"]["invoice_item"]
        ]
        rates = item["tax_rates"] or invoice["default_tax_rates"]
        unit = origin["amount"] // (origin["quantity"] or 1) if unit is None else unit
    for rate in wanted.get("tax_rates", []):
        rates = [*rates, account.get("tax_rate", rate, param="tax_rates")]
    amount = int(wanted["amount"] if "amount" in wanted else quantity * (unit or 0))
    return {
        "id": account.mint.id("cnli"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": wanted.get("description") or (origin or {}).get("description"),
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": origin["id"] if origin else None,
        "livemode": False,
        "metadata": wanted.get("metadata") or {},
        "pretax_credit_amounts": [],
        "quantity": quantity,
        "tax_rates": copy.deepcopy(rates),
        "taxes": taxes.on_amount(amount, rates),
        "type": wanted["type"],
        "unit_amount": None if unit is None else int(unit),
        "unit_amount_decimal": None if unit is None else str(unit),
    }


def amount_of(params: Json, lines: list[Json]) -> int:
    exclusive = sum(
        tax["amount"]
        for line in lines
        for tax in line["taxes"]
        if tax["tax_behavior"] == "exclusive"
    )
    from_lines = sum(line["amount"] for line in lines) + exclusive
    if not lines and "amount" not in params:
        message = "You must provide one of amount, lines, or shipping_cost."
        raise bad_parameter(message, "amount", "parameter_missing")
    if lines and params.get("amount", from_lines) != from_lines:
        raise bad_parameter("The amount must equal the sum of the lines.", "amount")
    return int(params.get("amount", from_lines))


def blank(
    account: Account, invoice: Json, params: Json, lines: list[Json], amount: int, count: int
) -> Json:
    """A credit note of `amount`; `count` others stand on the invoice before it."""
    note_id = account.new_id("credit_note")
    if not lines:
        wanted = {"type": "custom_line_item", "unit_amount": amount, "description": "Credit"}
        lines = [_line(account, invoice, wanted)]
    rows = [tax for line in lines for tax in line["taxes"]]
    exclusive = sum(tax["amount"] for tax in rows if tax["tax_behavior"] == "exclusive")
    url = f"/v1/credit_notes/{note_id}/lines"
    return {
        "id": note_id,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": account.now(),
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": params.get("effective_at") or account.now(),
        "invoice": invoice["id"],
        "lines": lists.envelope(lines[: totals.EMBEDDED_LINES], url, has_more=False),
        "livemode": False,
        "memo": params.get("memo"),
        "metadata": params.get("metadata") or {},
        "number": f"{invoice['number']}-CN-{count + 1:02}",
        "pdf": f"{account.base_url}/credit_notes/{account.id}/{note_id}/pdf?s=ap",
        "pretax_credit_amounts": [],
        "reason": params.get("reason"),
        "shipping_cost": None,
        "status": "issued",
        "subtotal": amount - exclusive,
        "subtotal_excluding_tax": amount - sum(tax["amount"] for tax in rows),
        "total": amount,
        "total_excluding_tax": amount - sum(tax["amount"] for tax in rows),
        "total_taxes": rows,
        "voided_at": None,
    }
