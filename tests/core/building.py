"""Builders for core tests: an agency's policy, and its records with sensible values."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tricord.core.account import Account
from tricord.core.commands import Command, Effect, EffectState
from tricord.core.identity import account_id
from tricord.core.ids import ConnectionName, ExternalId, Kind, Ref
from tricord.core.money import Money
from tricord.core.policy.conditions import condition
from tricord.core.policy.types import (
    Balance,
    BillingPlan,
    Firm,
    Installment,
    Logging,
    Owners,
    Percent,
    Policy,
    Privileged,
    Roles,
)
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

CRM, BILLING, MAIL = ConnectionName("hubspot"), ConnectionName("stripe"), ConnectionName("mail")
GO_LIVE = datetime(2026, 11, 1, 4, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STAGES = ("new", "contractsigned", "milestone1", "complete", "closedlost")


def ref(connection: ConnectionName, kind: Kind, external_id: str) -> Ref:
    return Ref(connection, kind, ExternalId(external_id))


COMPANY = ref(CRM, Kind.COMPANY, "7")
CONTACT = ref(CRM, Kind.CONTACT, "8")
DEAL = ref(CRM, Kind.DEAL, "42")
CUSTOMER = ref(BILLING, Kind.CUSTOMER, "cus_1")
ACCOUNT = account_id(COMPANY)


def policy(**changes: object) -> Policy:
    project = BillingPlan(
        id="project",
        when=condition('deal.service_type == "project"'),
        terms_days=14,
        installments=(
            Installment(id="deposit", at="contract_signed", bill=Percent(Fraction(3, 10))),
            Installment(id="progress", at="milestone_1_delivered", bill=Percent(Fraction(4, 10))),
            Installment(id="final", at="project_complete", bill=Balance()),
        ),
    )
    values: dict[str, object] = {
        "version": "0123456789ab",
        "firm": Firm(
            name="Harbour Studio",
            currency="USD",
            zone=ZoneInfo("America/New_York"),
            go_live=GO_LIVE,
        ),
        "roles": Roles(crm=CRM, billing=BILLING, email=MAIL),
        "milestones": (
            ("contractsigned", "contract_signed"),
            ("milestone1", "milestone_1_delivered"),
            ("complete", "project_complete"),
        ),
        "fields": (("deal.service_type", "service_type"),),
        "write_back": (
            ("account.overdue", "tricord_overdue"),
            ("deal.outstanding", "tricord_outstanding"),
            ("deal.payment_status", "tricord_payment_status"),
        ),
        "plans": (project,),
        "on_paid": ("receipt", "thank-you"),
        "logging": Logging(
            channels=frozenset({"email"}),
            never=("*.court.example",),
            privileged=Privileged(
                when=condition('deal.kind == "matter"'), excepted=frozenset({"payment"})
            ),
        ),
        "owners": Owners(default="role:operations", billing="role:finance"),
    }
    return Policy(**(values | changes))  # type: ignore[arg-type]  # tests name real fields


def visits(
    *stages: str, start: datetime = NOW, gap: timedelta = timedelta()
) -> tuple[StageVisit, ...]:
    return tuple(StageVisit(at=start + gap * n, stage=stage) for n, stage in enumerate(stages))


def deal(*stages: str, **changes: object) -> Deal:
    values: dict[str, object] = {
        "ref": DEAL,
        "version": 1,
        "name": "Website",
        "amount_text": "10000.00",
        "currency": "USD",
        "stage": stages[-1] if stages else "new",
        "visits": visits(*(stages or ("new",))),
        "stages": STAGES,
        "company": COMPANY,
        "contacts": (CONTACT,),
        "fields": (("service_type", "project"),),
    }
    return Deal(**(values | changes))  # type: ignore[arg-type]  # tests name real fields


def invoice(total: Money, external_id: str = "in_1", **changes: object) -> Invoice:
    values: dict[str, object] = {
        "ref": ref(BILLING, Kind.INVOICE, external_id),
        "version": 1,
        "customer": CUSTOMER,
        "status": InvoiceStatus.OPEN,
        "total": total,
        "paid": Money.zero(total.currency),
        "number": f"N-{external_id}",
        "key": "invoice/hubspot:deal:42/deposit/1",
        "deal": DEAL,
        "issued_at": NOW,
        "due_at": NOW + timedelta(days=14),
    }
    return Invoice(**(values | changes))  # type: ignore[arg-type]  # tests name real fields


def payment(
    amount: Money, external_id: str = "pi_1", of: str = "in_1", **changes: object
) -> Payment:
    values: dict[str, object] = {
        "ref": ref(BILLING, Kind.PAYMENT, external_id),
        "version": 1,
        "invoice": ref(BILLING, Kind.INVOICE, of),
        "amount": amount,
        "status": PaymentStatus.PAID,
        "paid_at": NOW,
    }
    return Payment(**(values | changes))  # type: ignore[arg-type]  # tests name real fields


def people() -> tuple[Record, ...]:
    return (
        Company(ref=COMPANY, version=1, name="Northwind Traders"),
        Contact(ref=CONTACT, version=1, name="Ana Lindqvist", email="ana@northwind.example",
                company=COMPANY),
    )  # fmt: skip


def customer() -> Customer:
    return Customer(ref=CUSTOMER, version=1, name="Northwind Traders",
                    email="ana@northwind.example", account=ACCOUNT)  # fmt: skip


def account(*records: Record, effects: tuple[Effect, ...] = ()) -> Account:
    result = Account(id=ACCOUNT)
    for record in records:
        result = result.with_record(record)
    for effect in effects:
        result = result.with_effect(effect)
    return result


def done(command: Command, remote: Ref | None = None) -> Effect:
    return Effect(
        command=command, state=EffectState.DONE, planned_at=NOW, ended_at=NOW, remote=remote
    )


def usd(minor: int) -> Money:
    return Money(minor, "USD")
