"""A deal's contract as people read it: each installment, what became of it, or what keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tricord.core.account import Account
from tricord.core.billing import Contract, Share, ShareState, contract, moved_back_behind, plan_for
from tricord.core.commands import CreateCustomer, CreateInvoice, Effect, EffectState
from tricord.core.ids import Instant, Ref
from tricord.core.ledger import standing
from tricord.core.money import Money
from tricord.core.policy.types import Policy
from tricord.core.records import Deal
from tricord.store.row_views import CaseRow, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRow(Row):
    """One installment. `note` says what became of it, or why it is not invoiced yet."""

    installment: str
    milestone: str
    amount: Money
    state: str
    reached_at: Instant | None
    note: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DealRow(Row):
    """`value` is None, and `note` says why, when no contract can be made of the deal."""

    ref: Ref
    name: str
    stage: str
    plan: str
    value: Money | None
    unassigned: Money | None
    shares: tuple[ShareRow, ...]
    note: str


def deal_row(account: Account, deal: Deal, cases: Sequence[CaseRow], policy: Policy) -> DealRow:
    plan = plan_for(deal, policy)
    worth = contract(account, deal, plan, policy) if plan and plan.active else None
    note = "The deal was lost; nothing more is billed" if deal.lost else ""
    if plan is None:
        note = "No billing plan matches it"
    elif not plan.active:
        note = "Its plan bills by calendar, which is not active yet"
    elif worth is None:
        held = f"it reads {deal.amount_text!r}" if deal.amount_text else "it is empty"
        note = f"The CRM holds no contract value: {held}"
    return DealRow(
        ref=deal.ref,
        name=deal.name or str(deal.ref),
        stage=deal.stage,
        plan=plan.id if plan else "",
        value=worth.value if worth else None,
        unassigned=worth.unassigned if worth else None,
        shares=_shares(account, deal, worth, cases, policy) if worth else (),
        note=note,
    )


def of_this_deal(case: CaseRow, deal: Deal) -> bool:
    return f"/{deal.ref}/" in f"{case.key}/"


def _shares(
    account: Account, deal: Deal, worth: Contract, cases: Sequence[CaseRow], policy: Policy
) -> tuple[ShareRow, ...]:
    held_up = next((case for case in cases if of_this_deal(case, deal)), None)
    return tuple(
        ShareRow(
            installment=share.installment.id,
            milestone=share.installment.at,
            amount=share.amount,
            state=str(share.state),
            reached_at=share.reached_at,
            note=_note(account, deal, share, held_up, policy),
            key=share.key,
        )
        for share in worth.shares
    )


def _note(
    account: Account, deal: Deal, share: Share, held_up: CaseRow | None, policy: Policy
) -> str:
    match share.state:
        case ShareState.BILLED:
            return _billed(account, share)
        case ShareState.OUTSIDE:
            day = policy.firm.go_live.astimezone(policy.firm.zone).date()
            return f"Its milestone lies before go-live ({day}): billed before Tricord came"
        case ShareState.WITHDRAWN:
            return "Its invoice was voided; a person has yet to say what takes its place"
        case ShareState.TO_BILL:
            return _to_bill(account, deal, share, held_up, policy)


def _billed(account: Account, share: Share) -> str:
    invoice = account.invoice_of(share.key)
    if invoice is not None:
        owed = standing(account, invoice)
        left = f", {owed.outstanding} outstanding" if owed.outstanding else ""
        return f"Invoice {invoice.number or invoice.ref}: {owed.word.replace('_', ' ')}{left}"
    return _asked_for(account.effects[share.key])


def _asked_for(effect: Effect) -> str:
    """How an invoice stands that was asked for and that the billing engine has not shown."""
    command = effect.command
    if effect.state is EffectState.HELD:
        approver = command.approval if isinstance(command, CreateInvoice) else ""
        who = approver.removeprefix("role:") if approver else "a person"
        return f"Waiting for approval by {who}"
    return {
        EffectState.DONE: "Sent; the billing engine has yet to show it",
        EffectState.REFUSED: "The billing engine refused it",
        EffectState.UNKNOWN: "Not known whether it was sent; it will be looked up",
        EffectState.SKIPPED: "Not carried out",
    }.get(effect.state, "On its way to the billing engine")


def _to_bill(
    account: Account, deal: Deal, share: Share, held_up: CaseRow | None, policy: Policy
) -> str:
    milestone = share.installment.at.replace("_", " ")
    if deal.lost:
        return "The deal was lost; nothing more is billed"
    if share.reached_at is None:
        return f"Waiting for {milestone}"
    if moved_back_behind(deal, share.installment.at, policy):
        return f"The deal went back behind {milestone}"
    if held_up is not None:
        return f"Held up by a case: {held_up.title}"
    effect = account.effects.get(share.key)
    if effect is not None:
        return _asked_for(effect)
    asked = [e for e in account.effects.values() if isinstance(e.command, CreateCustomer)]
    if asked and not account.customers:
        return "Waiting for the client to be known in the billing engine"
    return "Due: it is invoiced at the next look at this account"
