"""Billing plan: a deal that reached a milestone is invoiced for it, once, to the cent."""

from collections.abc import Iterator

from tricord.core.account import Account
from tricord.core.billing import (
    Contract,
    Share,
    ShareState,
    contract,
    facts_of,
    moved_back_behind,
    plan_for,
    reached,
)
from tricord.core.cases import Case
from tricord.core.commands import Command, CreateCustomer, CreateInvoice, Line, because
from tricord.core.ids import Instant
from tricord.core.money import Money
from tricord.core.policy.conditions import ConditionUndecided
from tricord.core.policy.types import BillingPlan, Fixed, Policy
from tricord.core.records import Customer, Deal
from tricord.core.survivorship import addressee, survivor

RULE = "billing_plan"


def billing_plan(account: Account, policy: Policy, now: Instant) -> Iterator[Command | Case]:
    """Every installment whose milestone is reached, and a case for each thing that prevents one."""
    for deal in account.deals:
        due = {m: at for m, at in reached(deal, policy).items() if at >= policy.firm.go_live}
        if not due and not account.invoice_effects(deal.ref):
            continue
        plan = plan_for(deal, policy)
        if plan is None:
            yield _incomplete(account, deal, policy, "no_plan", _no_plan(deal))
        elif not plan.active:
            yield _inactive(account, deal, plan, policy)
        else:
            yield from _of_deal(account, deal, plan, policy, now)


def _of_deal(
    account: Account, deal: Deal, plan: BillingPlan, policy: Policy, now: Instant
) -> Iterator[Command | Case]:
    worth = contract(account, deal, plan, policy)
    if worth is None:
        held = f"reads {deal.amount_text!r}" if deal.amount_text else "is empty"
        words = f"it has no contract value: the amount {held}"
        yield _incomplete(account, deal, policy, "no_amount", words)
        return
    foreign = _foreign_currency(account, deal, plan, worth)
    if foreign:
        yield _changed(account, deal, policy, "currency", worth.value, foreign)
        return
    yield from _contract_cases(account, deal, worth, policy)
    if deal.lost:
        return
    for share in worth.shares:
        owed = share.state is ShareState.TO_BILL and share.reached_at is not None
        if not owed or moved_back_behind(deal, share.installment.at, policy):
            continue
        if share.amount.minor < 0:
            words = f"{-share.amount} more was billed than the contract is worth now"
            yield _changed(account, deal, policy, "overbilled", -share.amount, words)
        elif share.amount.minor > 0:
            yield _invoice(account, deal, plan, worth, share, policy, now)


def _invoice(
    account: Account,
    deal: Deal,
    plan: BillingPlan,
    worth: Contract,
    share: Share,
    policy: Policy,
    now: Instant,
) -> Command | Case:
    customer = _customer(account, policy)
    if customer is None:
        return _new_customer(account, deal, policy)
    installment = share.installment
    approval = _approval(deal, share.amount, policy)
    return CreateInvoice(
        key=share.key,
        connection=policy.roles.billing,
        account=account.id,
        because=because(
            f"{RULE}/{plan.id}/{installment.id}",
            policy.version,
            milestone=installment.at,
            reached=share.reached_at.isoformat() if share.reached_at else "",
            contract=worth.value,
            share=share.amount,
        ),
        customer=customer.ref,
        deal=deal.ref,
        installment=installment.id,
        lines=(
            Line(
                id=installment.id,
                description=f"{deal.name or 'Services'}: {installment.id}",
                amount=share.amount,
            ),
        ),
        days_until_due=plan.terms_days,
        memo=f"{installment.id.capitalize()} of {worth.value} for {deal.name}".strip(),
        not_before=now + policy.hold if policy.hold else None,
        approval=approval,
    )


def _customer(account: Account, policy: Policy) -> Customer | None:
    """The client at the billing engine: one that carries our mark before one that does not."""
    found = [c for c in account.customers if c.ref.connection == policy.roles.billing]
    marked = [c for c in found if c.account == account.id]
    return next(iter(marked or found), None)


def _new_customer(account: Account, deal: Deal, policy: Policy) -> Command | Case:
    person = addressee(account, deal, policy)
    if person is None:
        words = "no contact of this client has an e-mail address to send the invoice to"
        return _incomplete(account, deal, policy, "no_address", words)
    generation = 1 + sum(
        record.gone for record in account.records.values() if isinstance(record, Customer)
    )
    return CreateCustomer(
        key=f"customer/{account.id}/{generation}",
        connection=policy.roles.billing,
        account=account.id,
        because=because(f"{RULE}/customer", policy.version, needed_for=deal.ref),
        name=(account.companies and survivor("name", account, policy).value)
        or person.name
        or person.email,
        email=person.email,
        phone=person.phone or survivor("phone", account, policy).value,
    )


