"""What must agree between the parts of a policy file: names that meet, shares that add up."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from fractions import Fraction

from tricord.app.policy_model import (
    AlertPart,
    BillingPart,
    ConnectionPart,
    CrmPart,
    FirmPart,
    IdentityPart,
    LoggingPart,
    MasterPart,
    OutreachPart,
    PlanPart,
    RemindersPart,
    RolesPart,
    ServerPart,
)
from tricord.app.policy_text import Flaw, Loc
from tricord.app.policy_words import listed, nearest
from tricord.core.policy.conditions import Condition
from tricord.core.policy.types import Balance, Fixed, Percent
from tricord.core.survivorship import FIELDS

MASTERED = tuple(f"account.{field}" for field in FIELDS)
WRITTEN_BACK = ("deal.payment_status", "deal.outstanding", "account.overdue")
BUILT_IN = ("name", "stage", "kind", "currency", "owner", "amount")
_FIELD = re.compile(r"deal\.[A-Za-z_][A-Za-z0-9_]{0,59}")
_QUOTED = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""")
_FACT = re.compile(r"""(?<![\w.])deal\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*(?:"(\w*)"|'(\w*)')\s*\])""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of the file that are sound in themselves; None stands for the others."""

    firm: FirmPart | None = None
    connections: dict[str, ConnectionPart] | None = None
    roles: RolesPart | None = None
    crm: CrmPart | None = None
    billing: BillingPart | None = None
    reminders: RemindersPart | None = None
    outreach: OutreachPart | None = None
    logging: LoggingPart | None = None
    identity: IdentityPart | None = None
    alerts: list[AlertPart] | None = None
    server: ServerPart | None = None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(part.name for part in fields(cls))


def disagreements(parts: Parts) -> Iterator[Flaw]:
    if parts.connections is not None:
        yield from _connections_named(parts, parts.connections)
    if parts.crm is not None:
        yield from _crm(parts.crm)
        yield from _milestones_named(parts, parts.crm)
        for loc, question in _conditions(parts):
            yield from _facts_known(loc, question, parts.crm)
    if parts.billing is not None:
        yield from _twice(("billing", "plans"), [plan.id for plan in parts.billing.plans])
        for place, plan in enumerate(parts.billing.plans):
            yield from _plan(("billing", "plans", place), plan)
            if parts.firm is not None:
                yield from _currency(("billing", "plans", place), plan, parts.firm.currency)
    if parts.reminders is not None:
        yield from _reminders(parts.reminders)
    if parts.identity is not None:
        yield from _identity(parts.identity)


def _connections_named(parts: Parts, known: dict[str, ConnectionPart]) -> Iterator[Flaw]:
    named: list[tuple[Loc, str]] = []
    if parts.roles is not None:
        for role in ("crm", "billing", "email", "sms"):
            name = getattr(parts.roles, role)
            named += [(("roles", role), name)] if name is not None else []
        named += [(("roles", "alerts", i), name) for i, name in enumerate(parts.roles.alerts)]
    for place, alert in enumerate(parts.alerts or []):
        named += [(("alerts", place, "to", i), name) for i, name in enumerate(alert.to)]
    for loc, name in named:
        if name not in known:
            hint = nearest(name, known) or f"write {listed(known)}"
            yield Flaw(loc=loc, message=f'no connection is called "{name}"', hint=hint)


def _crm(crm: CrmPart) -> Iterator[Flaw]:
    loc: Loc
    for stage in crm.milestones:
        if not stage.strip():
            loc = ("crm", "milestones", stage)
            hint = "write the id of the CRM's stage"
            yield Flaw(loc=loc, message="the stage is empty", hint=hint, on_key=True)
    for name in crm.fields:
        loc = ("crm", "fields", name)
        if not _FIELD.fullmatch(name):
            hint = f"write deal. and a name, such as deal.{_plain(name)}"
            yield Flaw(loc=loc, message=f'"{name}" names no field', hint=hint, on_key=True)
        elif name.removeprefix("deal.") in BUILT_IN:
            hint = "choose another name, or leave it out"
            yield Flaw(loc=loc, message=f"{name} is always known", hint=hint, on_key=True)
    for name in crm.write_back:
        if name not in WRITTEN_BACK:
            loc = ("crm", "write_back", name)
            hint = nearest(name, WRITTEN_BACK)
            hint = f"{hint} It can be " if hint else "write "
            words = f'"{name}" is no figure that Tricord keeps'
            yield Flaw(loc=loc, message=words, hint=hint + listed(WRITTEN_BACK), on_key=True)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", name.rpartition(".")[2].lower()).strip("_0123456789") or "x"


def _milestones_named(parts: Parts, crm: CrmPart) -> Iterator[Flaw]:
    known = list(dict.fromkeys(crm.milestones.values()))
    for place, plan in enumerate(parts.billing.plans if parts.billing else []):
        loc: Loc = ("billing", "plans", place)
        named: list[tuple[Loc, str]] = [
            ((*loc, "installments", i, "at"), installment.at)
            for i, installment in enumerate(plan.installments or [])
        ]
        named += [((*loc, "from"), plan.from_)] if plan.from_ else []
        for at, name in named:
            if name not in known:
                hint = nearest(name, known) or f"write {listed(known)}, or add it to crm.milestones"
                yield Flaw(loc=at, message=f'no milestone is called "{name}"', hint=hint)


def _conditions(parts: Parts) -> Iterator[tuple[Loc, Condition]]:
    if parts.billing is not None:
        for place, plan in enumerate(parts.billing.plans):
            yield ("billing", "plans", place, "when"), plan.when
        for place, approve in enumerate(parts.billing.approve):
            yield ("billing", "approve", place, "when"), approve.when
    if parts.outreach is not None:
        yield ("outreach", "hold"), parts.outreach.hold
    if parts.logging is not None and parts.logging.privileged is not None:
        yield ("logging", "privileged", "when"), parts.logging.privileged.when
    for place, alert in enumerate(parts.alerts or []):
        yield ("alerts", place, "when"), alert.when


def _facts_known(loc: Loc, question: Condition, crm: CrmPart) -> Iterator[Flaw]:
    declared = [name.removeprefix("deal.") for name in crm.fields]
    known = [*declared, *BUILT_IN]
    quoted = [match.span() for match in _QUOTED.finditer(question.source)]
    for match in _FACT.finditer(question.source):
        name = next(group for group in match.groups() if group is not None)
        if name in known or any(first <= match.start() < last for first, last in quoted):
            continue
        hint = nearest(f"deal.{name}", [f"deal.{other}" for other in known])
        yield Flaw(
            loc=loc,
            message=f"deal.{name} is not known",
            hint=hint or f"add `deal.{name}: ` and the CRM's property to crm.fields",
            offset=match.start(),
        )


def _plan(loc: Loc, plan: PlanPart) -> Iterator[Flaw]:
    if plan.installments is None and plan.recurs is None:
        hint = "add `installments:` or `recurs:`"
        yield Flaw(loc=loc, message="the plan bills nothing", hint=hint)
    if plan.installments is None:
        return
    for key in ("recurs", "from", "until"):
        if getattr(plan, "from_" if key == "from" else key) is not None:
            words = f'"{key}" does not go with installments'
            hint = "remove it, or make it a plan of its own"
            yield Flaw(loc=(*loc, key), message=words, hint=hint, on_key=True)
    if plan.terms is None:
        hint = "add `terms: net 14` or `terms: due on receipt`"
        yield Flaw(loc=loc, message='the key "terms" is missing', hint=hint)
    installments = (*loc, "installments")
    yield from _twice(installments, [installment.id for installment in plan.installments])
    yield from _shares(installments, plan)


def _shares(loc: Loc, plan: PlanPart) -> Iterator[Flaw]:
    bills = [installment.bill for installment in plan.installments or []]
    percent = sum((bill.part for bill in bills if isinstance(bill, Percent)), Fraction(0))
    balances = [place for place, bill in enumerate(bills) if isinstance(bill, Balance)]
    last: Loc = (*loc, len(bills) - 1, "bill")
    for place in balances[1:]:
        words = "only one installment bills the balance"
        yield Flaw(loc=(*loc, place, "bill"), message=words, hint="write a percentage such as 30%")
    if len(balances) == 1 and balances[0] != len(bills) - 1:
        words = "the balance must be the last installment"
        hint = "move this installment to the end"
        yield Flaw(loc=(*loc, balances[0], "bill"), message=words, hint=hint)
    if percent > 1:
        words = f"the percentages add up to {_shown(percent)}"
        yield Flaw(loc=last, message=words, hint="lower them to 100% or less")
    elif percent == 1 and balances:
        words = "the percentages already add up to 100%, so no balance is left"
        yield Flaw(loc=(*loc, balances[0], "bill"), message=words, hint="lower a percentage")
    elif percent == 1 and any(isinstance(bill, Fixed) for bill in bills):
        words = "the percentages add up to 100%, and a fixed amount comes on top"
        yield Flaw(loc=last, message=words, hint="lower a percentage, and write bill: balance last")
    elif percent < 1 and not balances:
        words = f"the installments bill {_shown(percent)} of the contract, not all of it"
        if any(isinstance(bill, Fixed) for bill in bills):
            words = "fixed amounts and percentages may not add up to the contract"
        hint = "write `bill: balance` in the last installment, or add one that says so"
        yield Flaw(loc=last, message=words, hint=hint)


def _shown(part: Fraction) -> str:
    return f"{float(part * 100):.10g}%"


def _currency(loc: Loc, plan: PlanPart, currency: str) -> Iterator[Flaw]:
    for place, installment in enumerate(plan.installments or []):
        match installment.bill:
            case Fixed(amount) if amount.currency != currency:
                words = f"the firm's currency is {currency}, not {amount.currency}"
                at: Loc = (*loc, "installments", place, "bill")
                yield Flaw(loc=at, message=words, hint=f"write {amount.plain} {currency}")


def _twice(loc: Loc, ids: Iterable[str]) -> Iterator[Flaw]:
    seen: set[str] = set()
    for place, name in enumerate(ids):
        if name in seen:
            at: Loc = (*loc, place, "id")
            yield Flaw(loc=at, message=f'"{name}" is used twice', hint="give it another id")
        seen.add(name)


def _identity(identity: IdentityPart) -> Iterator[Flaw]:
    for name, master in identity.master.items():
        loc: Loc = ("identity", "master", name)
        if name not in MASTERED:
            hint = nearest(name, MASTERED)
            hint = f"{hint} It can be " if hint else "write "
            words = f'"{name}" is no field of an account'
            yield Flaw(loc=loc, message=words, hint=hint + listed(MASTERED), on_key=True)
        whole = master if isinstance(master, MasterPart) else None
        sources = whole.from_ if whole else master
        roles = sources if isinstance(sources, list) else [sources]
        if len(set(roles)) < len(roles):
            yield Flaw(loc=loc, message="a role stands there twice", hint="leave it out once")
        if whole and whole.write and whole.write == roles[0]:
            words = f"the {whole.write} masters this field, so Tricord never writes it there"
            hint = "let another role stand first in from, or leave out write"
            yield Flaw(loc=(*loc, "write"), message=words, hint=hint)
        if whole and whole.property and not whole.write:
            hint = "add `write: crm`, or leave out property"
            yield Flaw(loc=(*loc, "property"), message="nothing is written there", hint=hint)


def _reminders(reminders: RemindersPart) -> Iterator[Flaw]:
    for place, step in enumerate(reminders.steps):
        loc: Loc = ("reminders", "steps", place)
        if (step.send is None) == (step.task is None):
            hint = "write `send: reminder-first, by: [email]` or `task: owner, with: history`"
            yield Flaw(loc=loc, message="a step is a message or a task", hint=hint)
        elif step.send is not None and (step.by is None or step.with_ is not None):
            hint = "add `by: [email]`, and no `with`"
            yield Flaw(loc=loc, message="a message says by which channel", hint=hint)
        elif step.task is not None and step.by is not None:
            yield Flaw(loc=(*loc, "by"), message="a task has no channel", hint="remove it")
