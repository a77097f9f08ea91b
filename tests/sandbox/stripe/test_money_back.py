"""Refunds, credit notes and disputes, through the official SDK and the controls."""

from collections.abc import Callable

import pytest
import stripe

from sandbox.stripe.stage import Billed, Stage

Bill = Callable[..., Billed]


def _paid(stage: Stage, bill: Bill) -> tuple[stripe.Invoice, stripe.Charge]:
    billed = bill()
    stage.control(f"invoices/{billed.invoice.id}/pay")
    (charge,) = stage.client.v1.charges.list({"customer": billed.customer.id}).data
    stage.forget_webhooks()
    return stage.client.v1.invoices.retrieve(billed.invoice.id), charge


def test_a_refund_in_part_and_then_of_the_rest(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice, charge = _paid(stage, bill)
    part = v1.refunds.create({"charge": charge.id, "amount": 30_000, "metadata": {"why": "late"}})
    assert (part.status, part.amount, part.payment_intent) == (
        "succeeded",
        30_000,
        charge.payment_intent,
    )
    held = v1.charges.retrieve(charge.id)
    assert (held.amount_refunded, held.refunded) == (30_000, False)
    rest = v1.refunds.create({"payment_intent": str(charge.payment_intent)})
    assert rest.amount == 70_000
    assert v1.charges.retrieve(charge.id).refunded is True
    assert stage.event_types() == ["refund.created", "charge.refunded"] * 2
    after = v1.invoices.retrieve(invoice.id)
    assert after.to_dict() == invoice.to_dict()


def test_more_than_a_charge_holds_cannot_be_refunded(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    _, charge = _paid(stage, bill)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.refunds.create({"charge": charge.id, "amount": 100_001})
    assert refused.value.param == "amount"
    v1.refunds.create({"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError) as again:
        v1.refunds.create({"charge": charge.id})
    assert again.value.code == "charge_already_refunded"


def test_a_refund_can_fail_days_later(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    _, charge = _paid(stage, bill)
    refund = v1.refunds.create({"charge": charge.id, "amount": 30_000})
    stage.control(
        f"refunds/{refund.id}/settle", status="failed", failure_reason="lost_or_stolen_card"
    )
    read = v1.refunds.retrieve(refund.id)
    assert (read.status, read.failure_reason) == ("failed", "lost_or_stolen_card")
    assert v1.charges.retrieve(charge.id).amount_refunded == 0
    assert {"refund.failed", "refund.updated", "charge.refund.updated"} <= set(stage.event_types())


def test_a_pending_refund_succeeds_when_the_bank_says_so(stage: Stage, bill: Bill) -> None:
    _, charge = _paid(stage, bill)
    made = stage.control(f"charges/{charge.id}/refund", amount=500, status="pending")
    assert made["status"] == "pending"
    stage.control(f"refunds/{made['id']}/settle", status="succeeded")
    assert stage.client.v1.refunds.retrieve(made["id"]).status == "succeeded"


def test_a_credit_note_on_an_open_invoice_lowers_what_is_due(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice = bill().invoice
    note = v1.credit_notes.create(
        {"invoice": invoice.id, "amount": 40_000, "reason": "order_change", "memo": "Less work"}
    )
    assert (note.type, note.pre_payment_amount, note.post_payment_amount) == (
        "pre_payment",
        40_000,
        0,
    )
    assert note.number == f"{invoice.number}-CN-01"
    less = v1.invoices.retrieve(invoice.id)
    assert (less.total, less.amount_due, less.amount_remaining) == (100_000, 60_000, 60_000)
    assert less.pre_payment_credit_notes_amount == 40_000
    (payment,) = v1.invoice_payments.list({"invoice": invoice.id}).data
    assert payment.amount_requested == 60_000
    v1.credit_notes.void_credit_note(note.id)
    assert v1.invoices.retrieve(invoice.id).amount_remaining == 100_000
    types = stage.event_types()
    assert types.index("credit_note.created") < types.index("credit_note.voided")


def test_a_credit_note_over_the_whole_pays_the_invoice(stage: Stage, bill: Bill) -> None:
    invoice = bill().invoice
    stage.client.v1.credit_notes.create({"invoice": invoice.id, "amount": 100_000})
    read = stage.client.v1.invoices.retrieve(invoice.id)
    assert (read.status, read.amount_due, read.amount_paid) == ("paid", 0, 0)


def test_a_credit_note_on_a_paid_invoice_says_where_the_money_goes(
    stage: Stage, bill: Bill
) -> None:
    v1 = stage.client.v1
    invoice, charge = _paid(stage, bill)
    with pytest.raises(stripe.InvalidRequestError, match="must equal the post payment amount"):
        v1.credit_notes.create({"invoice": invoice.id, "amount": 10_000, "refund_amount": 9_999})
    note = v1.credit_notes.create(
        {
            "invoice": invoice.id,
            "lines": [{"type": "custom_line_item", "unit_amount": 10_000, "quantity": 1}],
            "refund_amount": 5_000,
            "credit_amount": 3_000,
            "out_of_band_amount": 2_000,
        }
    )
    assert (note.type, note.post_payment_amount) == ("post_payment", 10_000)
    assert note.out_of_band_amount == 2_000
    assert [line.amount_refunded for line in note.refunds] == [5_000]
    assert v1.charges.retrieve(charge.id).amount_refunded == 5_000
    assert v1.customers.retrieve(str(invoice.customer)).balance == -3_000
    after = v1.invoices.retrieve(invoice.id)
    assert (after.status, after.amount_paid) == ("paid", 100_000)
    assert after.post_payment_credit_notes_amount == 10_000


def test_a_refund_made_before_can_be_put_on_a_credit_note(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice, charge = _paid(stage, bill)
    refund = v1.refunds.create({"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError, match="creditable"):
        v1.credit_notes.create({"invoice": invoice.id, "amount": 1, "credit_amount": 1})
    note = v1.credit_notes.create(
        {"invoice": invoice.id, "amount": 100_000, "refunds": [{"refund": refund.id}]}
    )
    assert note.post_payment_amount == 100_000
    assert len(v1.refunds.list().data) == 1
    status, headers, _ = stage.request("GET", note.pdf.removeprefix(stage.url))
    assert (status, headers["content-type"]) == (200, "application/pdf")


def test_a_partly_paid_invoice_gets_a_mixed_credit_note(stage: Stage, bill: Bill) -> None:
    invoice = bill().invoice
    stage.control(f"invoices/{invoice.id}/pay", amount=80_000)
    note = stage.client.v1.credit_notes.create(
        {"invoice": invoice.id, "amount": 50_000, "credit_amount": 30_000}
    )
    assert (note.type, note.pre_payment_amount, note.post_payment_amount) == (
        "mixed",
        20_000,
        30_000,
    )
    assert stage.client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_no_credit_note_above_the_invoice_nor_on_a_draft(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    with pytest.raises(stripe.InvalidRequestError, match="creditable"):
        v1.credit_notes.create({"invoice": bill().invoice.id, "amount": 100_001})
    draft = bill(finalize=False).invoice
    with pytest.raises(stripe.InvalidRequestError, match="finalized"):
        v1.credit_notes.create({"invoice": draft.id, "amount": 1})


@pytest.mark.parametrize("verdict", ["won", "lost"])
def test_a_dispute_takes_the_money_and_only_winning_brings_it_back(
    stage: Stage, bill: Bill, verdict: str
) -> None:
    v1 = stage.client.v1
    invoice, charge = _paid(stage, bill)
    opened = stage.control(f"charges/{charge.id}/dispute", reason="product_not_received")
    assert (opened["status"], opened["amount"]) == ("needs_response", 100_000)
    assert v1.charges.retrieve(charge.id).disputed is True
    stage.control(f"disputes/{opened['id']}/close", status=verdict)
    dispute = v1.disputes.retrieve(opened["id"])
    assert dispute.status == verdict
    expected = [-100_000, 100_000] if verdict == "won" else [-100_000]
    assert [booked.amount for booked in dispute.balance_transactions] == expected
    types = [t for t in stage.event_types() if t.startswith("charge.dispute")]
    assert types == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        *(["charge.dispute.funds_reinstated"] if verdict == "won" else []),
    ]
    assert v1.invoices.retrieve(invoice.id).status == "paid"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.disputes.close(dispute.id)
    assert refused.value.code == "dispute_already_closed"


def test_evidence_is_submitted_and_decides(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    _, charge = _paid(stage, bill)
    opened = stage.control(f"charges/{charge.id}/dispute")
    kept = v1.disputes.update(
        opened["id"], {"evidence": {"product_description": "A site"}, "submit": False}
    )
    assert (kept.status, kept.evidence_details.submission_count) == ("needs_response", 0)
    won = v1.disputes.update(opened["id"], {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert (won.status, won.evidence_details.submission_count) == ("won", 1)


def test_a_disputed_charge_cannot_be_refunded(stage: Stage, bill: Bill) -> None:
    _, charge = _paid(stage, bill)
    stage.control(f"charges/{charge.id}/dispute")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stage.client.v1.refunds.create({"charge": charge.id})
    assert refused.value.code == "charge_disputed"


def test_one_test_card_is_disputed_by_itself(stage: Stage, bill: Bill) -> None:
    invoice = bill().invoice
    stage.control(f"invoices/{invoice.id}/pay", payment_method="pm_card_createDispute")
    (dispute,) = stage.client.v1.disputes.list().data
    assert dispute.reason == "fraudulent"
    assert stage.client.v1.invoices.retrieve(invoice.id).status == "paid"
