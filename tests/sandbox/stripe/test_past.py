"""An account with a past, walked by the official SDK."""

from datetime import UTC, datetime

from sandbox.stripe.stage import Stage

UNTIL = datetime(2026, 9, 30, tzinfo=UTC)


def test_every_client_of_the_past_is_listed_once_over_all_pages(stage: Stage) -> None:
    stage.box.fill(130, UNTIL)
    found = list(stage.client.v1.customers.list({"limit": 100}).auto_paging_iter())
    assert len({one.id for one in found}) == len({one.email for one in found}) == 130
    assert all(one.created <= UNTIL.timestamp() for one in found)
    assert stage.heard == []
    assert stage.client.v1.events.list().data == []


def test_what_stands_on_an_invoice_of_the_past_exists(stage: Stage) -> None:
    stage.box.fill(130, UNTIL)
    v1 = stage.client.v1
    found = list(v1.invoices.list({"limit": 100, "expand": ["data.payments"]}).auto_paging_iter())
    assert len(found) == 130
    assert {one.status for one in found} == {"paid", "open"}
    assert len({one.number for one in found}) == 130
    for one in found[::13]:
        assert v1.customers.retrieve(str(one.customer)).name == one.customer_name
        assert one.payments is not None
        paid = [p for p in one.payments.data if p.status == "paid"]
        assert sum(p.amount_paid or 0 for p in paid) == one.amount_paid
        for payment in paid:
            assert payment.payment is not None
            intent = v1.payment_intents.retrieve(str(payment.payment.payment_intent))
            assert (intent.status, intent.customer) == ("succeeded", one.customer)


def test_some_of_the_past_was_refunded_disputed_and_credited(stage: Stage) -> None:
    stage.box.fill(130, UNTIL)
    v1 = stage.client.v1
    for listed in (v1.refunds, v1.disputes, v1.credit_notes):
        assert len(listed.list({"limit": 100}).data) == 3
