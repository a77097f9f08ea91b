"""Uninvoiced: a deal that stands at a billing milestone and has no invoice is a case, not silence.

The billing plan makes the invoice, or says what prevents it. This rule looks from the other side,
so that a gap in that one, in what the CRM tells or in what a person gave up does not stay unseen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tricord.core.account import Account
from tricord.core.billing import (
    Contract,
    ShareState,
    contract,
    moved_back_behind,
    plan_for,
    reached,
)
from tricord.core.cases import Case
from tricord.core.commands import Command, CreateCustomer, EffectState, because
from tricord.core.ids import Instant
from tricord.core.money import Money, total
from tricord.core.policy.types import Policy
from tricord.core.records import Deal
from tricord.core.rules.billing_plan import billing_plan

RULE = "uninvoiced"
PATIENCE = timedelta(minutes=10)
"""How long an invoice may take to be on its way before somebody looks."""

# A customer that is on its way, or that a case of its own speaks of.
_SPOKEN_OF = (
    EffectState.HELD,
    EffectState.READY,
    EffectState.SENDING,
    EffectState.REFUSED,
    EffectState.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class _Silence:
    """A milestone that nothing was billed for. `money` is None where the CRM tells no amount."""

    since: Instant
    money: Money | None


def uninvoiced(account: Account, policy: Policy, now: Instant) -> Iterator[Command | Case]:
    """A case for each deal whose milestone was reached a while ago and that nothing bills."""
    for deal in account.deals:
        found = _silence(account, deal, policy)
        late = found is not None and now - found.since >= PATIENCE
        if found is not None and late and not _explained(account, deal, policy, now):
            yield _case(account, deal, policy, found)


def looks_at(account: Account, policy: Policy) -> Iterator[Instant]:
    """The moments at which time alone makes this rule speak."""
    for deal in account.deals:
        found = _silence(account, deal, policy)
        if found is not None:
            yield found.since + PATIENCE


def _silence(account: Account, deal: Deal, policy: Policy) -> _Silence | None:
    milestone = policy.milestone_of(deal.stage)
    if milestone is None or deal.lost:
        return None
    plan = plan_for(deal, policy)
    plans = (plan,) if plan else policy.plans
    if milestone not in {i.at for one in plans for i in one.installments}:
        return None
    # A CRM that does not tell when a stage was entered leaves the time of its last change.
    since = reached(deal, policy).get(milestone) or _seen_at(deal)
    if since < policy.firm.go_live:
        return None
    worth = contract(account, deal, plan, policy) if plan else None
    if worth is None:
        billed = account.invoice_effects(deal.ref)
        return None if billed else _Silence(since, deal.amount(policy.firm.currency))
    owed = _unbilled(account, deal, worth, milestone, policy)
    return _Silence(since, total(owed, worth.value.currency)) if owed else None


def _unbilled(
    account: Account, deal: Deal, worth: Contract, milestone: str, policy: Policy
) -> list[Money]:
    """The shares up to the milestone that no command is about."""
    order = policy.milestone_order
    passed = order[: order.index(milestone) + 1]
    return [
        share.amount
        for share in worth.shares
        if share.state is ShareState.TO_BILL
        and share.installment.at in passed
        and not moved_back_behind(deal, share.installment.at, policy)
        and share.key not in account.effects
        and share.amount.minor > 0
    ]


def _explained(account: Account, deal: Deal, policy: Policy, now: Instant) -> bool:
    """Whether the invoice is on its way, or a case says what keeps it."""
    customers = (e for e in account.effects.values() if isinstance(e.command, CreateCustomer))
    if any(effect.state in _SPOKEN_OF for effect in customers):
        return True
    for wanted in billing_plan(account, policy, now):
        match wanted:
            case Case():
                if ("deal", str(deal.ref)) in wanted.because.facts:
                    return True
            case _ if wanted.key not in account.effects:
                return True
    return False


def _seen_at(deal: Deal) -> Instant:
    """When the CRM last changed the deal, else when we looked; milliseconds since 1970."""
    return datetime.fromtimestamp((deal.stamp or deal.version) / 1000, UTC)


def _case(account: Account, deal: Deal, policy: Policy, found: _Silence) -> Case:
    over = f" over {found.money}" if found.money else ""
    return Case(
        key=f"uninvoiced/{deal.ref}",
        kind="uninvoiced",
        title=f"{deal.name or deal.ref} stands at a billing milestone without an invoice{over}",
        owner=policy.owners.billing,
        because=because(
            RULE,
            policy.version,
            deal=deal.ref,
            stage=deal.stage,
            since=found.since.isoformat(),
        ),
        account=account.id,
        money=found.money,
        next_actions=(
            f"See what is known of it: tricord explain {deal.ref}",
            "Move the deal to its stage again in the CRM, so that it says when it was reached",
            "Or bill it by hand and resolve this case with a reason",
        ),
    )
