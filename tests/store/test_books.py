"""The books as columns: they say what the ledger says, whatever happened, on both databases."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core import building as make
from core.building import NOW, usd
from tricord.core.account import Account
from tricord.core.identity import account_id
from tricord.core.ids import Kind, Ref
from tricord.core.ledger import standings
from tricord.core.records import (
    CreditNote,
    Dispute,
    DisputeStatus,
    InvoiceStatus,
    PaymentStatus,
    Record,
    Refund,
    RefundStatus,
)
from tricord.store import books, books_views, mirror
from tricord.store.account_views import totals_of
from tricord.store.database import Database, Tx
from tricord.store.schema import books as standing_rows
from tricord.store.schema import movements

DAY = timedelta(days=1)
AMOUNTS = st.integers(1, 5_000_00)


@st.composite
def histories(draw: st.DrawFn) -> list[Record]:
    """Some invoices, and money that came, went back, was fought over and was forgiven."""
    found: list[Record] = [*make.people(), make.customer()]
    for number in range(draw(st.integers(1, 4))):
        issued = NOW - DAY * draw(st.integers(0, 90))
        status = draw(st.sampled_from(list(InvoiceStatus)))
        found.append(
            make.invoice(
                usd(draw(AMOUNTS)),
                f"in_{number}",
                status=status,
                issued_at=issued,
                paid=usd(draw(st.sampled_from([0, 0, 1200]))),
                due_at=draw(st.none() | st.just(issued + 14 * DAY)),
            )
        )
        for place in range(draw(st.integers(0, 2))):
            name = f"py_{number}_{place}"
            found.append(
                make.payment(
                    usd(draw(AMOUNTS)),
                    name,
                    f"in_{number}",
                    status=draw(st.sampled_from(list(PaymentStatus))),
                    paid_at=draw(st.none() | st.just(NOW - DAY)),
                )
            )
            paid = make.ref(make.BILLING, Kind.PAYMENT, name)
            found += draw(st.lists(_backs(name, paid), max_size=1))
        found += draw(st.lists(_credits(number), max_size=1))
    return found


def _backs(name: str, paid: Ref) -> st.SearchStrategy[Record]:
    refund = st.builds(
        Refund, ref=st.just(make.ref(make.BILLING, Kind.REFUND, f"re_{name}")), version=st.just(1),
        payment=st.just(paid), amount=AMOUNTS.map(usd),
        status=st.sampled_from(list(RefundStatus)), created_at=st.just(NOW),
    )  # fmt: skip
    dispute = st.builds(
        Dispute, ref=st.just(make.ref(make.BILLING, Kind.DISPUTE, f"dp_{name}")),
        version=st.just(1), payment=st.just(paid), amount=AMOUNTS.map(usd),
        status=st.sampled_from(list(DisputeStatus)), created_at=st.just(NOW),
    )  # fmt: skip
    return st.one_of(refund, dispute)


def _credits(number: int) -> st.SearchStrategy[Record]:
    return st.builds(
        CreditNote, ref=st.just(make.ref(make.BILLING, Kind.CREDIT_NOTE, f"cn_{number}")),
        version=st.just(1), invoice=st.just(make.ref(make.BILLING, Kind.INVOICE, f"in_{number}")),
        amount=AMOUNTS.map(usd), void=st.booleans(), created_at=st.just(NOW),
    )  # fmt: skip


def settle(database: Database, account: Account) -> None:
    def work(tx: Tx) -> None:
        mirror.ensure_account(tx, account.id)
        mirror.settle(tx, account, None)

    database.run(work, NOW)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=histories())
def test_invariant_7_the_columns_say_what_the_ledger_says(
    database: Database, records: list[Record]
) -> None:
    """Whatever stood there before: each history overwrites the last one's books."""
    account = make.account(*records)
    settle(database, account)
    owed = standings(account)
    told = database.run(books_views.totals, NOW).get("", ())
    assert told == totals_of(owed, NOW)
    with database.engine.connect() as db:
        rows = db.execute(select(standing_rows)).all()
        moved = db.execute(select(func.coalesce(func.sum(movements.c.minor), 0))).scalar_one()
    assert {row.external_id: (row.word, row.outstanding) for row in rows} == {
        one.invoice.ref.external_id: (one.word, one.outstanding.minor) for one in owed
    }
    assert int(moved) == sum(one.balance.minor for one in owed)


def test_settling_again_writes_nothing(database: Database) -> None:
    account = make.account(*make.people(), make.invoice(usd(5000)), make.payment(usd(2000)))
    settle(database, account)

    def again(tx: Tx) -> int:
        before = tx.db.execute(select(func.count()).select_from(movements)).scalar_one()
        books.keep(tx, account)
        return int(before)

    assert database.run(again, NOW) == 2
    with database.engine.connect() as db:
        assert db.execute(select(func.count()).select_from(movements)).scalar_one() == 2


def test_a_month_brings_what_came_in_less_what_went_back(database: Database) -> None:
    refund = Refund(
        ref=make.ref(make.BILLING, Kind.REFUND, "re_1"), version=1,
        payment=make.ref(make.BILLING, Kind.PAYMENT, "pi_1"), amount=usd(500),
        status=RefundStatus.SUCCEEDED, created_at=NOW,
    )  # fmt: skip
    settle(database, make.account(*make.people(), make.invoice(usd(5000)),
                                  make.payment(usd(2000)), refund))  # fmt: skip
    (flow,) = database.run(lambda tx: books_views.flow(tx, NOW - DAY, NOW + DAY), NOW)
    assert (flow.invoiced, flow.received) == (usd(5000), usd(1500))
    assert database.run(lambda tx: books_views.flow(tx, NOW + DAY, NOW + 2 * DAY), NOW) == ()


def test_the_course_of_what_is_owed_and_for_how_many_days_of_sales_it_stands(
    database: Database,
) -> None:
    first = make.invoice(usd(9000), "in_1", issued_at=NOW - 60 * DAY)
    second = make.invoice(usd(3000), "in_2", issued_at=NOW - 10 * DAY)
    paid = make.payment(usd(9000), "py_1", "in_1", paid_at=NOW - 20 * DAY)
    settle(database, make.account(*make.people(), first, second, paid))
    times = [NOW - 61 * DAY, NOW - 30 * DAY, NOW - 15 * DAY, NOW]
    points = database.run(lambda tx: books_views.course(tx, "USD", times), NOW)
    assert [point.owed.minor for point in points] == [0, 9000, 0, 3000]
    assert [point.days for point in points] == [None, 90.0, 0.0, 22.5]


def test_what_falls_due_next_comes_first_and_the_overdue_not_at_all(database: Database) -> None:
    rows = [
        make.invoice(usd(100), f"in_{days}", due_at=NOW + days * DAY) for days in (-3, 2, 1, 30)
    ]
    settle(database, make.account(*make.people(), *rows))
    found = database.run(lambda tx: books_views.falling_due(tx, NOW + 7 * DAY, 10), NOW)
    assert [row.ref.external_id for row in found] == ["in_1", "in_2"]


def test_an_invoice_that_moves_to_another_account_counts_there_alone(database: Database) -> None:
    held = make.account(*make.people(), make.invoice(usd(5000)))
    settle(database, held)
    other = Account(id=account_id(make.DEAL), records=held.records)
    settle(database, other)
    settle(database, make.account(*make.people()))
    told = database.run(lambda tx: books_views.totals(tx, [held.id, other.id]), NOW)
    assert held.id not in told
    assert told[other.id][0].outstanding == usd(5000)