def _approval(deal: Deal, amount: Money, policy: Policy) -> str:
    """Who must approve; a condition that cannot be answered asks for approval too."""
    facts = {
        "invoice": {"total": amount.minor, "currency": amount.currency},
        "deal": facts_of(deal, policy),
    }
    for approval in policy.approvals:
        try:
            if approval.when.holds(facts, amount.currency):
                return approval.by
        except ConditionUndecided:
            return approval.by
    return ""


def _contract_cases(
    account: Account, deal: Deal, worth: Contract, policy: Policy
) -> Iterator[Case]:
    billed = worth.sum_of(ShareState.BILLED)
    if not billed and not worth.sum_of(ShareState.WITHDRAWN):
        return
    if deal.lost:
        words = f"it was lost after {billed} had been billed"
        yield _changed(account, deal, policy, "lost", billed, words)
    behind = [
        share
        for share in worth.shares
        if share.state is ShareState.BILLED
        and moved_back_behind(deal, share.installment.at, policy)
    ]
    if behind and not deal.lost:
        money = behind[0].amount
        for share in behind[1:]:
            money = money + share.amount
        names = ", ".join(share.installment.id for share in behind)
        words = f"it moved back behind what was billed already ({names})"
        yield _changed(account, deal, policy, "moved_back", money, words)
    withdrawn = worth.sum_of(ShareState.WITHDRAWN)
    if withdrawn:
        words = f"an invoice over {withdrawn} was voided or given up"
        yield _changed(account, deal, policy, "voided", withdrawn, words)
    if worth.unassigned:
        words = (
            f"its value changed to {worth.value} after everything was billed; "
            f"{worth.unassigned} is not covered by any invoice"
        )
        yield _changed(account, deal, policy, "value_changed", worth.unassigned, words)


def _foreign_currency(
    account: Account, deal: Deal, plan: BillingPlan, worth: Contract
) -> str | None:
    currency = worth.value.currency
    billed = {
        effect.command.total.currency
        for effect in account.invoice_effects(deal.ref)
        if isinstance(effect.command, CreateInvoice)
    }
    if billed - {currency}:
        return f"it is in {currency} now, but was billed in {', '.join(sorted(billed))}"
    fixed = {i.bill.amount.currency for i in plan.installments if isinstance(i.bill, Fixed)}
    if fixed - {currency}:
        return f"it is in {currency}, but plan {plan.id!r} names amounts in {min(fixed)}"
    return None


def _no_plan(deal: Deal) -> str:
    fields = ", ".join(f"{ours} = {value!r}" for ours, value in deal.fields if value)
    return f"no billing plan matches it ({fields or 'none of the billing fields is filled in'})"


def _incomplete(account: Account, deal: Deal, policy: Policy, kind: str, words: str) -> Case:
    return Case(
        key=f"incomplete/{deal.ref}/{kind}",
        kind="incomplete",
        title=f"{deal.name or deal.ref} cannot be invoiced: {words}",
        owner=policy.owners.billing,
        because=because(RULE, policy.version, deal=deal.ref, stage=deal.stage),
        account=account.id,
        money=deal.amount(policy.firm.currency),
        next_actions=(
            "Fill in what is missing in the CRM; the invoice follows by itself",
            "Or change the billing plans in tricord.yaml and run tricord check",
        ),
    )


def _inactive(account: Account, deal: Deal, plan: BillingPlan, policy: Policy) -> Case:
    return Case(
        key=f"inactive_plan/{deal.ref}",
        kind="inactive_plan",
        title=f"{deal.name or deal.ref} is on plan {plan.id!r}, which bills by calendar: "
        "not active yet",
        owner=policy.owners.billing,
        because=because(RULE, policy.version, deal=deal.ref, plan=plan.id),
        account=account.id,
        money=deal.amount(policy.firm.currency),
        next_actions=("Bill this client by hand until recurring plans are active",),
    )


def _changed(
    account: Account, deal: Deal, policy: Policy, kind: str, money: Money, words: str
) -> Case:
    return Case(
        key=f"contract_changed/{deal.ref}/{kind}",
        kind="contract_changed",
        title=f"{deal.name or deal.ref}: {words}",
        owner=policy.owners.billing,
        because=because(RULE, policy.version, deal=deal.ref, stage=deal.stage),
        account=account.id,
        money=money,
        next_actions=(
            "Keep the invoices as they are and resolve this case with a reason",
            "Void what is unpaid in the billing engine",
            "Give a credit note for what is paid",
        ),
    )
