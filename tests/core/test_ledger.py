"""The ledger: invariant 7, and the words that the CRM shows for it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core import building as make
from core.building import NOW, usd
from tricord.core.account import Account
from tricord.core.ids import Kind
from tricord.core.ledger import standing
from tricord.core.money import Money
from tricord.core.records import (
    CreditNote,
    Dispute,
    DisputeStatus,
    Invoice,
    InvoiceStatus,
    PaymentStatus,
    Refund,
    RefundStatus,
)

small = st.lists(st.integers(1, 50_000), max_size=4)


def refund(minor: int, number: int, status: RefundStatus = RefundStatus.SUCCEEDED) -> Refund:
    return Refund(
        ref=make.ref(make.BILLING, Kind.REFUND, f"re_{number}"),
        version=1,
        payment=make.ref(make.BILLING, Kind.PAYMENT, "pi_0"),
        amount=usd(minor),
        status=status,
        created_at=NOW,
    )


def dispute(minor: int, status: DisputeStatus) -> Dispute:
    return Dispute(
        ref=make.ref(make.BILLING, Kind.DISPUTE, "dp_1"),
        version=1,
        payment=make.ref(make.BILLING, Kind.PAYMENT, "pi_0"),
        amount=usd(minor),
        status=status,
        created_at=NOW,
    )


def credit(minor: int, number: int, *, void: bool = False) -> CreditNote:
    return CreditNote(
        ref=make.ref(make.BILLING, Kind.CREDIT_NOTE, f"cn_{number}"),
        version=1,
        invoice=make.ref(make.BILLING, Kind.INVOICE, "in_1"),
        amount=usd(minor),
        void=void,
        created_at=NOW,
    )


def paid(*minors: int) -> Account:
    payments = [make.payment(usd(m), f"pi_{n}") for n, m in enumerate(minors)]
    return make.account(make.customer(), make.invoice(usd(100_000)), *payments)


def books(account: Account):  # type: ignore[no-untyped-def]  # the Standing of in_1
    found = account.records[make.ref(make.BILLING, Kind.INVOICE, "in_1")]
    assert isinstance(found, Invoice)
    return standing(account, found)


@given(total=st.integers(0, 10**9), paid_minor=small, refunds=small, credits=small)
def test_invariant_7_the_balance_is_total_less_payments_plus_refunds_less_credits(
    total: int, paid_minor: list[int], refunds: list[int], credits: list[int]
) -> None:
    account = make.account(
        make.invoice(usd(total)),
        *(make.payment(usd(m), f"pi_{n}") for n, m in enumerate(paid_minor)),
        *(refund(m, n) for n, m in enumerate(refunds) if paid_minor),
        *(credit(m, n) for n, m in enumerate(credits)),
    )
    back = sum(refunds) if paid_minor else 0
    assert books(account).balance == usd(total - sum(paid_minor) + back - sum(credits))


def test_a_small_payment_leaves_the_invoice_partly_paid() -> None:
    found = books(paid(40_000))
    assert found.word == "partly_paid"
    assert found.outstanding == usd(60_000)
    assert found.settled_at is None


def test_a_payment_that_is_open_or_cancelled_counts_for_nothing() -> None:
    for status in (PaymentStatus.OPEN, PaymentStatus.CANCELED):
        open_one = make.payment(usd(100_000), status=status, paid_at=None)
        assert books(paid().with_record(open_one)).outstanding == usd(100_000)


def test_an_overpayment_is_the_clients_money_and_owes_nothing() -> None:
    found = books(paid(70_000, 50_000))
    assert found.balance == usd(-20_000)
    assert found.outstanding == usd(0)
    assert found.word == "paid"


def test_money_the_engine_says_it_received_elsewhere_counts() -> None:
    outside = make.invoice(usd(100_000), paid=usd(100_000), paid_at=NOW, version=2,
                           status=InvoiceStatus.PAID)  # fmt: skip
    found = books(paid().with_record(outside))
    assert found.word == "paid"
    assert found.settled_at == NOW


def test_a_refund_makes_it_owed_again_though_the_engine_calls_it_paid() -> None:
    refunded = paid(100_000).with_record(refund(30_000, 1))
    assert books(refunded).outstanding == usd(30_000)
    assert books(refunded).word == "refunded"
    failed = paid(100_000).with_record(refund(30_000, 1, RefundStatus.FAILED))
    assert books(failed).word == "paid"


def test_a_refund_with_a_credit_note_is_owed_by_nobody() -> None:
    account = paid(100_000).with_record(refund(100_000, 1)).with_record(credit(100_000, 1))
    assert books(account).balance == usd(0)
    assert books(account).word == "paid"
    void = account.with_record(credit(100_000, 2, void=True))
    assert books(void).balance == usd(0)


def test_a_dispute_is_shown_while_open_and_booked_when_lost() -> None:
    account = paid(100_000)
    words = {
        status: (books(account.with_record(dispute(100_000, status))).word,
                 books(account.with_record(dispute(100_000, status))).outstanding)
        for status in DisputeStatus
    }  # fmt: skip
    assert words[DisputeStatus.OPEN] == ("disputed", usd(0))
    assert words[DisputeStatus.LOST] == ("refunded", usd(100_000))
    for calm in (DisputeStatus.WON, DisputeStatus.CLOSED, DisputeStatus.INQUIRY):
        assert words[calm] == ("paid", usd(0))


def test_overdue_begins_at_the_due_instant_and_only_for_what_is_owed() -> None:
    due = make.invoice(usd(100), due_at=NOW)
    account = make.account(due)
    assert not standing(account, due).overdue(NOW - timedelta(seconds=1))
    assert standing(account, due).overdue(NOW)
    settled = account.with_record(make.payment(usd(100)))
    assert not standing(settled, due).overdue(NOW + timedelta(days=400))
    assert Money.zero("USD") == standing(settled, due).outstanding
