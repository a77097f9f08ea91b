"""What an invoice adds up to: its lines, taxes, balance, credit notes and payments."""

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire.lists import envelope

EMBEDDED_LINES = 10


def lines_of(account: Account, invoice: Json) -> list[Json]:
    lines = account.tables["line_item"].values()
    return [line for line in lines if line["invoice"] == invoice["id"]]


def add_up_draft(account: Account, invoice: Json) -> None:
    """Everything that follows from the lines, and from the customer's balance today."""
    lines = lines_of(account, invoice)
    shown = lines[:EMBEDDED_LINES]
    url = f"/v1/invoices/{invoice['id']}/lines"
    invoice["lines"] = envelope(shown, url, has_more=len(lines) > len(shown))
    taxes = _total_taxes(lines)
    exclusive = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    inclusive = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
    invoice["subtotal"] = sum(line["amount"] for line in lines)
    invoice["subtotal_excluding_tax"] = invoice["subtotal"] - inclusive
    invoice["total"] = invoice["subtotal"] + exclusive
    invoice["total_excluding_tax"] = invoice["total"] - exclusive - inclusive
    invoice["total_taxes"] = taxes
    customer = account.tables["customer"].get(invoice["customer"], {})
    # A balance is kept in one currency; invoices in others leave it alone.
    same = customer.get("currency") in (None, invoice["currency"])
    invoice["starting_balance"] = customer.get("balance", 0) if same else 0
    invoice["amount_due"] = owed(invoice)
    invoice["amount_remaining"] = invoice["amount_due"]


def owed(invoice: Json) -> int:
    """What is due after the starting balance; credit left over stays with the customer."""
    return max(0, invoice["total"] + invoice["starting_balance"]) if invoice["total"] > 0 else 0


def ending_balance(invoice: Json) -> int:
    total, starting = int(invoice["total"]), int(invoice["starting_balance"])
    if total == 0:
        return starting
    return starting + total if total < 0 else min(0, starting + total)


def settle(account: Account, invoice: Json) -> None:
    """Bring a finalized invoice's paid, remaining and overpaid amounts up to date.

    Stripe documents `amount_remaining` as due minus paid, so what comes in above the amount due
    counts in `amount_overpaid` alone.
    """
    due = max(0, owed(invoice) - invoice["pre_payment_credit_notes_amount"])
    received = invoice["amount_paid_off_stripe"] + sum(
        payment["amount_paid"]
        for payment in account.tables["invoice_payment"].values()
        if payment["invoice"] == invoice["id"] and payment["status"] == "paid"
        if payment["payment"]["type"] == "payment_intent"
    )
    invoice["amount_due"] = due
    invoice["amount_paid"] = min(received, due)
    invoice["amount_remaining"] = due - invoice["amount_paid"]
    invoice["amount_overpaid"] = max(0, received - due)


def _total_taxes(lines: list[Json]) -> list[Json]:
    totals: dict[str, Json] = {}
    for line in lines:
        for tax in line["taxes"]:
            rate = tax["tax_rate_details"]["tax_rate"]
            if rate in totals:
                totals[rate]["amount"] += tax["amount"]
                totals[rate]["taxable_amount"] += tax["taxable_amount"]
            else:
                totals[rate] = dict(tax)
    return list(totals.values())
