"""Billing plans: what is invoiced when, to the cent, and what becomes a case instead."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import building as make
from core.building import GO_LIVE, NOW, usd
from tricord.core.account import Account
from tricord.core.billing import ShareState, contract, plan_for
from tricord.core.commands import CreateCustomer, CreateInvoice, Effect, EffectState
from tricord.core.decide import decide
from tricord.core.ids import Kind
from tricord.core.money import Money, total
from tricord.core.policy.conditions import condition
from tricord.core.policy.types import Approval, Balance, BillingPlan, Installment, Percent
from tricord.core.records import Contact, Customer, Deal, InvoiceStatus, gone


def invoices(account: Account, **changes: object) -> list[CreateInvoice]:
    plan = decide(account, make.policy(**changes), NOW)
    return [command for command in plan.commands if isinstance(command, CreateInvoice)]


def kinds(account: Account, **changes: object) -> list[str]:
    return [case.kind for case in decide(account, make.policy(**changes), NOW).cases]


def signed(*stages: str, **changes: object) -> Account:
    return make.account(*make.people(), make.customer(), make.deal(*stages, **changes))


def test_a_signed_contract_is_invoiced_for_its_deposit() -> None:
    (one,) = invoices(signed("new", "contractsigned"))
    assert one.total == usd(300000)
    assert one.key == "invoice/hubspot:deal:42/deposit/1"
    assert one.days_until_due == 14
    assert one.customer == make.CUSTOMER
    assert one.because.policy == "0123456789ab"
    assert dict(one.because.facts)["milestone"] == "contract_signed"


def test_the_client_is_made_known_to_the_billing_engine_first() -> None:
    account = make.account(*make.people(), make.deal("contractsigned"))
    (one,) = decide(account, make.policy(), NOW).commands
    assert isinstance(one, CreateCustomer)
    assert (one.name, one.email) == ("Northwind Traders", "ana@northwind.example")


def test_a_customer_deleted_at_the_vendor_is_made_again_under_a_new_key() -> None:
    account = make.account(
        *make.people(), make.customer(), gone(make.CUSTOMER, 9), make.deal("contractsigned")
    )
    (one,) = decide(account, make.policy(), NOW).commands
    assert isinstance(one, CreateCustomer)
    assert one.key.endswith("/2")


def test_a_deal_before_any_milestone_owes_nothing() -> None:
    plan = decide(signed("new"), make.policy(), NOW)
    assert plan.commands == ()
    assert plan.cases == ()


def test_a_deal_that_skips_a_stage_owes_every_installment_up_to_the_one_it_reached() -> None:
    found = invoices(signed("new", "complete"))
    assert [(i.installment, i.total) for i in found] == [
        ("deposit", usd(300000)), ("progress", usd(400000)), ("final", usd(300000)),
    ]  # fmt: skip


def test_what_is_known_is_not_asked_for_again() -> None:
    account = signed("contractsigned")
    (one,) = invoices(account)
    for state in EffectState:
        effect = Effect(command=one, state=state, planned_at=NOW)
        again = invoices(account.with_effect(effect))
        if state is EffectState.SKIPPED:
            assert [i.key for i in again] == ["invoice/hubspot:deal:42/deposit/2"]
        else:
            assert again == []


def test_the_balance_is_what_the_earlier_invoices_left_after_the_contract_was_raised() -> None:
    account = signed("contractsigned")
    (deposit,) = invoices(account)
    raised = make.deal("contractsigned", "complete", amount_text="12000.00", version=2)
    after = account.with_effect(make.done(deposit)).with_record(raised)
    assert [(i.installment, i.total) for i in invoices(after)] == [
        ("progress", usd(480000)), ("final", usd(420000)),
    ]  # fmt: skip


def test_a_contract_lowered_below_what_was_billed_is_a_case_not_a_negative_invoice() -> None:
    account = signed("contractsigned", "milestone1")
    effects = tuple(make.done(i) for i in invoices(account))
    lowered = make.deal("contractsigned", "milestone1", "complete", amount_text="5000", version=2)
    after = make.account(*account.records.values(), lowered, effects=effects)
    assert invoices(after) == []
    assert kinds(after) == ["contract_changed"]


@pytest.mark.parametrize("text", ["", "soon", "0", "-5", "12.345"])
def test_a_deal_without_a_readable_amount_is_a_case_that_says_so(text: str) -> None:
    account = signed("contractsigned", amount_text=text)
    plan = decide(account, make.policy(), NOW)
    assert plan.commands == ()
    (case,) = plan.cases
    assert case.owner == "role:finance"
    assert "no contract value" in case.title


def test_a_deal_no_plan_matches_is_a_case_and_so_is_one_on_a_plan_that_is_not_active() -> None:
    assert kinds(signed("contractsigned", fields=())) == ["incomplete"]
    yearly = BillingPlan(id="retainer", when=condition("true"), terms_days=0)
    assert kinds(signed("contractsigned"), plans=(yearly,)) == ["inactive_plan"]


def test_a_client_without_an_address_is_a_case() -> None:
    nobody = Contact(ref=make.CONTACT, version=1, company=make.COMPANY)
    account = make.account(make.people()[0], nobody, make.deal("contractsigned"))
    assert kinds(account) == ["incomplete"]


def test_facts_before_go_live_cause_nothing() -> None:
    early = make.visits("contractsigned", start=GO_LIVE - timedelta(seconds=1))
    plan = decide(signed("contractsigned", visits=early), make.policy(), NOW)
    assert plan.commands == ()
    assert plan.cases == ()


def test_what_was_reached_before_go_live_is_counted_as_billed_before() -> None:
    both = (
        *make.visits("contractsigned", start=GO_LIVE - timedelta(days=9)),
        *make.visits("complete", start=GO_LIVE),
    )
    found = invoices(signed("complete", visits=both))
    assert [(i.installment, i.total) for i in found] == [
        ("progress", usd(400000)), ("final", usd(300000)),
    ]  # fmt: skip


def test_a_deal_that_moved_back_or_was_lost_is_not_invoiced_any_more_but_told() -> None:
    assert invoices(signed("contractsigned", "new")) == []
    assert invoices(signed("contractsigned", "closedlost", lost=True)) == []
    account = signed("contractsigned")
    effect = make.done(invoices(account)[0])
    for change in (make.deal("contractsigned", "new", version=2),
                   make.deal("contractsigned", "closedlost", lost=True, version=2)):  # fmt: skip
        after = account.with_effect(effect).with_record(change)
        assert invoices(after) == []
        (case,) = decide(after, make.policy(), NOW).cases
        assert case.kind == "contract_changed"
        assert case.money == usd(300000)


def test_a_currency_changed_after_billing_stops_everything_but_the_case() -> None:
    account = signed("contractsigned")
    effect = make.done(invoices(account)[0])
    changed = make.deal("contractsigned", "milestone1", currency="EUR", version=2)
    after = account.with_effect(effect).with_record(changed)
    assert invoices(after) == []
    assert kinds(after) == ["contract_changed"]


def test_a_voided_invoice_is_withdrawn_and_waits_for_a_person() -> None:
    account = signed("contractsigned")
    (deposit,) = invoices(account)
    void = make.invoice(deposit.total, status=InvoiceStatus.VOID)
    after = account.with_effect(make.done(deposit)).with_record(void)
    assert invoices(after) == []
    assert "contract_changed" in kinds(after)


def test_a_large_invoice_asks_for_approval_and_so_does_one_that_cannot_be_judged() -> None:
    over = Approval(when=condition('invoice.total > money("2000 USD")'), by="role:finance")
    (one,) = invoices(signed("contractsigned"), approvals=(over,))
    assert one.approval == "role:finance"
    (small,) = invoices(signed("contractsigned", amount_text="100"), approvals=(over,))
    assert small.approval == ""
    (foreign,) = invoices(signed("contractsigned", currency="EUR"), approvals=(over,))
    assert foreign.approval == "role:finance"


def test_a_hold_window_delays_the_invoice() -> None:
    (one,) = invoices(signed("contractsigned"), hold=timedelta(minutes=30))
    assert one.not_before == NOW + timedelta(minutes=30)


percents = st.lists(st.integers(1, 60), min_size=1, max_size=5).filter(lambda p: sum(p) < 100)


@given(
    value=st.integers(1, 10**11),
    parts=percents,
    reached=st.integers(0, 5),
    later=st.integers(1, 10**11),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_invariant_6_billed_and_still_to_bill_are_the_contract_value_at_every_moment(
    value: int, parts: list[int], reached: int, later: int, currency: str
) -> None:
    names = [f"m{n}" for n in range(len(parts) + 1)]
    installments = [
        Installment(id=name, at=name, bill=Percent(Fraction(part, 100)))
        for name, part in zip(names, parts, strict=False)
    ]
    installments.append(Installment(id="rest", at=names[-1], bill=Balance()))
    plan = BillingPlan(
        id="p", when=condition("true"), terms_days=0, installments=tuple(installments)
    )
    policy = make.policy(plans=(plan,), milestones=tuple((name, name) for name in names))
    reached = min(reached, len(names))
    stages = names[:reached] or ["new"]
    first = make.deal(*stages, currency=currency, amount_text=Money(value, currency).plain,
                      stages=("new", *names))  # fmt: skip
    account = make.account(*make.people(), make.customer(), first)
    for command in decide(account, policy, NOW).commands:
        account = account.with_effect(make.done(command))
    moved = make.deal(*names, currency=currency, amount_text=Money(later, currency).plain,
                      stages=("new", *names), version=2)  # fmt: skip
    for held in (account, account.with_record(moved)):
        (known,) = held.deals
        worth = contract(held, known, plan, policy)
        assert worth is not None
        parts_sum = total([share.amount for share in worth.shares], currency)
        assert parts_sum + worth.unassigned == worth.value
        billed = [i.command for i in held.invoice_effects(known.ref)]
        assert worth.sum_of(ShareState.BILLED) == total(
            [c.total for c in billed if isinstance(c, CreateInvoice)], currency
        )


def test_the_first_plan_that_holds_is_taken() -> None:
    policy = make.policy()
    first, fallback = policy.plans[0], replace(policy.plans[0], id="b", when=condition("true"))
    both = replace(policy, plans=(first, fallback))
    found = plan_for(make.deal(fields=()), both)
    assert found is not None
    assert found.id == "b"
    assert plan_for(make.deal(), both) == first


def test_a_customer_marked_as_ours_is_billed_before_one_found_by_address() -> None:
    other = Customer(ref=make.ref(make.BILLING, Kind.CUSTOMER, "cus_0"), version=1)
    account = signed("contractsigned").with_record(other)
    (one,) = invoices(account)
    assert one.customer == make.CUSTOMER
    assert isinstance(account.deals[0], Deal)
