"""The kinds of objects this Stripe knows: their id prefixes, their paths, their names in errors."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

API_VERSION = "2026-10-28.endive"
# Releases inside one name are additive, so a caller pinned to the name's first release is served.
SPOKEN_VERSIONS = frozenset({"2026-09-30.endive", API_VERSION})


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type. `param` is what Stripe calls its id when the path names none."""

    name: str
    prefix: str
    path: str
    param: str = "id"


_ALL = (
    Kind("customer", "cus", "/v1/customers"),
    Kind("invoice", "in", "/v1/invoices", "invoice"),
    Kind("invoiceitem", "ii", "/v1/invoiceitems", "invoiceitem"),
    Kind("line_item", "il", "/v1/invoices/lines", "line_item_id"),
    Kind("invoice_payment", "inpay", "/v1/invoice_payments", "invoice_payment"),
    Kind("credit_note", "cn", "/v1/credit_notes"),
    Kind("tax_rate", "txr", "/v1/tax_rates", "tax_rate"),
    Kind("customer_balance_transaction", "cbtxn", "/v1/customers/balance", "transaction"),
    Kind("payment_intent", "pi", "/v1/payment_intents", "intent"),
    Kind("payment_method", "pm", "/v1/payment_methods", "payment_method"),
    Kind("payment_record", "pr", "/v1/payment_records", "payment_record"),
    Kind("charge", "ch", "/v1/charges", "charge"),
    Kind("refund", "re", "/v1/refunds", "refund"),
    Kind("dispute", "du", "/v1/disputes", "dispute"),
    Kind("balance_transaction", "txn", "/v1/balance_transactions"),
    Kind("webhook_endpoint", "we", "/v1/webhook_endpoints", "webhook_endpoint"),
    Kind("event", "evt", "/v1/events"),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}


def kind_of_id(object_id: str) -> Kind | None:
    prefix = object_id.partition("_")[0]
    return next((kind for kind in _ALL if kind.prefix == prefix), None)
