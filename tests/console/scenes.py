"""The clients of the small firm: one in each state that a page must be able to show."""

from dataclasses import replace
from datetime import datetime, timedelta

from console.firm import CRM, GO_LIVE, NOW, Client, Town, billing, usd
from tricord.core.ids import Kind
from tricord.core.records import (
    Deal,
    Dispute,
    DisputeStatus,
    Invoice,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from tricord.store import connections

EARLY = GO_LIVE + timedelta(days=2, hours=14, minutes=12)
WEEK = timedelta(days=7)

NORTHWIND = Client(
    number=1,
    name="Northwind Pottery",
    person="Ada Vale",
    email="ada@northwind.example",
    deal="Spring catalogue",
    amount="12000",
)
LAKESIDE = Client(
    number=2,
    name="Lakeside Dental Group",
    person="Dr. Ines Okafor",
    email="office@lakeside.example",
    deal="Patient portal",
    amount="8400",
)
BRIGHTWATER = Client(
    number=3,
    name="Brightwater & Sons",
    person="Tom Brightwater",
    email="tom@brightwater.example",
    deal="Rebrand",
    amount="31000",
)
MERIDIAN = Client(
    number=4,
    name="Meridian Law LLP",
    person="Priya Raman",
    email="priya@meridian.example",
    deal="Client intake platform",
    amount="96000",
)
OSPREY = Client(
    number=5,
    name="Osprey Outdoor",
    person="Lena Fisk",
    email="lena@osprey.example",
    deal="Trail map app",
    amount="",
)
JUNIPER = Client(
    number=6,
    name="Juniper Veterinary Clinic",
    person="Marc Duval",
    email="marc@juniper.example",
    deal="Booking site",
    amount="5600",
)


def fill(town: Town) -> None:
    """Bring every client to its state. Names are invented; every address is under `.example`."""
    all_paid(town)
    disputed_and_overdue(town)
    half_paid(town)
    nameless_value(town)
    waiting_for_approval(town)
    refused(town)
    pause = ("asked to wait (429)", NOW + timedelta(seconds=8))
    town.database.run(lambda tx: connections.limited(tx, CRM, *pause), NOW - timedelta(seconds=40))


def half_paid(town: Town) -> None:
    at = NOW - timedelta(days=9, hours=3)
    here = town.live("acc_northwind", NORTHWIND.records(2, at - WEEK), at)
    pay(town, here, town.invoices(here)[0], "1500", NOW - timedelta(hours=2, minutes=11))


def all_paid(town: Town) -> None:
    """Three installments, each paid some days after; of the last, a part was given back."""
    for reached in (2, 3, 4):
        at = EARLY + WEEK * (reached - 1)
        here = town.live("acc_lakeside", LAKESIDE.records(reached, EARLY, reached), at)
        bill = town.invoices(here)[-1]
        paid = pay(town, here, bill, bill.total.plain, at + timedelta(days=3, hours=5))
    refund = Refund(
        ref=billing(Kind.REFUND, "re_1"),
        version=1,
        payment=paid.ref,
        amount=usd("180"),
        status=RefundStatus.SUCCEEDED,
        created_at=NOW - timedelta(days=2, hours=6),
    )
    town.live("acc_lakeside", [refund], NOW - timedelta(days=2, hours=6))


def disputed_and_overdue(town: Town) -> None:
    at = EARLY + timedelta(hours=4)
    here = town.live("acc_brightwater", BRIGHTWATER.records(3, at - WEEK), at + WEEK)
    first = town.invoices(here)[0]
    paid = pay(town, here, first, first.total.plain, at + timedelta(days=12))
    dispute = Dispute(
        ref=billing(Kind.DISPUTE, "dp_1"),
        version=1,
        payment=paid.ref,
        amount=paid.amount,
        status=DisputeStatus.OPEN,
        reason="product_not_received",
        created_at=NOW - timedelta(days=1, hours=4),
    )
    town.live("acc_brightwater", [dispute], NOW - timedelta(days=1, hours=4))


def waiting_for_approval(town: Town) -> None:
    at = NOW - timedelta(hours=5)
    town.live("acc_meridian", MERIDIAN.records(2, at - WEEK), at)


def nameless_value(town: Town) -> None:
    """A signed deal without an amount: a case, and no invoice."""
    at = NOW - timedelta(hours=26)
    town.live("acc_osprey", OSPREY.records(2, at - WEEK), at)


def refused(town: Town) -> None:
    """The billing engine takes the client and refuses the invoice; then the deal is lost."""
    at = NOW - timedelta(minutes=52)
    key = f"invoice/{JUNIPER.deal_ref}/deposit/1"
    town.refused[key] = "the customer has no usable tax location (customer_tax_location_invalid)"
    town.live("acc_juniper", JUNIPER.records(2, at - WEEK), at)


def pay(town: Town, account: str, invoice: Invoice, amount: str, at: datetime) -> Payment:
    payment = Payment(
        ref=billing(Kind.PAYMENT, f"py_{invoice.ref.external_id}"),
        version=1,
        invoice=invoice.ref,
        amount=usd(amount),
        status=PaymentStatus.PAID,
        paid_at=at,
    )
    town.live(account, [payment], at)
    return payment


def lose(town: Town, account: str, client: Client, at: datetime) -> None:
    """The CRM closes the client's deal as lost."""
    deals = [r for r in client.records(2, at - WEEK, 2) if isinstance(r, Deal)]
    town.live(account, [replace(deal, lost=True) for deal in deals], at)
