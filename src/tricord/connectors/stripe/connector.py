"""Stripe, declared: access, limits, signature, and what it takes. API version pinned."""

from tricord.connectors.stripe.act import create_customer, create_invoice
from tricord.connectors.stripe.pages import (
    credit_note_pages,
    customer_pages,
    dispute_pages,
    invoice_pages,
    refund_pages,
)
from tricord.connectors.stripe.parse import delivery_id, parse
from tricord.connectors.stripe.read import (
    changes,
    read_credit_note,
    read_customer,
    read_dispute,
    read_invoice,
    read_refund,
    since,
)
from tricord.connectors.stripe.subscribe import subscription
from tricord.core.commands import CreateCustomer, CreateInvoice
from tricord.core.ids import Kind
from tricord.core.records import Record
from tricord.sdk.connector import Access, Connector, Limits, Once, Setting, Verb
from tricord.sdk.errors import Refused, TricordError, TryAgain
from tricord.sdk.signing import timestamped_hex
from tricord.sdk.talk import Reading, Response, error_of, get

API_VERSION = "2026-10-28.endive"


def _probe(access: Access) -> Reading:
    yield get("/v1/customers", [("limit", "1")])
    nothing: tuple[Record, ...] = ()
    return nothing


def _headers(access: Access) -> tuple[tuple[str, str], ...]:
    key = access.text("api_key")
    return (("Authorization", f"Bearer {key}"), ("Stripe-Version", API_VERSION))


def _explain(response: Response, detail: str) -> TricordError:
    """By status. 409 is a concurrent use of one idempotency key, or a lock: it passes."""
    if response.status == 409:
        return TryAgain(f"{detail}: HTTP 409")
    found = error_of(response, detail)
    should = response.headers.get("stripe-should-retry")
    if should == "true" and isinstance(found, Refused):
        return TryAgain(found.detail)
    return found


CONNECTOR = Connector(
    name="stripe",
    title="Stripe",
    base_url="https://api.stripe.com",
    settings=(
        Setting(
            name="api_key",
            label="Secret or restricted key",
            help="Developers > API keys. A restricted key needs customers, invoices, events, "
            "refunds, disputes, credit notes and payment intents",
            pattern=r"[sr]k_(test|live)_.+",
        ),
        Setting(
            name="webhook_secret",
            label="Webhook signing secret",
            help="Developers > Webhooks > the endpoint that points to /hooks/<connection>; two, "
            "separated by a comma, while one is rolled",
            pattern=r"whsec_.+",
        ),
    ),
    limits=Limits(at_once=10, per_second=20.0, burst=20),
    verbs={
        CreateCustomer: Verb(once=Once.KEY, act=create_customer),
        CreateInvoice: Verb(once=Once.KEY, act=create_invoice),
    },
    headers=_headers,
    explain=_explain,
    probe=_probe,
    signature=timestamped_hex("Stripe-Signature"),
    delivery_id=delivery_id,
    parse=parse,
    reads={
        Kind.CUSTOMER: read_customer,
        Kind.INVOICE: read_invoice,
        Kind.REFUND: read_refund,
        Kind.DISPUTE: read_dispute,
        Kind.CREDIT_NOTE: read_credit_note,
    },
    listing=changes,
    since=since,
    pages={
        Kind.CUSTOMER: customer_pages,
        Kind.INVOICE: invoice_pages,
        Kind.REFUND: refund_pages,
        Kind.DISPUTE: dispute_pages,
        Kind.CREDIT_NOTE: credit_note_pages,
    },
    subscription=subscription,
)
