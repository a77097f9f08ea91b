"""How long the console's pages take where there are ten thousand clients."""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tricord.console.directory import Directory
from tricord.console.door import Visitor
from tricord.console.pages.accounts import account, accounts
from tricord.console.pages.asked import Asked, Page
from tricord.console.pages.cases import cases
from tricord.console.pages.connections import connections
from tricord.console.pages.invoices import invoices
from tricord.console.pages.search import search
from tricord.console.pages.today import today
from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import because
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Kind, Ref
from tricord.core.money import Money
from tricord.core.policy.types import Firm, Policy, Roles
from tricord.core.records import (
    Company,
    Contact,
    Customer,
    Deal,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentStatus,
    Record,
    StageVisit,
)
from tricord.store import cases as case_store
from tricord.store import connections as connection_store
from tricord.store import mirror
from tricord.store.database import Database, Tx
from tricord.store.marks import marks
from tricord.store.sealing import Keyring

NOW = datetime(2026, 12, 15, 15, 30, tzinfo=UTC)
CRM, BILLING = ConnectionName("hubspot"), ConnectionName("stripe")
POLICY = Policy(
    version="benchmark", milestones=(("contractsigned", "contract_signed"),),
    roles=Roles(crm=CRM, billing=BILLING),
    firm=Firm(name="Harbour Studio", currency="USD", zone=ZoneInfo("America/New_York"),
              go_live=NOW - timedelta(days=400)),
)  # fmt: skip
INVOICES_EACH = 3


def records_of(number: int) -> list[Record]:
    company = Ref(CRM, Kind.COMPANY, ExternalId(f"7{number}"))
    contact = Ref(CRM, Kind.CONTACT, ExternalId(f"8{number}"))
    deal = Ref(CRM, Kind.DEAL, ExternalId(f"9{number}"))
    customer = Ref(BILLING, Kind.CUSTOMER, ExternalId(f"cus_{number}"))
    start = NOW - timedelta(days=200 - number % 190)
    found: list[Record] = [
        Company(ref=company, version=1, name=f"Client number {number} of Harbour"),
        Contact(ref=contact, version=1, name=f"Person {number}",
                email=f"person{number}@client{number}.example", company=company),
        Deal(ref=deal, version=1, name=f"Project {number}", amount_text="12000", currency="USD",
             stage="contractsigned", visits=(StageVisit(at=start, stage="contractsigned"),),
             company=company, contacts=(contact,)),
        Customer(ref=customer, version=1, name=f"Client number {number} of Harbour"),
    ]  # fmt: skip
    for place in range(INVOICES_EACH):
        issued = start + timedelta(days=20 * place)
        ref = Ref(BILLING, Kind.INVOICE, ExternalId(f"in_{number}_{place}"))
        total = Money(120_000 + number, "USD")
        paid = (number + place) % 3 != 0
        found.append(
            Invoice(ref=ref, version=1, customer=customer, total=total, number=f"H{number}-{place}",
                    paid=total if paid else Money.zero("USD"), deal=deal, issued_at=issued,
                    status=InvoiceStatus.PAID if paid else InvoiceStatus.OPEN,
                    due_at=issued + timedelta(days=14), paid_at=issued if paid else None)
        )  # fmt: skip
        if paid:
            found.append(
                Payment(ref=Ref(BILLING, Kind.PAYMENT, ExternalId(f"py_{number}_{place}")),
                        version=1, invoice=ref, amount=total, status=PaymentStatus.PAID,
                        paid_at=issued + timedelta(days=6))
            )  # fmt: skip
    return found


def fill(database: Database, clients: int) -> None:
    for start in range(0, clients, 500):

        def work(tx: Tx, start: int = start) -> None:
            for number in range(start, min(start + 500, clients)):
                _add(tx, number)

        database.run(work, NOW - timedelta(seconds=clients - start))

    def connect(tx: Tx) -> None:
        for name, connector in ((CRM, "hubspot"), (BILLING, "stripe")):
            connection_store.announce(tx, name, connector)

    database.run(connect, NOW)


def _add(tx: Tx, number: int) -> None:
    here = mirror.ensure_account(tx, AccountId(f"acc_{number:06}"))
    held = Account(id=here)
    for record in records_of(number):
        mirror.save_record(tx, here, record)
        mirror.link(tx, record.ref, here, "parent")
        held = held.with_record(record)
    mirror.settle(tx, held, None)
    if number % 50 == 0:
        case_store.open_case(
            tx,
            Case(key=f"incomplete/{number}", kind="incomplete", title="A deal without a value",
                 owner="role:finance", because=because("billing_plan", "benchmark"),
                 next_actions=("Fill it in",), account=here, money=Money(5_000 + number, "USD")),
            "decide",
        )  # fmt: skip


def timed(database: Database, name: str, work: Callable[[Tx], object], times: int = 7) -> None:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        database.run(work, NOW)
        took.append(1000 * (time.perf_counter() - start))
    print(f"{name:44} {took[0]:8.1f} {statistics.median(took):8.1f}")


def asked(name: str = "", **query: str) -> Asked:
    who = Visitor(person="ines", token="")
    return Asked(name=name, query=query, policy=POLICY, visitor=who)


def measure(database: Database) -> None:
    print(f"{'ms':44} {'first':>8} {'median':>8}")
    pages: tuple[tuple[str, Page, Asked], ...] = (
        ("Today", today, asked()),
        ("Accounts", accounts, asked()),
        ("Accounts, page 150", accounts, asked(page="150")),
        ("One account", account, asked("acc_000017")),
        ("Invoices", invoices, asked()),
        ("Invoices, overdue", invoices, asked(state="overdue")),
        ("Cases, most money first", cases, asked()),
        ("Connections", connections, asked()),
    )
    for name, page, question in pages:
        timed(database, name, lambda tx, page=page, question=question: page(tx, question))  # type: ignore[misc]
    timed(database, "The bell's look, each second", marks)
    directory = Directory()
    rounds = 0
    while not directory.is_whole:
        timed(database, f"Search, names being read ({rounds + 1})",
              lambda tx: search(tx, directory, "number 77"), 1)  # fmt: skip
        rounds += 1
    for wanted in ("number 777", "H777-1", "person777@client777.example", "in_777_1", "nobody"):
        timed(database, f"Search for {wanted!r}",
              lambda tx, wanted=wanted: search(tx, directory, wanted))  # type: ignore[misc]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=10_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tricord-bench-") as folder:
        url = os.environ.get("TRICORD_DATABASE") or f"sqlite:///{Path(folder) / 'firm.db'}"
        database = Database(url, Keyring(bytes(32)))
        database.prepare()
        start = time.perf_counter()
        fill(database, wanted.clients)
        took = time.perf_counter() - start
        print(f"{wanted.clients} clients with {INVOICES_EACH} invoices each, "
              f"{database.engine.dialect.name}; filled in {took:.0f} s\n")  # fmt: skip
        measure(database)
        database.close()


if __name__ == "__main__":
    main()
