"""Payments in full, in part and above, through the official SDK and the hosted page."""

from collections.abc import Callable

import pytest
import stripe

from sandbox.stripe.stage import Billed, Stage

Bill = Callable[..., Billed]


def _intent(stage: Stage, billed: Billed, amount: int) -> stripe.PaymentIntent:
    return stage.client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "eur",
            "customer": billed.customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "off_session": True,
        }
    )


def test_paying_by_card_pays_the_default_payment(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice = bill().invoice
    stage.forget_webhooks()
    paid = v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"})
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 100_000, 0)
    assert paid.status_transitions.paid_at is not None
    (payment,) = v1.invoice_payments.list({"invoice": invoice.id}).data
    assert (payment.is_default, payment.status, payment.amount_paid) == (True, "paid", 100_000)
    assert stage.event_types() == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]


def test_a_partial_payment_leaves_the_invoice_open(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    billed = bill()
    stage.forget_webhooks()
    intent = _intent(stage, billed, 30_000)
    part = v1.invoices.attach_payment(billed.invoice.id, {"payment_intent": intent.id})
    assert (part.status, part.amount_paid, part.amount_remaining) == ("open", 30_000, 70_000)
    types = stage.event_types()
    assert "invoice_payment.paid" in types
    assert "invoice.paid" not in types
    payments = v1.invoice_payments.list({"invoice": billed.invoice.id}).data
    shown = {(p.is_default, p.status, p.amount_requested) for p in payments}
    assert shown == {(False, "paid", 30_000), (True, "open", 70_000)}


def test_an_intent_attached_first_counts_when_it_succeeds(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    billed = bill()
    intent = v1.payment_intents.create(
        {"amount": 40_000, "currency": "eur", "customer": billed.customer.id}
    )
    v1.invoices.attach_payment(billed.invoice.id, {"payment_intent": intent.id})
    assert v1.invoices.retrieve(billed.invoice.id).amount_paid == 0
    v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert v1.invoices.retrieve(billed.invoice.id).amount_paid == 40_000


def test_the_parts_together_pay_the_invoice(stage: Stage, bill: Bill) -> None:
    billed = bill()
    for amount in (30_000, 70_000):
        stage.control(f"invoices/{billed.invoice.id}/pay", amount=amount)
    read = stage.client.v1.invoices.retrieve(billed.invoice.id)
    assert (read.status, read.amount_paid) == ("paid", 100_000)
    types = stage.event_types()
    assert types.count("invoice_payment.paid") == 2
    assert types.count("invoice.paid") == 1


def test_an_overpayment_becomes_the_customers_credit(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    billed = bill()
    stage.control(f"invoices/{billed.invoice.id}/pay", amount=120_000)
    read = v1.invoices.retrieve(billed.invoice.id)
    assert (read.status, read.amount_remaining, read.amount_overpaid) == ("paid", 0, 20_000)
    assert v1.customers.retrieve(billed.customer.id).balance == -20_000
    (noted,) = v1.customers.balance_transactions.list(billed.customer.id).data
    assert (noted.type, noted.invoice) == ("invoice_overpaid", billed.invoice.id)
    assert "invoice.overpaid" in stage.event_types()
    defaults = [p for p in v1.invoice_payments.list().data if p.is_default]
    assert [p.status for p in defaults] == ["canceled"]


def test_two_open_intents_can_overpay_though_neither_is_too_large(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    billed = bill()
    intents = [
        v1.payment_intents.create(
            {"amount": 60_000, "currency": "eur", "customer": billed.customer.id}
        )
        for _ in range(2)
    ]
    for intent in intents:
        v1.invoices.attach_payment(billed.invoice.id, {"payment_intent": intent.id})
    for intent in intents:
        v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    read = v1.invoices.retrieve(billed.invoice.id)
    assert (read.status, read.amount_overpaid) == ("paid", 20_000)


def test_an_intent_above_the_remainder_cannot_be_attached(stage: Stage, bill: Bill) -> None:
    billed = bill()
    intent = _intent(stage, billed, 100_001)
    with pytest.raises(stripe.InvalidRequestError, match="amount remaining"):
        stage.client.v1.invoices.attach_payment(billed.invoice.id, {"payment_intent": intent.id})


def test_a_partly_paid_invoice_cannot_be_voided(stage: Stage, bill: Bill) -> None:
    billed = bill()
    stage.control(f"invoices/{billed.invoice.id}/pay", amount=1)
    with pytest.raises(stripe.InvalidRequestError):
        stage.client.v1.invoices.void_invoice(billed.invoice.id)


def test_the_invoice_of_an_intent_is_found_through_its_payment(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    billed = bill()
    stage.control(f"invoices/{billed.invoice.id}/pay", amount=30_000)
    intent = v1.payment_intents.list({"customer": billed.customer.id}).data[0]
    assert "invoice" not in intent
    (payment,) = v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    ).data
    assert (payment.invoice, payment.amount_paid) == (billed.invoice.id, 30_000)
    assert v1.invoice_payments.retrieve(payment.id).id == payment.id


def test_the_default_intent_cannot_be_canceled_and_another_can(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    billed = bill()
    (default,) = v1.payment_intents.list({"customer": billed.customer.id}).data
    with pytest.raises(stripe.InvalidRequestError, match="default payment"):
        v1.payment_intents.cancel(default.id)
    other = v1.payment_intents.create(
        {"amount": 100, "currency": "eur", "customer": billed.customer.id}
    )
    v1.invoices.attach_payment(billed.invoice.id, {"payment_intent": other.id})
    assert v1.payment_intents.cancel(other.id).status == "canceled"
    canceled = v1.invoice_payments.list({"invoice": billed.invoice.id, "status": "canceled"})
    assert [p.payment.payment_intent for p in canceled.data] == [other.id]


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_a_declined_card_leaves_the_invoice_open(
    stage: Stage, bill: Bill, card: str, code: str, decline_code: str | None
) -> None:
    v1 = stage.client.v1
    invoice = bill().invoice
    stage.forget_webhooks()
    with pytest.raises(stripe.CardError) as refused:
        v1.invoices.pay(invoice.id, {"payment_method": card})
    assert refused.value.http_status == 402
    assert refused.value.code == code
    assert refused.value.error is not None
    assert getattr(refused.value.error, "decline_code", None) == decline_code
    read = v1.invoices.retrieve(invoice.id)
    assert (read.status, read.attempted, read.attempt_count) == ("open", True, 1)
    assert stage.event_types() == [
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.updated",
        "invoice.payment_failed",
    ]
    assert v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"}).status == "paid"


def test_a_card_that_wants_the_client_waits_for_the_client(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice = bill().invoice
    with pytest.raises(stripe.CardError) as refused:
        v1.invoices.pay(invoice.id, {"payment_method": "pm_card_authenticationRequired"})
    assert refused.value.code == "invoice_payment_intent_requires_action"
    assert "invoice.payment_action_required" in stage.event_types()
    (intent,) = v1.payment_intents.list().data
    stage.control(f"payment_intents/{intent.id}/authenticate")
    assert v1.invoices.retrieve(invoice.id).status == "paid"


def test_charging_automatically_uses_the_customers_card(stage: Stage) -> None:
    v1 = stage.client.v1
    customer = v1.customers.create({"name": "Ada"})
    method = v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    draft = v1.invoices.create({"customer": customer.id, "currency": "usd"})
    v1.invoices.add_lines(draft.id, {"lines": [{"amount": 5_000}]})
    with pytest.raises(stripe.InvalidRequestError, match="default_payment_method"):
        v1.invoices.pay(draft.id)
    v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    assert v1.invoices.pay(draft.id).status == "paid"
    (charge,) = v1.charges.list({"customer": customer.id}).data
    assert charge.payment_method_details is not None
    assert charge.payment_method_details.card is not None
    assert charge.payment_method_details.card.last4 == "4444"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        v1.invoices.pay(draft.id)


def test_money_taken_outside_of_stripe_counts_without_a_payment_attempt(
    stage: Stage, bill: Bill
) -> None:
    v1 = stage.client.v1
    billed = bill()
    record = v1.payment_records.report_payment(
        {
            "amount_requested": {"currency": "eur", "value": 25_000},
            "initiated_at": billed.invoice.created,
            "outcome": "guaranteed",
            "guaranteed": {"guaranteed_at": billed.invoice.created},
            "payment_method_details": {"type": "custom"},
        }
    )
    part = v1.invoices.attach_payment(billed.invoice.id, {"payment_record": record.id})
    assert (part.status, part.amount_paid, part.amount_paid_off_stripe) == ("open", 25_000, 25_000)
    paid = v1.invoices.pay(billed.invoice.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid, paid.amount_paid_off_stripe) == (
        "paid",
        100_000,
        100_000,
    )
    types = stage.event_types()
    assert "invoice.paid" in types
    assert "invoice.payment_succeeded" not in types
    assert v1.charges.list().data == []
