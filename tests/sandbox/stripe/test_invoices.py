"""Invoices from draft to their end, through the official SDK."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
import stripe

from sandbox.stripe.stage import Billed, Stage

Bill = Callable[..., Billed]


def test_an_invoice_goes_from_draft_to_sent(stage: Stage, bill: Bill) -> None:
    draft = bill(finalize=False).invoice
    assert (draft.status, draft.number, draft.hosted_invoice_url) == ("draft", None, None)
    v1 = stage.client.v1
    final = v1.invoices.finalize_invoice(draft.id)
    assert final.status == "open"
    assert re.fullmatch(r"[A-Z0-9]{8}-0001", final.number or "")
    assert (final.subtotal, final.total, final.amount_due) == (100_000, 100_000, 100_000)
    assert (final.amount_paid, final.amount_remaining, final.amount_overpaid) == (0, 100_000, 0)
    assert final.due_date == final.created + 14 * 86400
    assert final.status_transitions.finalized_at == final.created
    assert (final.hosted_invoice_url or "").startswith(stage.url)
    v1.invoices.send_invoice(draft.id)
    (mailed,) = stage.state()["sent_emails"]
    assert mailed["to"] == "ada@example.com"
    assert mailed["hosted_invoice_url"] == final.hosted_invoice_url
    assert stage.event_types() == [
        "customer.created",
        "invoice.created",
        "invoiceitem.created",
        "invoice.updated",
        "payment_intent.created",
        "invoice.finalized",
        "invoice.updated",
        "invoice.sent",
    ]


def test_lines_come_in_every_form_and_may_be_negative(stage: Stage, bill: Bill) -> None:
    draft = bill(finalize=False).invoice
    v1 = stage.client.v1
    v1.invoices.add_lines(
        draft.id,
        {
            "lines": [
                {"amount": -30_000, "description": "Deposit", "metadata": {"kind": "deposit"}},
                {
                    "description": "Hours",
                    "quantity": 3,
                    "price_data": {
                        "currency": "eur",
                        "product_data": {"name": "Hour"},
                        "unit_amount": 9_500,
                    },
                },
                {
                    "quantity": 7,
                    "price_data": {
                        "currency": "eur",
                        "product_data": {"name": "Page"},
                        "unit_amount_decimal": Decimal("12.5"),
                    },
                },
            ]
        },
    )
    lines = v1.invoices.line_items.list(draft.id).data
    assert [line.amount for line in lines] == [100_000, -30_000, 28_500, 88]
    assert lines[2].quantity == 3
    assert lines[2].pricing is not None
    assert lines[2].pricing.unit_amount_decimal == Decimal("9500")
    assert lines[1].metadata["kind"] == "deposit"
    assert v1.invoices.retrieve(draft.id).total == 98_588


def test_lines_can_be_changed_and_removed_while_the_invoice_is_a_draft(
    stage: Stage, bill: Bill
) -> None:
    draft = bill(finalize=False).invoice
    v1 = stage.client.v1
    (line,) = draft.lines.data
    changed = v1.invoices.update_lines(draft.id, {"lines": [{"id": line.id, "amount": 40_000}]})
    assert changed.total == 40_000
    emptied = v1.invoices.remove_lines(
        draft.id, {"lines": [{"id": line.id, "behavior": "unassign"}]}
    )
    assert (emptied.total, emptied.lines.data) == (0, [])
    (pending,) = v1.invoice_items.list({"pending": True}).data
    v1.invoice_items.delete(pending.id)
    assert v1.invoice_items.list().data == []


def test_pending_items_stay_away_unless_they_are_asked_for(stage: Stage) -> None:
    v1 = stage.client.v1
    customer = v1.customers.create({"name": "Ada"})
    v1.invoice_items.create({"customer": customer.id, "amount": 700, "currency": "eur"})
    without = v1.invoices.create({"customer": customer.id, "currency": "eur"})
    assert without.total == 0
    with_them = v1.invoices.create(
        {
            "customer": customer.id,
            "currency": "eur",
            "pending_invoice_items_behavior": "include",
        }
    )
    assert with_them.total == 700


def test_a_draft_can_be_deleted_and_nothing_else_can(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    draft = bill(finalize=False).invoice
    v1.invoices.delete(draft.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.invoices.retrieve(draft.id)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert "invoice.deleted" in stage.event_types()
    with pytest.raises(stripe.InvalidRequestError):
        v1.invoices.delete(bill().invoice.id)


def test_a_finalized_invoice_keeps_its_amounts_and_lets_metadata_change(
    stage: Stage, bill: Bill
) -> None:
    v1 = stage.client.v1
    made = bill()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.invoice_items.create({"customer": made.customer.id, "invoice": made.invoice.id})
    assert refused.value.code == "invoice_not_editable"
    with pytest.raises(stripe.InvalidRequestError):
        v1.invoices.update(made.invoice.id, {"description": "Later"})
    changed = v1.invoices.update(made.invoice.id, {"metadata": {"deal": "9"}})
    assert changed.metadata is not None
    assert changed.metadata["deal"] == "9"


def test_an_invoice_of_nothing_is_paid_as_soon_as_it_is_final(stage: Stage, bill: Bill) -> None:
    invoice = bill(amount=0).invoice
    assert (invoice.status, invoice.amount_due) == ("paid", 0)
    assert invoice.status_transitions.paid_at is not None
    assert stage.client.v1.invoice_payments.list({"invoice": invoice.id}).data == []
    types = stage.event_types()
    assert "invoice.paid" in types
    assert "invoice.payment_succeeded" not in types


def test_customer_credit_is_used_up_when_an_invoice_is_finalized(stage: Stage) -> None:
    v1 = stage.client.v1
    customer = v1.customers.create({"name": "Ada", "balance": -1_500})
    for amount, due, left in ((1_000, 0, -500), (1_000, 500, 0)):
        draft = v1.invoices.create({"customer": customer.id, "currency": "usd"})
        v1.invoices.add_lines(draft.id, {"lines": [{"amount": amount}]})
        final = v1.invoices.finalize_invoice(draft.id)
        assert (final.amount_due, final.ending_balance) == (due, left)
        assert v1.customers.retrieve(customer.id).balance == left
    assert final.status == "open"


def test_a_void_invoice_is_final(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice = bill().invoice
    gone = v1.invoices.void_invoice(invoice.id)
    assert gone.status == "void"
    assert gone.status_transitions.voided_at is not None
    (payment,) = v1.invoice_payments.list({"invoice": invoice.id}).data
    assert payment.status == "canceled"
    for again in (
        v1.invoices.finalize_invoice,
        v1.invoices.pay,
        v1.invoices.void_invoice,
        v1.invoices.mark_uncollectible,
        v1.invoices.send_invoice,
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            again(invoice.id)
        assert refused.value.http_status == 400
    assert v1.invoices.retrieve(invoice.id).status == "void"


def test_bad_debt_can_still_be_paid(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice = bill().invoice
    assert v1.invoices.mark_uncollectible(invoice.id).status == "uncollectible"
    paid = v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert paid.status == "paid"
    types = stage.event_types()
    assert types.index("invoice.marked_uncollectible") < types.index("invoice.paid")


def test_terms_need_the_right_collection_method(stage: Stage) -> None:
    v1 = stage.client.v1
    customer = v1.customers.create({"name": "Ada"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.invoices.create({"customer": customer.id, "days_until_due": 3})
    assert refused.value.param == "days_until_due"
    with pytest.raises(stripe.InvalidRequestError):
        v1.invoices.create({"customer": customer.id, "collection_method": "send_invoice"})


def test_an_invoice_without_an_address_cannot_be_sent(stage: Stage) -> None:
    v1 = stage.client.v1
    customer = v1.customers.create({"name": "Ada"})
    draft = v1.invoices.create(
        {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 1}
    )
    with pytest.raises(stripe.InvalidRequestError, match="email"):
        v1.invoices.send_invoice(draft.id)


def test_numbers_can_be_chosen_once(stage: Stage) -> None:
    v1 = stage.client.v1
    customer = v1.customers.create({"name": "Ada"})
    v1.invoices.create({"customer": customer.id, "number": "2026-7"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.invoices.create({"customer": customer.id, "number": "2026-7"})
    assert refused.value.param == "number"


def test_tax_rates_add_to_the_total(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    rate = v1.tax_rates.create(
        {"display_name": "VAT", "percentage": 21.0, "inclusive": False, "country": "NL"}
    )
    draft = bill(finalize=False).invoice
    taxed = v1.invoices.update(draft.id, {"default_tax_rates": [rate.id]})
    assert (taxed.subtotal, taxed.total, taxed.total_excluding_tax) == (100_000, 121_000, 100_000)
    assert taxed.total_taxes is not None
    assert [tax.amount for tax in taxed.total_taxes] == [21_000]


def test_a_draft_told_to_advance_finalizes_itself_after_an_hour(stage: Stage, bill: Bill) -> None:
    draft = bill(finalize=False).invoice
    v1 = stage.client.v1
    v1.invoices.update(draft.id, {"auto_advance": True})
    stage.await_webhooks()
    stage.clock.pass_(minutes=50)
    assert v1.invoices.retrieve(draft.id).status == "draft"
    stage.clock.pass_(minutes=11)
    assert v1.invoices.retrieve(draft.id).status == "open"
    assert stage.event_types()[-1] == "invoice.sent"


def test_an_automatic_invoice_charges_the_customers_card_and_may_fail(stage: Stage) -> None:
    v1 = stage.client.v1
    customer = v1.customers.create({"name": "Ada"})
    method = v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    draft = v1.invoices.create({"customer": customer.id, "currency": "usd", "auto_advance": True})
    v1.invoices.add_lines(draft.id, {"lines": [{"amount": 5_000}]})
    stage.await_webhooks()
    stage.clock.pass_(hours=2)
    read = v1.invoices.retrieve(draft.id)
    assert (read.status, read.attempted) == ("open", True)
    assert stage.event_types()[-1] == "invoice.payment_failed"


def test_credit_in_another_currency_is_left_alone(stage: Stage) -> None:
    v1 = stage.client.v1
    customer = v1.customers.create({"name": "Ada"})
    v1.customers.balance_transactions.create(customer.id, {"amount": -500, "currency": "usd"})
    draft = v1.invoices.create({"customer": customer.id, "currency": "eur"})
    v1.invoices.add_lines(draft.id, {"lines": [{"amount": 900}]})
    assert v1.invoices.finalize_invoice(draft.id).amount_due == 900
    assert v1.customers.retrieve(customer.id).balance == -500


def test_a_due_date_that_passes_is_told_once(stage: Stage, bill: Bill) -> None:
    invoice = bill().invoice
    stage.clock.pass_(days=15)
    for _ in range(3):
        assert stage.client.v1.invoices.retrieve(invoice.id).status == "open"
    assert stage.event_types().count("invoice.overdue") == 1


def test_lists_filter_by_status_customer_and_time(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    first = bill()
    stage.clock.pass_(hours=1)
    second = bill(finalize=False)
    assert [i.id for i in v1.invoices.list({"status": "draft"}).data] == [second.invoice.id]
    mine = v1.invoices.list({"customer": first.customer.id}).data
    assert [i.id for i in mine] == [first.invoice.id]
    later = v1.invoices.list({"created": {"gt": first.invoice.created}}).data
    assert [i.id for i in later] == [second.invoice.id]


def test_payments_are_shown_only_when_asked_for(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice = bill().invoice
    assert "payments" not in invoice
    read = v1.invoices.retrieve(
        invoice.id, {"expand": ["payments.data.payment.payment_intent", "customer"]}
    )
    assert read.payments is not None
    (payment,) = read.payments.data
    assert isinstance(payment.payment.payment_intent, stripe.PaymentIntent)
    assert payment.payment.payment_intent.amount == 100_000
    assert isinstance(read.customer, stripe.Customer)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        v1.invoices.retrieve(invoice.id, {"expand": ["charge"]})
