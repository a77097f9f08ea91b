"""A small firm in a real database: clients in every state a page has to show."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from tricord.core.account import Account
from tricord.core.commands import (
    CreateCustomer,
    CreateInvoice,
    EffectState,
    LogActivity,
    SendMessage,
    UpdateRecord,
)
from tricord.core.decide import decide
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Kind, Ref
from tricord.core.money import Money
from tricord.core.policy.conditions import condition
from tricord.core.policy.types import (
    Approval,
    Balance,
    BillingPlan,
    Firm,
    Installment,
    Logging,
    Owners,
    Percent,
    Policy,
    Roles,
)
from tricord.core.records import (
    Company,
    Contact,
    Customer,
    Deal,
    Invoice,
    InvoiceStatus,
    Message,
    Record,
    StageVisit,
)
from tricord.store import cases, commands, connections, cursors, mirror
from tricord.store.database import Database, Tx
from tricord.store.sealing import Keyring

NOW = datetime(2026, 12, 15, 15, 30, tzinfo=UTC)
GO_LIVE = datetime(2026, 11, 1, tzinfo=UTC)
CRM, BILLING, MAIL = (ConnectionName(name) for name in ("hubspot", "stripe", "mail"))
STAGES = ("qualified", "contractsigned", "milestone1", "complete")

POLICY = Policy(
    version="9f31c07ab2d4",
    firm=Firm(
        name="Harbour Studio", currency="USD", zone=ZoneInfo("America/New_York"), go_live=GO_LIVE
    ),
    roles=Roles(crm=CRM, billing=BILLING, email=MAIL),
    milestones=(
        ("contractsigned", "contract_signed"),
        ("milestone1", "milestone_1_delivered"),
        ("complete", "project_complete"),
    ),
    write_back=(
        ("deal.payment_status", "tricord_payment_status"),
        ("deal.outstanding", "tricord_outstanding"),
        ("account.overdue", "tricord_overdue"),
    ),
    plans=(
        BillingPlan(
            id="project",
            when=condition('deal.service_type == "project"'),
            terms_days=14,
            installments=(
                Installment(id="deposit", at="contract_signed", bill=Percent(Fraction(3, 10))),
                Installment(
                    id="progress", at="milestone_1_delivered", bill=Percent(Fraction(2, 5))
                ),
                Installment(id="final", at="project_complete", bill=Balance()),
            ),
        ),
    ),
    approvals=(Approval(when=condition('invoice.total > money("25000 USD")'), by="role:finance"),),
    on_paid=("receipt", "thank-you"),
    logging=Logging(channels=frozenset({"email"})),
    owners=Owners(default="role:operations", billing="role:finance"),
)


def ref(connection: ConnectionName, kind: Kind, external_id: str) -> Ref:
    return Ref(connection, kind, ExternalId(external_id))


def crm(kind: Kind, external_id: str) -> Ref:
    return ref(CRM, kind, external_id)


def billing(kind: Kind, external_id: str) -> Ref:
    return ref(BILLING, kind, external_id)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


@dataclass(frozen=True, kw_only=True)
class Client:
    """A company, its person and its one deal."""

    number: int
    name: str
    person: str
    email: str
    deal: str
    amount: str

    @property
    def deal_ref(self) -> Ref:
        return crm(Kind.DEAL, f"90{self.number}")

    def records(self, stages: int, start: datetime, version: int = 1) -> list[Record]:
        """As the CRM shows them once the deal has reached `stages` stages, a week apart."""
        company = crm(Kind.COMPANY, f"70{self.number}")
        contact = crm(Kind.CONTACT, f"80{self.number}")
        visits = tuple(
            StageVisit(at=start + timedelta(days=7 * place), stage=stage)
            for place, stage in enumerate(STAGES[:stages])
        )
        domain = self.email.rpartition("@")[2]
        deal = Deal(
            ref=self.deal_ref,
            version=version,
            name=self.deal,
            amount_text=self.amount,
            currency="USD",
            stage=STAGES[stages - 1] if stages else "",
            visits=visits,
            stages=STAGES,
            company=company,
            contacts=(contact,),
            fields=(("service_type", "project"),),
        )
        return [
            Company(ref=company, version=version, name=self.name, domain=domain),
            Contact(
                ref=contact, version=version, name=self.person, email=self.email, company=company
            ),
            deal,
        ]


@dataclass
class Town:
    """The database with its clients, moved on by hand."""

    database: Database
    now: datetime = NOW
    wall: datetime = NOW
    policy: Policy = POLICY
    numbers: int = 1000
    refused: dict[str, str] = field(default_factory=dict)

    def observe(self, account: str, records: Iterable[Record], at: datetime) -> AccountId:
        """Put these records into the account, as absorbing them would."""

        def work(tx: Tx) -> AccountId:
            here = mirror.ensure_account(tx, AccountId(account))
            for record in records:
                mirror.save_record(tx, here, record)
                basis = "own" if record.ref.kind is Kind.COMPANY else "parent"
                mirror.link(tx, record.ref, here, basis)
            mirror.settle(tx, self.held(tx, here), None)
            return here

        return self.database.run(work, at)

    def held(self, tx: Tx, account: AccountId) -> Account:
        return Account(
            id=account,
            records=mirror.records_of(tx, account),
            effects=commands.effects_of(tx, account),
        )

    def converge(self, account: AccountId, at: datetime) -> None:
        """Decide and carry out until nothing is left to do."""
        for step in range(6):
            moment = at + timedelta(seconds=2 * step)
            if not self.database.run(lambda tx: self._plan(tx, account), moment):
                return
            seen = self.database.run(self._carry_out, moment + timedelta(seconds=1))
            self.observe(account, seen, moment + timedelta(seconds=1))

    def _plan(self, tx: Tx, account: AccountId) -> int:
        plan = decide(self.held(tx, account), self.policy, tx.now)
        for command in plan.commands:
            approval = isinstance(command, CreateInvoice) and command.approval
            state = EffectState.HELD if approval else EffectState.READY
            commands.add(tx, account, command, state, tx.now)
        cases.sync_decided(tx, account, plan.cases)
        return len(plan.commands)

    def _carry_out(self, tx: Tx) -> list[Record]:
        seen: list[Record] = []
        while ready := commands.ready(tx, (CRM, BILLING, MAIL), None, 100):
            for claimed in commands.claim(tx, [one.id for one in ready], 0):
                problem = self.refused.get(claimed.command.key)
                if problem:
                    commands.end_attempt(tx, claimed, "refused", 1, problem)
                    commands.end(tx, claimed, EffectState.REFUSED, problem=problem)
                    continue
                record, remote = self._made(claimed.command, tx.now)
                commands.end_attempt(tx, claimed, "done", 2)
                commands.end(tx, claimed, EffectState.DONE, remote=remote)
                seen += [record] if record else []
        return seen

    def _made(self, command: object, at: datetime) -> tuple[Record | None, Ref | None]:
        """What the vendor would show once it has carried the command out."""
        self.numbers += 1
        match command:
            case CreateCustomer():
                made = billing(Kind.CUSTOMER, f"cus_{self.numbers}")
                customer = Customer(
                    ref=made,
                    version=1,
                    name=command.name,
                    email=command.email,
                    account=command.account,
                )
                return customer, made
            case CreateInvoice():
                made = billing(Kind.INVOICE, f"in_{self.numbers}")
                invoice = Invoice(
                    ref=made,
                    version=1,
                    customer=command.customer,
                    status=InvoiceStatus.OPEN,
                    total=command.total,
                    paid=usd("0"),
                    number=f"HS-{self.numbers}",
                    key=command.key,
                    deal=command.deal,
                    issued_at=at,
                    due_at=at + timedelta(days=command.days_until_due),
                )
                return invoice, made
            case SendMessage():
                made = ref(MAIL, Kind.MESSAGE, f"<{self.numbers}@harbour.example>")
                message = Message(
                    ref=made,
                    version=1,
                    about=command.about,
                    subject=command.subject,
                    body=command.body,
                    sender="billing@harbour.example",
                    recipient=command.recipient,
                    sent_at=at,
                )
                return message, made
            case UpdateRecord():
                return None, command.target
            case LogActivity():
                return None, crm(Kind.ACTIVITY, str(self.numbers))
            case _:
                raise AssertionError(command)

    def invoices(self, account: AccountId) -> list[Invoice]:
        return list(self.database.run(lambda tx: self.held(tx, account), NOW).invoices)

    def live(self, account: str, records: Iterable[Record], at: datetime) -> AccountId:
        """Observe, and do whatever follows."""
        here = self.observe(account, records, at)
        self.converge(here, at + timedelta(seconds=1))
        return here


def open_town(folder: Path) -> Town:
    database = Database(f"sqlite:///{folder / 'firm.db'}", Keyring(os.urandom(32)))
    database.prepare()

    def connect(tx: Tx) -> None:
        for name, connector in ((CRM, "hubspot"), (BILLING, "stripe"), (MAIL, "smtp")):
            connections.announce(tx, name, connector)
            connections.answered(tx, name)
            if name != MAIL:
                cursors.announce(tx, name)

    database.run(connect, NOW - timedelta(minutes=2))
    return Town(database)
