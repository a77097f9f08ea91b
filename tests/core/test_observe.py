"""Observe and decide: pure, and blind to order and repetition (invariants 4 and 5)."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from core import building as make
from core.building import NOW, usd
from tricord.core.account import Account
from tricord.core.changes import InvoicePaid, InvoicePartlyPaid, InvoiceSent, PaymentReceived
from tricord.core.decide import decide
from tricord.core.observe import observe
from tricord.core.records import InvoiceStatus, Record, StageVisit, gone, join

stages = st.sampled_from(make.STAGES)
instants = st.integers(0, 10_000).map(lambda n: make.GO_LIVE + timedelta(minutes=n))
versions = st.integers(1, 6)

deals = st.builds(
    lambda version, stage, seen, lost, amount: make.deal(
        stage,
        version=version,
        visits=tuple(sorted(seen, key=lambda v: (v.at, v.stage))),
        lost=lost,
        amount_text=amount,
    ),
    versions,
    stages,
    st.lists(st.builds(lambda at, stage: StageVisit(at=at, stage=stage), instants, stages),
             max_size=3, unique=True),
    st.booleans(),
    st.sampled_from(["10000.00", "12000.00", ""]),
)  # fmt: skip
invoices = st.builds(
    lambda version, status, paid: make.invoice(usd(300_000), version=version, status=status,
                                               paid=usd(paid)),
    versions, st.sampled_from(list(InvoiceStatus)), st.sampled_from([0, 100_000, 300_000]),
)  # fmt: skip
payments = st.builds(
    lambda version, amount, number: make.payment(usd(amount), f"pi_{number}", version=version),
    versions, st.integers(1, 300_000), st.integers(1, 2),
)  # fmt: skip
people = st.sampled_from([*make.people(), make.customer()])
removals = st.builds(
    gone, st.sampled_from([make.DEAL, make.CUSTOMER, make.CONTACT]), st.integers(1, 9)
)
looks = st.lists(st.one_of(deals, invoices, payments, people, removals), max_size=8)


def folded(records: list[Record]) -> Account:
    account = make.account()
    for record in records:
        account, _ = observe(account, record)
    return account


@given(looks, st.randoms(use_true_random=False))
def test_invariant_5_t06_every_order_and_repetition_ends_in_the_same_account(
    records: list[Record], dice: Random
) -> None:
    shuffled = records + dice.choices(records, k=len(records)) if records else []
    dice.shuffle(shuffled)
    one, other = folded(records), folded(shuffled)
    assert dict(one.records) == dict(other.records)
    assert decide(one, make.policy(), NOW) == decide(other, make.policy(), NOW)


@given(
    st.lists(
        st.one_of(deals, st.builds(gone, st.just(make.DEAL), versions)), min_size=3, max_size=3
    )
)
def test_joining_looks_is_commutative_associative_and_idempotent(three: list[Record]) -> None:
    a, b, c = three
    assert join(a, b) == join(b, a)
    assert join(join(a, b), c) == join(a, join(b, c))
    assert join(a, a) == a


@given(looks)
def test_invariant_4_decide_gives_the_same_plan_for_the_same_account(records: list[Record]) -> None:
    account, policy = folded(records), make.policy()
    assert decide(account, policy, NOW) == decide(account, policy, NOW)
    for command in decide(account, policy, NOW).commands:
        assert str(NOW.year) not in command.key.replace("hubspot:deal:42", "")


@given(looks)
def test_invariant_10_facts_before_go_live_never_cause_a_command(records: list[Record]) -> None:
    later = make.policy()
    after_everything = make.GO_LIVE + timedelta(days=4000)
    firm = type(later.firm)(
        name="x", currency="USD", zone=later.firm.zone, go_live=after_everything
    )
    plan = decide(folded(records), make.policy(firm=firm), NOW)
    assert plan.commands == ()


def test_doing_what_was_decided_leaves_nothing_to_do() -> None:
    account = make.account(*make.people(), make.customer(), make.deal("contractsigned"))
    for _ in range(5):
        plan = decide(account, make.policy(), NOW)
        for command in plan.commands:
            account = account.with_effect(make.done(command))
    assert decide(account, make.policy(), NOW).commands == ()


def test_invariant_4_the_plan_does_not_depend_on_the_hash_seed() -> None:
    script = (
        "from core import building as make\n"
        "from tricord.core.decide import decide\n"
        "a = make.account(*make.people(), make.customer(), make.deal('complete'))\n"
        "print(decide(a, make.policy(), make.NOW))\n"
    )
    tests = str(Path(__file__).parents[1])
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": tests},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_changes_tell_what_was_news() -> None:
    account = make.account(make.customer())
    account, changes = observe(account, make.invoice(usd(100)))
    assert InvoiceSent(ref=make.invoice(usd(100)).ref, total=usd(100)) in changes
    account, changes = observe(account, make.payment(usd(40)))
    assert PaymentReceived(ref=make.payment(usd(40)).ref, amount=usd(40)) in changes
    assert any(isinstance(change, InvoicePartlyPaid) for change in changes)
    account, changes = observe(account, make.payment(usd(60), "pi_2"))
    assert any(isinstance(change, InvoicePaid) for change in changes)
    _, changes = observe(account, make.payment(usd(60), "pi_2"))
    assert changes == ()
