"""The contract: how a deal's value is divided, what of it is billed, and what is still to bill."""

from dataclasses import dataclass
from enum import StrEnum

from tricord.core.account import Account
from tricord.core.commands import CreateInvoice, Effect, EffectState
from tricord.core.ids import Instant
from tricord.core.money import Money, total
from tricord.core.policy.conditions import ConditionUndecided
from tricord.core.policy.types import Balance, BillingPlan, Fixed, Installment, Percent, Policy
from tricord.core.records import Deal, Invoice, InvoiceStatus


class ShareState(StrEnum):
    """`outside`: its milestone lies before go-live, so it was billed before Tricord came.

    `withdrawn`: its invoice was voided or given up, and a person has yet to say what takes its
    place.
    """

    TO_BILL = "to_bill"
    BILLED = "billed"
    OUTSIDE = "outside"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    installment: Installment
    amount: Money
    state: ShareState
    reached_at: Instant | None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A deal's value divided by its plan.

    The shares and `unassigned` always sum to `value`: that is invariant 6. `unassigned` is not
    zero only when the value changed after its last share was billed.
    """

    value: Money
    shares: tuple[Share, ...]
    unassigned: Money

    def sum_of(self, *states: ShareState) -> Money:
        return total([s.amount for s in self.shares if s.state in states], self.value.currency)


def facts_of(deal: Deal, policy: Policy) -> dict[str, object]:
    """A deal as conditions see it: declared fields by our names, amounts in minor units."""
    currency = deal.currency or policy.firm.currency
    amount = deal.amount(policy.firm.currency)
    facts: dict[str, object] = {
        "name": deal.name,
        "stage": deal.stage,
        "kind": "deal",
        "currency": currency,
        "owner": deal.owner,
        **dict(deal.fields),
    }
    if amount is not None:
        facts["amount"] = amount.minor
    return facts


def plan_for(deal: Deal, policy: Policy) -> BillingPlan | None:
    """The first plan whose condition holds. One that cannot be answered does not hold."""
    facts = {"deal": facts_of(deal, policy)}
    for plan in policy.plans:
        try:
            if plan.when.holds(facts, deal.currency or policy.firm.currency):
                return plan
        except ConditionUndecided:
            continue
    return None


def reached(deal: Deal, policy: Policy) -> dict[str, Instant]:
    """When each milestone was first reached. A skipped one counts as reached with the later one."""
    found: dict[str, Instant] = {}
    for visit in deal.visits:
        milestone = policy.milestone_of(visit.stage)
        if milestone is not None:
            found[milestone] = min(visit.at, found.get(milestone, visit.at))
    order = policy.milestone_order
    for place in range(len(order) - 2, -1, -1):
        later = found.get(order[place + 1])
        if later is not None:
            found[order[place]] = min(later, found.get(order[place], later))
    return found


def moved_back_behind(deal: Deal, milestone: str, policy: Policy) -> bool:
    """Whether the deal now stands before the first stage that means `milestone`.

    Unknown stages (a pipeline we have not been shown) count as not moved back.
    """
    order = {stage: place for place, stage in enumerate(deal.stages)}
    places = [order[s] for s, m in policy.milestones if m == milestone and s in order]
    return bool(places) and deal.stage in order and order[deal.stage] < min(places)


def invoice_key(account: Account, deal: Deal, installment: Installment) -> str:
    """The business key; one that was skipped before anything left makes room for the next."""
    number = 1
    while True:
        key = f"invoice/{deal.ref}/{installment.id}/{number}"
        effect = account.effects.get(key)
        if effect is None or effect.state is not EffectState.SKIPPED:
            return key
        number += 1


def contract(account: Account, deal: Deal, plan: BillingPlan, policy: Policy) -> Contract | None:
    """The contract of one deal, or None while the CRM holds no amount above zero."""
    value = deal.amount(policy.firm.currency)
    if value is None or value.minor <= 0:
        return None
    milestones = reached(deal, policy)
    fixed = {i.id: _share(account, deal, i, value, milestones, policy) for i in plan.installments}
    known = total([s.amount for s in fixed.values() if s is not None], value.currency)
    rest = value - known
    shares = []
    for installment in plan.installments:
        share = fixed[installment.id]
        if share is None:
            share = _made(account, deal, installment, rest, milestones, policy)
            rest = Money.zero(value.currency)
        shares.append(share)
    return Contract(value=value, shares=tuple(shares), unassigned=rest)


def _share(
    account: Account,
    deal: Deal,
    installment: Installment,
    value: Money,
    milestones: dict[str, Instant],
    policy: Policy,
) -> Share | None:
    """The share of one installment; None for the balance, which is known only after the others."""
    key = invoice_key(account, deal, installment)
    effect = account.effects.get(key)
    if effect is not None and isinstance(effect.command, CreateInvoice):
        billed = effect.command.total
        if billed.currency == value.currency:
            invoice = account.invoice_of(key)
            return Share(
                installment=installment,
                amount=billed,
                state=_state_of(effect, invoice),
                reached_at=milestones.get(installment.at),
                key=key,
            )
    match installment.bill:
        case Percent(part):
            return _made(account, deal, installment, value.share(part), milestones, policy)
        case Fixed(amount) if amount.currency == value.currency:
            return _made(account, deal, installment, amount, milestones, policy)
        case Fixed() | Balance():
            return None


def _state_of(effect: Effect, invoice: Invoice | None) -> ShareState:
    if effect.state is EffectState.REFUSED:
        return ShareState.TO_BILL
    void = invoice is not None and (invoice.status is InvoiceStatus.VOID or invoice.gone)
    if void or effect.state is EffectState.GIVEN_UP:
        return ShareState.WITHDRAWN
    return ShareState.BILLED


def _made(
    account: Account,
    deal: Deal,
    installment: Installment,
    amount: Money,
    milestones: dict[str, Instant],
    policy: Policy,
) -> Share:
    at = milestones.get(installment.at)
    outside = at is not None and at < policy.firm.go_live
    return Share(
        installment=installment,
        amount=amount,
        state=ShareState.OUTSIDE if outside else ShareState.TO_BILL,
        reached_at=at,
        key=invoice_key(account, deal, installment),
    )
