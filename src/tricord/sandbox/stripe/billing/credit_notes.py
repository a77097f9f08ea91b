"""Credit notes: a finalized invoice made smaller, before or after it was paid."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import balance, credit_lines, settlement
from tricord.sandbox.stripe.errors import bad_parameter, wrong_state
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import refunds
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    Shape,
    absent,
    anything,
    choice,
    count,
    decimal,
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

_LINE = Shape(
    {
        "amount": positive,
        "description": text,
        "invoice_line_item": word,
        "metadata": metadata,
        "quantity": positive,
        "tax_amounts": absent("tax amounts"),
        "tax_rates": items(word),
        "type": choice("custom_line_item", "invoice_line_item"),
        "unit_amount": integer,
        "unit_amount_decimal": decimal,
    },
    ("type",),
)
_REFUND = Shape(
    {
        "amount_refunded": positive,
        "payment_record_refund": absent("refunds of payment records"),
        "refund": word,
        "type": choice("refund"),
    },
    ("refund",),
)
CREATE = shape(
    "invoice",
    amount=positive,
    credit_amount=count,
    effective_at=integer,
    email_type=anything,
    invoice=word,
    lines=items(nested(_LINE)),
    memo=text,
    metadata=metadata,
    out_of_band_amount=count,
    reason=choice("duplicate", "fraudulent", "order_change", "product_unsatisfactory"),
    refund_amount=count,
    refunds=items(nested(_REFUND)),
    shipping_cost=absent("shipping costs"),
)
UPDATE = shape(memo=text, metadata=metadata)
LIST = shape(
    **PAGE,
    created=time_filter,
    customer=word,
    customer_account=absent("customer accounts"),
    invoice=word,
)
LIST_LINES = shape(**PAGE)
READ = shape()

_CREDITABLE = {"open", "paid", "uncollectible"}


def create(account: Account, call: Call) -> Json:
    invoice, note, parts = _planned(account, call)
    charge = _charge_to_refund(account, invoice, parts["refund"]) if parts["refund"] else None
    account.add(note)
    note["number"] = f"{invoice['number']}-CN-{_count_of(account, invoice):02}"
    if charge is not None:
        made = refunds.give_back(account, charge, parts["refund"], reason="requested_by_customer")
        note["refunds"].append(_refund_line(made, made["amount"]))
        refunds.announce(account, made, charge)
    if parts["credit"]:
        moved = balance.change(
            account,
            account.get("customer", invoice["customer"], param="customer"),
            -parts["credit"],
            "credit_note",
            currency=invoice["currency"],
            invoice=invoice["id"],
            credit_note=note["id"],
        )
        note["customer_balance_transaction"] = moved["id"]
    account.emit("credit_note.created", note)
    _book(account, invoice, note, 1)
    return note


def preview(account: Account, call: Call) -> Json:
    return _planned(account, call)[1]


def retrieve(account: Account, call: Call) -> Json:
    return account.get("credit_note", call.id)


def update(account: Account, call: Call) -> Json:
    note = account.get("credit_note", call.id)
    before = copy.deepcopy(note)
    if "memo" in call.params:
        note["memo"] = call.params["memo"]
    if "metadata" in call.params:
        note["metadata"] = merged(note["metadata"], call.params["metadata"])
    account.updated(note, before)
    return note


def void(account: Account, call: Call) -> Json:
    note = account.get("credit_note", call.id)
    invoice = account.tables["invoice"][note["invoice"]]
    if note["status"] == "void":
        raise wrong_state("This credit note has already been voided.")
    if invoice["status"] != "open" or note["post_payment_amount"]:
        raise wrong_state("You can only void credit notes issued on an invoice that is open.")
    note.update(status="void", voided_at=account.now())
    account.emit("credit_note.voided", note)
    _book(account, invoice, note, -1)
    return note


def list_(account: Account, call: Call) -> Json:
    found = (
        note
        for note in account.newest_first("credit_note")
        if lists.in_time(call, note) and lists.matches(call, note, "customer", "invoice")
    )
    return lists.page(call, found)


def list_lines(account: Account, call: Call) -> Json:
    return lists.page(call, account.get("credit_note", call.id)["lines"]["data"])


def _planned(account: Account, call: Call) -> tuple[Json, Json, dict[str, int]]:
    """The invoice, the credit note as it would be, and how its paid part goes back."""
    params = call.params
    invoice = account.get("invoice", params["invoice"], param="invoice")
    if invoice["status"] not in _CREDITABLE:
        message = f"You can only issue credit notes on finalized invoices ({invoice['status']})."
        raise wrong_state(message, param="invoice")
    lines = credit_lines.read_lines(account, invoice, params)
    amount = credit_lines.amount_of(params, lines)
    issued = [n for n in _notes_on(account, invoice) if n["status"] == "issued"]
    creditable = invoice["total"] - sum(n["amount"] for n in issued)
    linked = _linked_refunds(account, params)
    creditable -= _refunded_alone(account, invoice, {line["refund"] for line in linked})
    if amount > creditable:
        message = (
            f"The credit note's amount ({amount}) exceeds the creditable amount ({creditable})."
        )
        raise bad_parameter(message, "amount")
    before_payment = min(amount, invoice["amount_remaining"])
    after_payment = amount - before_payment
    parts = {
        "refund": params.get("refund_amount", 0),
        "credit": params.get("credit_amount", 0),
        "outside": params.get("out_of_band_amount", 0),
        "linked": sum(line["amount_refunded"] for line in linked),
    }
    if sum(parts.values()) != after_payment:
        raise wrong_state(
            "The sum of credit amount, refund amount, linked refunds and out of band amount "
            f"({sum(parts.values())}) must equal the post payment amount ({after_payment})."
        )
    note = credit_lines.blank(account, invoice, params, lines, amount, _count_of(account, invoice))
    note.update(
        out_of_band_amount=parts["outside"] or None,
        post_payment_amount=after_payment,
        pre_payment_amount=before_payment,
        refunds=linked,
        type=_type(before_payment, after_payment),
    )
    return invoice, note, parts


def _book(account: Account, invoice: Json, note: Json, sign: int) -> None:
    before = copy.deepcopy(invoice)
    invoice["pre_payment_credit_notes_amount"] += sign * note["pre_payment_amount"]
    invoice["post_payment_credit_notes_amount"] += sign * note["post_payment_amount"]
    settlement.credit(account, invoice, attempted=False, before=before)


def _type(before_payment: int, after_payment: int) -> str:
    if before_payment and after_payment:
        return "mixed"
    return "pre_payment" if before_payment else "post_payment"


def _linked_refunds(account: Account, params: Json) -> list[Json]:
    linked = []
    for wanted in params.get("refunds", []):
        made = account.get("refund", wanted["refund"], param="refunds")
        linked.append(_refund_line(made, wanted.get("amount_refunded", made["amount"])))
    return linked


def _refund_line(refund: Json, amount: int) -> Json:
    return {
        "amount_refunded": amount,
        "payment_record_refund": None,
        "refund": refund["id"],
        "type": "refund",
    }


def _notes_on(account: Account, invoice: Json) -> list[Json]:
    notes = account.tables["credit_note"].values()
    return [note for note in notes if note["invoice"] == invoice["id"]]


def _count_of(account: Account, invoice: Json) -> int:
    return len(_notes_on(account, invoice))


def _charges_of(account: Account, invoice: Json) -> list[Json]:
    paid = [
        account.tables["payment_intent"][payment["payment"]["payment_intent"]]
        for payment in account.tables["invoice_payment"].values()
        if payment["invoice"] == invoice["id"] and payment["status"] == "paid"
        if payment["payment"]["type"] == "payment_intent"
    ]
    return [account.tables["charge"][intent["latest_charge"]] for intent in paid]


def _refunded_alone(account: Account, invoice: Json, linked: set[str]) -> int:
    """Refunds that no credit note accounts for; they lower what can still be credited."""
    charges = {charge["id"] for charge in _charges_of(account, invoice)}
    noted = {line["refund"] for note in _notes_on(account, invoice) for line in note["refunds"]}
    return sum(
        refund["amount"]
        for refund in account.tables["refund"].values()
        if refund["charge"] in charges and refund["id"] not in noted | linked
        if refund["status"] != "failed"
    )


def _charge_to_refund(account: Account, invoice: Json, amount: int) -> Json:
    for charge in _charges_of(account, invoice):
        if charge["amount_captured"] - charge["amount_refunded"] >= amount:
            return charge
    message = "No single charge of this invoice holds enough to refund; refund each charge instead."
    raise bad_parameter(message, "refund_amount")
