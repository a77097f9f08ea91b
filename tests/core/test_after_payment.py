"""Write-back, follow-up, timeline and the gate: what follows from money moving."""

from dataclasses import replace
from datetime import timedelta

from core import building as make
from core.building import GO_LIVE, NOW, usd
from core.test_ledger import dispute, refund
from tricord.core.account import Account
from tricord.core.commands import (
    ActivityKind,
    Command,
    CreateInvoice,
    Line,
    LogActivity,
    SendMessage,
    UpdateRecord,
    because,
)
from tricord.core.decide import decide
from tricord.core.gate import objection
from tricord.core.ids import Kind
from tricord.core.policy.conditions import condition
from tricord.core.policy.types import Logging, Privileged
from tricord.core.records import DisputeStatus, Message, Record


def billed(*extra: Record) -> Account:
    records: list[Record] = [*make.people(), make.customer(), make.deal("contractsigned"),
               make.invoice(usd(300_000)), *extra]  # fmt: skip
    account = make.account(*records)
    deposit = CreateInvoice(
        key="invoice/hubspot:deal:42/deposit/1", connection=make.BILLING, account=make.ACCOUNT,
        because=because("billing_plan", "0123456789ab"), customer=make.CUSTOMER, deal=make.DEAL,
        installment="deposit", lines=(Line(id="deposit", description="x", amount=usd(300_000)),),
        days_until_due=14,
    )  # fmt: skip
    return account.with_effect(make.done(deposit))


def commands(account: Account, kind: type[Command], now=NOW, **changes: object):  # type: ignore[no-untyped-def]
    return [c for c in decide(account, make.policy(**changes), now).commands if isinstance(c, kind)]


def test_the_crm_shows_status_and_outstanding_on_the_deal_and_overdue_on_the_company() -> None:
    account = billed()
    values = {str(c.target): dict(c.values) for c in commands(account, UpdateRecord)}
    assert values == {
        "hubspot:deal:42": {"tricord_outstanding": "3000.00", "tricord_payment_status": "invoiced"},
        "hubspot:company:7": {"tricord_overdue": "0.00"},
    }
    late = NOW + timedelta(days=15)
    values = {str(c.target): dict(c.values) for c in commands(account, UpdateRecord, late)}
    assert values["hubspot:deal:42"]["tricord_payment_status"] == "overdue"
    assert values["hubspot:company:7"] == {"tricord_overdue": "3000.00"}


def test_the_account_wakes_when_an_invoice_falls_due() -> None:
    assert decide(billed(), make.policy(), NOW).wake_at == NOW + timedelta(days=14)
    paid = billed(make.payment(usd(300_000)))
    assert decide(paid, make.policy(), NOW).wake_at is None


def test_a_value_that_comes_back_is_written_again_under_a_new_key() -> None:
    account = billed()
    keys = []
    steps: list[tuple[Record, ...]] = [
        (),
        (make.payment(usd(300_000), "pi_0"),),
        (refund(300_000, 1),),
    ]
    for step in steps:
        for record in step:
            account = account.with_record(record)
        for command in commands(account, UpdateRecord):
            if command.target == make.DEAL:
                keys.append((command.key, dict(command.values)["tricord_payment_status"]))
            account = account.with_effect(make.done(command))
    assert keys == [
        ("write_back/hubspot:deal:42/1", "invoiced"),
        ("write_back/hubspot:deal:42/2", "paid"),
        ("write_back/hubspot:deal:42/3", "refunded"),
    ]
    assert commands(account, UpdateRecord) == []


def test_a_paid_invoice_brings_a_receipt_and_a_thank_you_in_one_thread() -> None:
    receipt, thanks = commands(billed(make.payment(usd(300_000))), SendMessage)
    assert receipt.key == "message/receipt/stripe:invoice:in_1"
    assert receipt.recipient == "ana@northwind.example"
    assert "3,000.00 USD" in receipt.body
    assert thanks.thread == (receipt.key,)


def test_nobody_is_thanked_for_a_part_a_dispute_or_a_refund() -> None:
    assert commands(billed(make.payment(usd(100))), SendMessage) == []
    whole = make.payment(usd(300_000), "pi_0")
    assert commands(billed(whole, dispute(300_000, DisputeStatus.OPEN)), SendMessage) == []
    assert commands(billed(whole, refund(300_000, 1)), SendMessage) == []


def test_a_payment_before_go_live_is_not_thanked_for() -> None:
    before = GO_LIVE - timedelta(seconds=1)
    old = make.invoice(usd(300_000), issued_at=before)
    account = billed(make.payment(usd(300_000), paid_at=before)).with_record(
        replace(old, version=2)
    )
    plan = decide(account, make.policy(), NOW)
    assert plan.commands == ()


def test_each_thing_that_happened_is_told_once_on_deal_company_and_person() -> None:
    sent = Message(
        ref=make.ref(make.MAIL, Kind.MESSAGE, "m1"), version=1, about=make.invoice(usd(1)).ref,
        subject="Receipt", body="text", sender="billing@harbour.example",
        recipient="ana@northwind.example", sent_at=NOW,
    )  # fmt: skip
    account = billed(make.payment(usd(300_000)), sent)
    told = commands(account, LogActivity)
    assert [c.key for c in told] == [
        "timeline/invoice/stripe:invoice:in_1",
        "timeline/payment/stripe:payment:pi_1",
        "timeline/message/mail:message:m1",
    ]
    assert all(c.on == (make.DEAL, make.COMPANY, make.CONTACT) for c in told)
    assert told[-1].activity is ActivityKind.EMAIL
    never = replace(sent, recipient="clerk@x.court.example", version=2)
    assert len(commands(account.with_record(never), LogActivity)) == 2


def test_privileged_content_is_withheld_and_so_is_what_cannot_be_judged() -> None:
    sent = Message(
        ref=make.ref(make.MAIL, Kind.MESSAGE, "m1"), version=1, about=make.invoice(usd(1)).ref,
        subject="s", body="the secret", recipient="ana@northwind.example", sent_at=NOW,
    )  # fmt: skip
    for source in ('deal.kind == "deal"', "deal.no_such_field == 1"):
        rule = Privileged(when=condition(source), excepted=frozenset())
        logging = Logging(channels=frozenset({"email"}), privileged=rule)
        told = commands(billed(sent), LogActivity, logging=logging)
        assert "the secret" not in told[-1].body


def test_t62_the_gate_objects_when_the_world_changed_before_anything_left() -> None:
    policy = make.policy()
    paid = billed(make.payment(usd(300_000), "pi_0"))
    receipt = commands(paid, SendMessage)[0]
    assert objection(paid, receipt, policy) == ""
    disputed = paid.with_record(dispute(300_000, DisputeStatus.OPEN))
    assert "disputed" in objection(disputed, receipt, policy)
    assert objection(paid.with_record(refund(1, 1)), receipt, policy)
    (deposit,) = (e.command for e in paid.effects.values() if isinstance(e.command, CreateInvoice))
    lost = paid.with_record(make.deal("contractsigned", "closedlost", lost=True, version=2))
    assert "lost" in objection(lost, deposit, policy)
    back = paid.with_record(make.deal("contractsigned", "new", version=2))
    assert "moved back" in objection(back, deposit, policy)
