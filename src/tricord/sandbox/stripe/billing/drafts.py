"""An invoice before anything has happened to it."""

from typing import Any

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.kinds import Json


def blank(account: Account, customer: Json, params: Json) -> Json:
    now = account.now()
    currency = params.get("currency") or customer["currency"] or "usd"
    nothing: dict[str, Any] = dict.fromkeys(_NULL_AT_FIRST)
    zeros: dict[str, Any] = dict.fromkeys(_ZERO_AT_FIRST, 0)
    return {
        "id": account.new_id("invoice"),
        "object": "invoice",
        **nothing,
        **zeros,
        "account_country": "US",
        "account_name": "Tricord Sandbox",
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "custom_fields": customer["invoice_settings"]["custom_fields"],
        "customer": customer["id"],
        **{f"customer_{name}": customer[name] for name in ("address", "email", "name", "phone")},
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "footer": customer["invoice_settings"]["footer"],
        "issuer": {"type": "self"},
        "livemode": False,
        "metadata": {},
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": now,
    }


_NULL_AT_FIRST = (
    "account_tax_ids",
    "application",
    "automatically_finalizes_at",
    "confirmation_secret",
    "customer_account",
    "default_payment_method",
    "default_source",
    "description",
    "due_date",
    "effective_at",
    "ending_balance",
    "from_invoice",
    "hosted_invoice_url",
    "invoice_pdf",
    "last_finalization_error",
    "latest_revision",
    "next_payment_attempt",
    "number",
    "on_behalf_of",
    "parent",
    "receipt_number",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "status_details",
    "test_clock",
    "threshold_reason",
)
_ZERO_AT_FIRST = (
    "amount_due",
    "amount_overpaid",
    "amount_paid",
    "amount_paid_off_stripe",
    "amount_remaining",
    "amount_shipping",
    "attempt_count",
    "post_payment_credit_notes_amount",
    "pre_payment_credit_notes_amount",
    "starting_balance",
    "subtotal",
    "subtotal_excluding_tax",
    "total",
    "total_excluding_tax",
)
