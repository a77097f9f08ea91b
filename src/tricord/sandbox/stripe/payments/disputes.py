"""Disputes: a cardholder takes the money back through the bank. The invoice stays paid."""

import copy

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import wrong_state
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.payments import transactions
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    anything,
    boolean,
    fields,
    merged,
    metadata,
    nested,
    shape,
    time_filter,
    word,
)

_EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)
UPDATE = shape(
    evidence=nested(fields(*_EVIDENCE)),
    intended_submission_method=anything,
    metadata=metadata,
    submit=boolean,
)
LIST = shape(**PAGE, charge=word, created=time_filter, payment_intent=word)
READ = shape()

FEE = 1500
_DAYS_TO_ANSWER = 9
_ENDED = {"won", "lost", "warning_closed", "prevented"}


def open_on(account: Account, charge: Json, amount: int | None, reason: str) -> Json:
    """The cardholder complains: the money leaves at once."""
    if charge["disputed"]:
        raise wrong_state(f"Charge {charge['id']} is disputed already.", "charge_disputed")
    if charge["status"] != "succeeded" or charge["refunded"]:
        raise wrong_state(f"Charge {charge['id']} holds no money to dispute.")
    dispute = account.add(_blank(account, charge, amount or charge["amount"], reason))
    before = copy.deepcopy(charge)
    charge["disputed"] = True
    account.emit("charge.dispute.created", dispute)
    account.updated(charge, before)
    held = copy.deepcopy(dispute)
    _move_money(account, dispute, -dispute["amount"], fee=FEE)
    account.emit("charge.dispute.funds_withdrawn", dispute, held)
    return dispute


def close(account: Account, dispute: Json, status: str) -> Json:
    """The bank decides. Won brings the money and the fee back; lost keeps both gone."""
    if dispute["status"] in _ENDED:
        message = f"This dispute is already closed: it was {dispute['status']}."
        raise wrong_state(message, "dispute_already_closed")
    before = copy.deepcopy(dispute)
    dispute["status"] = status
    account.emit("charge.dispute.closed", dispute, before)
    if status == "won":
        held = copy.deepcopy(dispute)
        _move_money(account, dispute, dispute["amount"], fee=-FEE)
        account.emit("charge.dispute.funds_reinstated", dispute, held)
    return dispute


def retrieve(account: Account, call: Call) -> Json:
    return account.get("dispute", call.id)


def update(account: Account, call: Call) -> Json:
    """Evidence. The texts `winning_evidence` and `losing_evidence` decide, as in test mode."""
    dispute = account.get("dispute", call.id)
    params = call.params
    evidence = params.get("evidence") or {}
    if evidence and dispute["status"] in _ENDED:
        raise wrong_state("This dispute is already closed.", "dispute_already_closed")
    before = copy.deepcopy(dispute)
    if "metadata" in params:
        dispute["metadata"] = merged(dispute["metadata"], params["metadata"])
    if evidence:
        dispute["evidence"].update(evidence)
        dispute["evidence_details"]["has_evidence"] = True
    submitted = bool(evidence) and params.get("submit", True)
    if submitted:
        dispute["evidence_details"]["submission_count"] += 1
        dispute["evidence_details"]["submission_method"] = "manual"
        dispute["status"] = "under_review"
    if dispute != before:
        account.emit("charge.dispute.updated", dispute, before)
    verdict = {"winning_evidence": "won", "losing_evidence": "lost"}.get(
        str(evidence.get("uncategorized_text"))
    )
    if submitted and verdict:
        close(account, dispute, verdict)
    return dispute


def concede(account: Account, call: Call) -> Json:
    return close(account, account.get("dispute", call.id), "lost")


def list_(account: Account, call: Call) -> Json:
    found = (
        dispute
        for dispute in account.newest_first("dispute")
        if lists.in_time(call, dispute) and lists.matches(call, dispute, "charge", "payment_intent")
    )
    return lists.page(call, found)


def _move_money(account: Account, dispute: Json, amount: int, *, fee: int) -> None:
    category = "dispute" if amount < 0 else "dispute_reversal"
    booked = transactions.post(account, dispute, amount, "adjustment", fee=fee, category=category)
    dispute["balance_transactions"].append(booked)


def _blank(account: Account, charge: Json, amount: int, reason: str) -> Json:
    now = account.now()
    brand = charge["payment_method_details"]["card"]["brand"]
    return {
        "id": account.new_id("dispute"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + _DAYS_TO_ANSWER * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": brand,
                "case_type": "chargeback",
                "network": brand,
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
