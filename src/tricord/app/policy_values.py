"""From the model of a policy file to the core's policy, and what of the file is not active yet."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from tricord.app.countries import country_of
from tricord.app.declarations import ConnectorShape
from tricord.app.policy_model import (
    AlertPart,
    FirmPart,
    IdentityPart,
    LoggingPart,
    MasterPart,
    OwnersPart,
    PlanPart,
    PolicyPart,
    StartPart,
)
from tricord.core.alerts import Severity
from tricord.core.case_kinds import DUE
from tricord.core.ids import ConnectionName
from tricord.core.policy.types import (
    AlertRule,
    Approval,
    Balance,
    BillingPlan,
    Firm,
    Identity,
    Installment,
    Logging,
    Mastery,
    Owners,
    Policy,
    Privileged,
    Roles,
)


def policy_of(model: PolicyPart, version: str, connectors: Mapping[str, ConnectorShape]) -> Policy:
    """`model` must have passed every check."""
    return Policy(
        version=version,
        firm=_firm(model.firm),
        roles=_roles(model, connectors),
        milestones=tuple(model.crm.milestones.items()),
        fields=tuple(model.crm.fields.items()),
        write_back=tuple(model.crm.write_back.items()),
        plans=tuple(_plan(plan) for plan in model.billing.plans),
        approvals=tuple(Approval(when=a.when, by=a.by) for a in model.billing.approve),
        hold=model.billing.hold,
        on_paid=tuple(step for step in model.follow_up.on_paid if isinstance(step, str)),
        logging=_logging(model.logging),
        identity=_identity(model.identity),
        owners=_owners(model.owners),
        alerts=tuple(_alert(part, model, connectors) for part in model.alerts),
        inactive=tuple(_inactive(model, connectors)),
    )


def _firm(part: FirmPart) -> Firm:
    midnight = datetime.combine(part.go_live, time(), tzinfo=part.time_zone)
    return Firm(
        name=part.name,
        currency=part.currency,
        zone=part.time_zone,
        go_live=midnight.astimezone(UTC),
        holidays=part.holidays or "",
        country=part.country or country_of(part.time_zone.key, part.currency),
    )


def _roles(model: PolicyPart, connectors: Mapping[str, ConnectorShape]) -> Roles:
    def active(name: str | None) -> ConnectionName | None:
        if name is None or model.connections[name].connector not in connectors:
            return None
        return ConnectionName(name)

    roles = model.roles
    return Roles(
        crm=ConnectionName(roles.crm),
        billing=ConnectionName(roles.billing),
        email=active(roles.email),
        sms=active(roles.sms),
        alerts=tuple(name for name in map(active, roles.alerts) if name is not None),
    )


def _plan(part: PlanPart) -> BillingPlan:
    installments = [Installment(id=i.id, at=i.at, bill=i.bill) for i in part.installments or []]
    # Shares that are all percentages add up to 100 %. The last one takes the cents that rounding
    # leaves, so that the invoices sum to the contract exactly.
    if installments and not any(isinstance(i.bill, Balance) for i in installments):
        installments[-1] = replace(installments[-1], bill=Balance())
    return BillingPlan(
        id=part.id,
        when=part.when,
        terms_days=part.terms or 0,
        installments=tuple(installments),
    )


def _logging(part: LoggingPart) -> Logging:
    rule = part.privileged
    return Logging(
        channels=frozenset(part.log),
        never=tuple(part.never),
        privileged=Privileged(when=rule.when, excepted=frozenset(rule.except_)) if rule else None,
    )


def _identity(part: IdentityPart) -> Identity:
    return Identity(
        master=tuple(_mastery(name, master) for name, master in part.master.items()),
        shared_domains=frozenset(domain.lower() for domain in part.shared_domains),
    )


def _mastery(name: str, part: str | list[Any] | MasterPart) -> Mastery:
    field = name.removeprefix("account.")
    whole = part if isinstance(part, MasterPart) else None
    sources = whole.from_ if whole else part
    written = whole is not None and whole.write is not None
    return Mastery(
        field=field,
        sources=tuple(sources) if isinstance(sources, list) else (str(sources),),
        property=((whole.property if whole else None) or field) if written else "",
    )


def _owners(part: OwnersPart) -> Owners:
    given = {Severity(name): span for name, span in part.due if span is not None}
    due = tuple((severity, given.get(severity, span)) for severity, span in DUE.items())
    return Owners(default=part.default, billing=part.billing or part.default, due=due)


def _alert(
    part: AlertPart, model: PolicyPart, connectors: Mapping[str, ConnectorShape]
) -> AlertRule:
    active = [n for n in part.to if model.connections[n].connector in connectors]
    return AlertRule(
        when=part.when, to=tuple(ConnectionName(name) for name in active), within=part.within
    )


def _inactive(model: PolicyPart, connectors: Mapping[str, ConnectorShape]) -> Iterator[str]:
    """One sentence for each part of the file that is validated and not acted on."""
    waiting = {
        n: c.connector for n, c in model.connections.items() if c.connector not in connectors
    }
    if model.firm.holidays:
        yield "firm.holidays: not active yet"
    for name, connector in waiting.items():
        yield f"connections.{name}: the {connector} connector is not active yet"
    for role in ("email", "sms"):
        name = getattr(model.roles, role)
        if name in waiting:
            yield f"roles.{role}: the connection {name} is not active yet"
    for name in model.roles.alerts:
        if name in waiting:
            yield f"roles.alerts: the connection {name} is not active yet"
    for plan in model.billing.plans:
        if plan.installments is None:
            yield f"billing.plans {plan.id}: plans that recur are not active yet"
    if model.reminders is not None:
        yield "reminders: not active yet"
    for step in model.follow_up.on_paid:
        if isinstance(step, StartPart):
            yield f"follow_up.on_paid start: {step.start} is not active yet"
    if model.outreach is not None:
        yield "outreach: not active yet"
    for place, alert in enumerate(model.alerts):
        for name in alert.to:
            if name in waiting:
                yield f"alerts {place + 1}: the connection {name} is not active yet"
