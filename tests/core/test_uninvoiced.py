"""Silence at a billing milestone: seen after ten minutes, when nothing else explains it."""

from datetime import timedelta

import pytest

from core import building as make
from core.building import GO_LIVE, NOW
from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import CreateCustomer, Effect, EffectState
from tricord.core.decide import decide
from tricord.core.ids import Instant
from tricord.core.money import Money
from tricord.core.rules.uninvoiced import PATIENCE

LATER = NOW + PATIENCE


def silence(account: Account, now: Instant) -> list[Case]:
    return [c for c in decide(account, make.policy(), now).cases if c.kind == "uninvoiced"]


def untold(**changes: object) -> Account:
    """A deal that stands at a milestone, of which the CRM does not tell when it came there."""
    stamp = int(NOW.timestamp() * 1000)
    deal = make.deal("contractsigned", visits=(), stamp=stamp, **changes)
    return make.account(*make.people(), make.customer(), deal)


def test_a_deal_that_stands_at_a_milestone_unbilled_is_a_case_after_ten_minutes() -> None:
    account = untold()
    assert silence(account, LATER - timedelta(seconds=1)) == []
    (case,) = silence(account, LATER)
    assert case.money == Money(3000_00, "USD")
    assert case.owner == "role:finance"
    assert case.severity == "error"


def test_time_alone_brings_it_up() -> None:
    assert decide(untold(), make.policy(), NOW).wake_at == LATER
    assert decide(untold(), make.policy(), LATER).wake_at is None


def test_a_customer_that_was_given_up_leaves_the_deal_without_an_invoice() -> None:
    account = make.account(*make.people(), make.deal("contractsigned"))
    (command,) = decide(account, make.policy(), NOW).commands
    assert isinstance(command, CreateCustomer)
    for state, told in (
        (EffectState.READY, False),
        (EffectState.REFUSED, False),
        (EffectState.GIVEN_UP, True),
    ):
        there = account.with_effect(Effect(command=command, state=state, planned_at=NOW))
        assert bool(silence(there, LATER)) is told, state


@pytest.mark.parametrize(
    "account",
    [
        make.account(*make.people(), make.customer(), make.deal("contractsigned")),
        make.account(*make.people(), make.deal("contractsigned")),
        make.account(make.deal("contractsigned")),
        make.account(*make.people(), make.deal("contractsigned", amount_text="")),
        untold(lost=True),
        make.account(*make.people(), make.customer(), make.deal("new")),
        make.account(
            *make.people(),
            make.customer(),
            make.deal("contractsigned", visits=make.visits("contractsigned",
                                                           start=GO_LIVE - timedelta(days=1))),
        ),
    ],
    ids=["an invoice is on its way", "a customer is on its way", "nobody has an address",
         "no amount", "lost", "no milestone", "before go-live"],
)  # fmt: skip
def test_what_is_explained_is_no_silence(account: Account) -> None:
    assert silence(account, LATER + timedelta(days=1)) == []


@pytest.mark.parametrize(
    "changes", [{"fields": (("service_type", "hourly"),)}, {"amount_text": ""}]
)
def test_no_plan_and_no_amount_are_no_excuse_where_nothing_else_tells_of_them(
    changes: dict[str, object],
) -> None:
    assert len(silence(untold(**changes), LATER)) == 1
