"""The story: one timeline, told the same way however its parts arrived."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tricord.core.account import Account
from tricord.core.commands import (
    CreateInvoice,
    Effect,
    EffectState,
    Line,
    SendMessage,
    UpdateRecord,
    because,
)
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Kind, Ref
from tricord.core.money import Money
from tricord.core.policy.types import Firm, Policy, Roles
from tricord.core.records import (
    CreditNote,
    Customer,
    Deal,
    Dispute,
    DisputeStatus,
    Invoice,
    InvoiceStatus,
    Message,
    Payment,
    PaymentStatus,
    Record,
    Refund,
    RefundStatus,
    StageVisit,
)
from tricord.core.story import Entry, System, asked, story

CRM, BILLING, MAIL = (ConnectionName(name) for name in ("hubspot", "stripe", "mail"))
START = datetime(2026, 11, 3, 14, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = Policy(
    version="p1",
    firm=Firm(
        name="Harbour Studio",
        currency="USD",
        zone=ZoneInfo("America/New_York"),
        go_live=datetime(2026, 11, 1, tzinfo=UTC),
    ),
    roles=Roles(crm=CRM, billing=BILLING, email=MAIL),
    milestones=(("signed", "contract_signed"),),
    write_back=(("deal.outstanding", "tricord_outstanding"),),
)


def ref(connection: ConnectionName, kind: Kind, external_id: str) -> Ref:
    return Ref(connection, kind, ExternalId(external_id))


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


DEAL = ref(CRM, Kind.DEAL, "42")
CUSTOMER = ref(BILLING, Kind.CUSTOMER, "cus_1")
BILL = ref(BILLING, Kind.INVOICE, "in_1")
FIRST = ref(BILLING, Kind.PAYMENT, "py_1")
SECOND = ref(BILLING, Kind.PAYMENT, "py_2")
MAILED = ref(MAIL, Kind.MESSAGE, "<1@harbour.example>")
KEY = "invoice/hubspot:deal:42/deposit/1"
WHY = because("billing_plan/project/deposit", "p1", milestone="contract_signed")

INVOICE = Invoice(
    ref=BILL,
    version=1,
    customer=CUSTOMER,
    status=InvoiceStatus.OPEN,
    total=usd("3000"),
    paid=usd("0"),
    number="HS-1",
    key=KEY,
    deal=DEAL,
    issued_at=START + DAY,
    due_at=START + 15 * DAY,
)
EVERYTHING: list[Record] = [
    Deal(
        ref=DEAL,
        version=1,
        name="Rebrand",
        stage="signed",
        visits=(StageVisit(at=START - DAY, stage="talking"), StageVisit(at=START, stage="signed")),
    ),
    Customer(ref=CUSTOMER, version=1, name="Acme"),
    INVOICE,
    Payment(
        ref=FIRST, version=1, invoice=BILL, amount=usd("1000"), status=PaymentStatus.PAID,
        paid_at=START + 2 * DAY,
    ),
    Payment(
        ref=SECOND, version=1, invoice=BILL, amount=usd("1500"), status=PaymentStatus.PAID,
        paid_at=START + 4 * DAY,
    ),
    CreditNote(
        ref=ref(BILLING, Kind.CREDIT_NOTE, "cn_1"), version=1, invoice=BILL, amount=usd("500"),
        created_at=START + 3 * DAY,
    ),
    Refund(
        ref=ref(BILLING, Kind.REFUND, "re_1"), version=1, payment=FIRST, amount=usd("200"),
        status=RefundStatus.SUCCEEDED, created_at=START + 5 * DAY,
    ),
    Dispute(
        ref=ref(BILLING, Kind.DISPUTE, "dp_1"), version=1, payment=SECOND, amount=usd("1500"),
        status=DisputeStatus.OPEN, reason="product_not_received", created_at=START + 6 * DAY,
    ),
    Message(
        ref=MAILED, version=1, about=BILL, subject="Receipt for HS-1",
        recipient="ada@acme.example", sent_at=START + 4 * DAY,
    ),
]  # fmt: skip


def account(*records: Record, effects: tuple[Effect, ...] = ()) -> Account:
    found = Account(id=AccountId("acc_1"))
    for record in records:
        found = found.with_record(record)
    for effect in effects:
        found = found.with_effect(effect)
    return found


def invoiced(state: EffectState, approval: str = "") -> Effect:
    command = CreateInvoice(
        key=KEY,
        connection=BILLING,
        account=AccountId("acc_1"),
        because=WHY,
        customer=CUSTOMER,
        deal=DEAL,
        installment="deposit",
        lines=(Line(id="deposit", description="Rebrand: deposit", amount=usd("3000")),),
        days_until_due=14,
        approval=approval,
    )
    done = state is EffectState.DONE
    return Effect(
        command=command,
        state=state,
        planned_at=START + timedelta(minutes=1),
        ended_at=START + timedelta(minutes=2) if done else None,
        remote=BILL if done else None,
    )


def titled(entries: tuple[Entry, ...], words: str) -> Entry:
    return next(entry for entry in entries if words in entry.title)


def test_the_story_runs_over_three_systems_newest_first() -> None:
    told = story(account(*EVERYTHING), POLICY)
    assert [(entry.system, entry.title) for entry in told] == [
        (System.BILLING, "The client disputes a payment on Invoice HS-1"),
        (System.BILLING, "A payment was refunded on Invoice HS-1"),
        (System.EMAIL, "“Receipt for HS-1” was sent"),
        (System.BILLING, "Invoice HS-1 was paid in full"),
        (System.BILLING, "A credit on Invoice HS-1 was given"),
        (System.BILLING, "Invoice HS-1 was partly paid"),
        (System.BILLING, "Invoice HS-1 was sent"),
        (System.CRM, "Rebrand reached “contract signed”"),
        (System.CRM, "Rebrand changed its stage"),
    ]


def test_each_payment_says_what_was_left_at_that_moment() -> None:
    told = story(account(*EVERYTHING), POLICY)
    assert titled(told, "partly paid").detail == "2,000.00 USD is left to pay"
    assert titled(told, "paid in full").detail == "Nothing is left to pay"


def test_money_the_engine_took_elsewhere_is_told_once() -> None:
    paid = replace(
        INVOICE, status=InvoiceStatus.PAID, paid=usd("3000"), paid_at=START + 3 * DAY, version=2
    )
    told = titled(story(account(paid), POLICY), "paid in full")
    assert (told.money, told.at) == (usd("3000"), START + 3 * DAY)


def test_an_invoice_carries_the_reason_it_was_sent_for() -> None:
    told = story(account(INVOICE, effects=(invoiced(EffectState.DONE),)), POLICY)
    sent = titled(told, "was sent")
    assert (sent.because, sent.command, sent.money) == (WHY, KEY, usd("3000"))
    assert len(told) == 1, "the effect and its invoice are one thing that happened"


def test_a_done_command_is_told_even_before_the_vendor_shows_its_record() -> None:
    told = story(account(effects=(invoiced(EffectState.DONE),)), POLICY)
    assert [(entry.system, entry.title) for entry in told] == [
        (System.BILLING, "The deposit invoice was sent")
    ]


def test_what_has_not_reached_a_vendor_is_tricords_own() -> None:
    for state, words in (
        (EffectState.HELD, "Waiting for approval by finance"),
        (EffectState.REFUSED, "Refused by the vendor"),
        (EffectState.UNKNOWN, "Not known whether it happened; it will be looked up"),
    ):
        (told,) = story(account(effects=(invoiced(state, "role:finance"),)), POLICY)
        assert told.system is System.TRICORD
        assert told.title == "Send the deposit invoice over 3,000.00 USD"
        assert (told.detail, told.state) == (words, str(state))


def test_a_write_back_is_told_in_our_names() -> None:
    update = UpdateRecord(
        key="write_back/hubspot:deal:42/1",
        connection=CRM,
        account=AccountId("acc_1"),
        because=WHY,
        target=DEAL,
        values=(("tricord_outstanding", "3000.00"),),
    )
    done = Effect(command=update, state=EffectState.DONE, planned_at=START, ended_at=START)
    told = titled(story(account(EVERYTHING[0], effects=(done,)), POLICY), "updated")
    assert (told.title, told.detail) == ("Rebrand was updated", "outstanding 3000.00")


def test_a_message_and_the_command_that_sent_it_are_one_entry() -> None:
    command = SendMessage(
        key="message/receipt/stripe:invoice:in_1",
        connection=MAIL,
        account=AccountId("acc_1"),
        because=WHY,
        template="receipt",
        recipient="ada@acme.example",
        recipient_name="Ada",
        subject="Receipt for HS-1",
        body="words",
        about=BILL,
        at=START,
    )
    done = Effect(
        command=command, state=EffectState.DONE, planned_at=START, ended_at=START, remote=MAILED
    )
    (told,) = story(account(EVERYTHING[-1], effects=(done,)), POLICY)
    assert (told.command, told.because) == (command.key, WHY)
    assert asked(command) == "Send “Receipt for HS-1” to ada@acme.example"


def test_a_voided_invoice_says_so_and_is_no_longer_paid() -> None:
    void = replace(INVOICE, status=InvoiceStatus.VOID, version=1_800_000_000_000)
    told = story(account(void, EVERYTHING[3]), POLICY)
    assert told[0].title == "Invoice HS-1 was voided"
    assert not any("paid" in entry.title for entry in told)


@given(st.permutations(EVERYTHING), st.booleans())
def test_the_order_of_arrival_does_not_change_the_story(records: list[Record], twice: bool) -> None:
    effects = (invoiced(EffectState.DONE),)
    expected = story(account(*EVERYTHING, effects=effects), POLICY)
    seen = [*records, *records] if twice else records
    assert story(account(*seen, effects=effects), POLICY) == expected
