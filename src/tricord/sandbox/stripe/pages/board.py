"""The sandbox's page, whose buttons play client and bank, and the hosted invoice page."""

from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.pages.amounts import shown_amount, shown_day
from tricord.sandbox.stripe.pages.pdf import one_page


def routes(account: Account) -> list[Route]:
    templates = _templates()

    async def board(request: Request) -> Response:
        account.called_url = str(request.base_url).rstrip("/")
        invoices = [_row(account, invoice) for invoice in account.newest_first("invoice")]
        page = templates.get_template("page.html").render(
            invoices=invoices,
            customers=len(account.newest_first("customer")),
            events=len(account.recorded()),
            hooks=[receiver for receiver in account.receivers() if receiver.url],
            waiting=sum(not parcel.done for parcel in account.outbox.parcels),
            delivered=sum(_arrived(parcel.status) for parcel in account.outbox.parcels),
            enabled=account.outbox.enabled,
            problem=request.query_params.get("problem"),
        )
        return HTMLResponse(page)

    async def hosted(request: Request) -> Response:
        invoice = _by_token(account, request.path_params["token"])
        if invoice is None:
            return HTMLResponse(templates.get_template("gone.html").render(), status_code=404)
        page = templates.get_template("hosted.html").render(
            row=_row(account, invoice), problem=request.query_params.get("problem")
        )
        return HTMLResponse(page)

    async def pdf(request: Request) -> Response:
        invoice = _by_token(account, request.path_params["token"])
        if invoice is None:
            return PlainTextResponse("No such invoice.", status_code=404)
        name = f"Invoice-{invoice['number']}.pdf"
        return Response(
            one_page(_pdf_lines(invoice)),
            media_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )

    async def credit_note(request: Request) -> Response:
        note = account.lookup(request.path_params["id"])
        if note is None or note["object"] != "credit_note":
            return PlainTextResponse("No such credit note.", status_code=404)
        return Response(one_page(_credit_lines(note)), media_type="application/pdf")

    return [
        Route("/", board),
        Route("/credit_notes/{account}/{id}/pdf", credit_note),
        Route("/i/{account}/{token}", hosted),
        Route("/i/{account}/{token}/pdf", pdf),
    ]


def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    templates.filters["amount"] = shown_amount
    templates.filters["day"] = shown_day
    return templates


def _arrived(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _row(account: Account, invoice: Json) -> dict[str, Any]:
    payments = [
        payment
        for payment in account.tables["invoice_payment"].values()
        if payment["invoice"] == invoice["id"] and payment["status"] == "paid"
    ]
    return {
        "invoice": invoice,
        "customer": invoice["customer_name"] or invoice["customer_email"] or invoice["customer"],
        "payable": invoice["status"] in {"open", "uncollectible"},
        "state": _state(invoice),
        "charges": [charge for payment in payments if (charge := _charge(account, payment))],
    }


def _state(invoice: Json) -> str:
    if invoice["status"] == "open" and invoice["amount_paid"]:
        return "partly paid"
    return str(invoice["status"])


def _charge(account: Account, payment: Json) -> dict[str, Any] | None:
    intent = account.lookup(payment["payment"].get("payment_intent", ""))
    charge = account.lookup(intent["latest_charge"]) if intent else None
    if charge is None:
        return None
    disputes = account.tables["dispute"].values()
    dispute = next((d for d in disputes if d["charge"] == charge["id"]), None)
    held = charge["amount_captured"] - charge["amount_refunded"]
    return {
        "charge": charge,
        "dispute": dispute,
        "dispute_open": dispute is not None and dispute["status"] not in {"won", "lost"},
        "refundable": held if dispute is None else 0,
    }


def _by_token(account: Account, token: str) -> Json | None:
    for invoice in account.tables["invoice"].values():
        if f"/{token}?" in (invoice["hosted_invoice_url"] or ""):
            return invoice
    return None


def _pdf_lines(invoice: Json) -> list[str]:
    code = invoice["currency"]
    lines = [
        f"Invoice {invoice['number']}",
        "",
        f"From {invoice['account_name']}",
        f"To {invoice['customer_name'] or invoice['customer_email'] or invoice['customer']}",
        f"Due {shown_day(invoice['due_date'])}" if invoice["due_date"] else "",
        "",
    ]
    lines += [
        f"{line['description'] or 'Line'}: {shown_amount(line['amount'], code)}"
        for line in invoice["lines"]["data"]
    ]
    lines += [
        "",
        f"Total {shown_amount(invoice['total'], code)}",
        f"Paid {shown_amount(invoice['amount_paid'], code)}",
        f"Remaining {shown_amount(invoice['amount_remaining'], code)}",
        "",
        "A sandbox invoice: nobody owes this money.",
    ]
    return lines


def _credit_lines(note: Json) -> list[str]:
    code = note["currency"]
    return [
        f"Credit note {note['number']}",
        "",
        *(
            f"{line['description'] or 'Line'}: {shown_amount(line['amount'], code)}"
            for line in note["lines"]["data"]
        ),
        "",
        f"Total {shown_amount(note['amount'], code)}",
        note["memo"] or "",
    ]
