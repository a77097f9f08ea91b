"""What happens next: for each open invoice and each deal, in words, and when. Nothing is decided.

It reads the same facts as the rules do, so that what it foretells is what `decide` will do at that
moment if nothing else comes between.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tricord.core.account import Account
from tricord.core.billing import Share, ShareState, contract, moved_back_behind, plan_for
from tricord.core.commands import Command, CreateInvoice, Effect, EffectState, SendMessage
from tricord.core.ids import Instant, Ref
from tricord.core.ledger import Standing, standings
from tricord.core.money import Money
from tricord.core.policy.types import Policy
from tricord.core.records import Deal
from tricord.core.templates import AFTER_PAYMENT


class Waiting(StrEnum):
    """What the next step waits for. `nobody`: it comes by itself, at its moment."""

    CLIENT = "client"
    FIRM = "firm"
    PERSON = "person"
    VENDOR = "vendor"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """One thing that is to come. `at` is None when no clock brings it.

    `title` says what happens, `then` what follows from it; `about` is an invoice or a deal; `who`
    is the role it waits for, where it waits for a person.
    """

    about: Ref
    title: str
    waits_for: Waiting
    then: str = ""
    at: Instant | None = None
    who: str = ""
    money: Money | None = None
    command: str = ""


def next_steps(account: Account, policy: Policy, now: Instant) -> tuple[Next, ...]:
    """What is to come for this account: what has a moment first, in the order of moments."""
    told = [
        *_open_commands(account, policy, now),
        *(step for owed in standings(account) for step in _of_invoice(owed, policy, now)),
        *(step for deal in account.deals for step in _of_deal(account, deal, policy)),
    ]
    timed = sorted((s for s in told if s.at is not None), key=lambda s: (s.at, str(s.about)))
    return (*timed, *(step for step in told if step.at is None))


def _open_commands(account: Account, policy: Policy, now: Instant) -> Iterator[Next]:
    """Invoices and messages that were asked for and have not left, or not for certain."""
    for key, effect in sorted(account.effects.items()):
        command = effect.command
        if not isinstance(command, CreateInvoice | SendMessage):
            continue
        waits = _of_effect(effect, policy, now)
        if waits is None:
            continue
        title, waits_for, who, at = waits
        yield Next(
            about=command.deal if isinstance(command, CreateInvoice) else command.about,
            title=f"{_named(command)} {title}",
            waits_for=waits_for,
            who=who,
            at=at,
            money=command.total if isinstance(command, CreateInvoice) else None,
            command=key,
        )


def _of_effect(
    effect: Effect, policy: Policy, now: Instant
) -> tuple[str, Waiting, str, Instant | None] | None:
    command, owners = effect.command, policy.owners
    owner = owners.billing if isinstance(command, CreateInvoice) else owners.default
    held_until = command.not_before if isinstance(command, CreateInvoice) else None
    match effect.state:
        case EffectState.HELD:
            approver = command.approval if isinstance(command, CreateInvoice) else ""
            return f"waits for approval by {_role(approver)}", Waiting.PERSON, approver, None
        case EffectState.READY if held_until is not None and held_until > now:
            clock = held_until.astimezone(policy.firm.zone)
            return f"stops being held at {clock:%H:%M} and leaves", Waiting.NOBODY, "", held_until
        case EffectState.READY:
            return "leaves at the next turn", Waiting.NOBODY, "", None
        case EffectState.SENDING:
            return "is on its way", Waiting.VENDOR, "", None
        case EffectState.UNKNOWN if effect.ended_at is None:
            return "may have left: it is looked up at the vendor", Waiting.VENDOR, "", None
        case EffectState.UNKNOWN:
            return "may have left: a person has to find out", Waiting.PERSON, owner, None
        case EffectState.REFUSED:
            return "was refused: a person has to correct it", Waiting.PERSON, owner, None
        case _:
            return None


def _of_invoice(owed: Standing, policy: Policy, now: Instant) -> Iterator[Next]:
    if not owed.outstanding and not owed.disputed:
        return
    invoice, name = owed.invoice, owed.invoice.number or "The invoice"
    if owed.disputed:
        yield Next(
            about=invoice.ref,
            title=f"{name} waits for the outcome of the dispute",
            then="if it is lost, the amount is owed again",
            waits_for=Waiting.CLIENT,
            money=owed.outstanding or None,
        )
        return
    shows = any(ours in ("payment_status", "overdue") for ours, _ in _shown(policy))
    if invoice.due_at is not None and invoice.due_at > now:
        due = _day(invoice.due_at, policy)
        yield Next(
            about=invoice.ref,
            title=f"{name} falls due on {due}",
            then="then the CRM shows overdue" if shows else "",
            waits_for=Waiting.CLIENT,
            at=invoice.due_at,
            money=owed.outstanding,
        )
        return
    late = (
        f"overdue since {_day(invoice.due_at, policy)}" if invoice.due_at else "without a due day"
    )
    yield Next(
        about=invoice.ref,
        title=f"{name} waits for the client's payment, {late}",
        then=_after_payment(policy),
        waits_for=Waiting.CLIENT,
        money=owed.outstanding,
    )


def _of_deal(account: Account, deal: Deal, policy: Policy) -> Iterator[Next]:
    plan = plan_for(deal, policy)
    if deal.lost or plan is None or not plan.active:
        return
    worth = contract(account, deal, plan, policy)
    if worth is None:
        yield Next(
            about=deal.ref,
            title=f"{deal.name or deal.ref} waits for a contract value in the CRM",
            then="then what is due is invoiced",
            waits_for=Waiting.FIRM,
            who=policy.owners.billing,
        )
        return
    for share in worth.shares:
        if share.state is ShareState.TO_BILL and share.amount.minor > 0:
            yield from _of_share(account, deal, share, policy)


def _of_share(account: Account, deal: Deal, share: Share, policy: Policy) -> Iterator[Next]:
    milestone = share.installment.at.replace("_", " ")
    reached = share.reached_at is not None
    back = reached and moved_back_behind(deal, share.installment.at, policy)
    if not reached or back:
        yield Next(
            about=deal.ref,
            title=f"{deal.name or deal.ref} reaches {milestone}{' again' if back else ''}",
            then=f"then the {share.installment.id} invoice leaves within the minute",
            waits_for=Waiting.FIRM,
            money=share.amount,
        )
    elif share.key not in account.effects:
        yield Next(
            about=deal.ref,
            title=f"The {share.installment.id} invoice waits for what its case names",
            waits_for=Waiting.PERSON,
            who=policy.owners.billing,
            money=share.amount,
        )


def _shown(policy: Policy) -> tuple[tuple[str, str], ...]:
    return policy.write_back_to("deal") + policy.write_back_to("account")


def _after_payment(policy: Policy) -> str:
    wanted = [name for name in policy.on_paid if name in AFTER_PAYMENT]
    words = " and the ".join(name.replace("-", " ") for name in wanted)
    if not words or policy.roles.email is None:
        return "then the CRM shows paid"
    return f"then the {words} {'go' if len(wanted) > 1 else 'goes'} out"


def _named(command: Command) -> str:
    match command:
        case CreateInvoice():
            return f"The {command.installment} invoice"
        case SendMessage():
            return f"“{command.subject}”"
        case _:
            raise TypeError(f"{type(command).__name__} is foretold by nothing")


def _role(owner: str) -> str:
    return owner.removeprefix("role:").replace("_", " ") or "a person"


def _day(at: Instant, policy: Policy) -> str:
    local: date = at.astimezone(policy.firm.zone).date()
    return f"{local.day} {local:%b %Y}"
