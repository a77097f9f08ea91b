"""Alerting: from what is open and what has been told, what is to be told now. Pure.

All open cases of one cause are one incident. Of each occurrence of it, at most five notices go to
one destination, however many cases there are: the first, three as it grows tenfold each time, and
one when it is escalated; and then that it is over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

from tricord.core.alerts import FIRST, OVER, Alert, Severity, alert_key
from tricord.core.case_kinds import kind_of
from tricord.core.ids import ConnectionName, Instant
from tricord.core.money import Money
from tricord.core.policy.conditions import ConditionUndecided
from tricord.core.policy.types import AlertRule, Policy

SELFTEST = "parked/selftest"
"""The cause of the fault that `tricord selftest` makes on purpose."""

LEVELS = (1, 10, 100, 1000)
ESCALATED = "escalated"
WITHIN = timedelta(minutes=1)
"""How soon a cause is told that no rule of the policy speaks of."""

GATHER = timedelta(seconds=3)
"""How long the first notice waits for more of the same, so that a volley is one notice."""

GROWTH = timedelta(minutes=5)
"""How long after the last notice it is told that there are more."""

SETTLE = timedelta(seconds=15)
UNSTEADY = timedelta(minutes=10)
_RECENT = timedelta(hours=1)
_SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All open cases of one cause. `owners` are those who have them, by how many they have."""

    cause: str
    kind: str
    severity: Severity
    count: int
    oldest: Instant
    owners: tuple[str, ...] = ()
    money: tuple[Money, ...] = ()
    keys: tuple[str, ...] = ()
    escalated: bool = False

    @property
    def where(self) -> str:
        return self.cause.partition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One occurrence of a cause, from its first case until it has been gone for a while.

    `level` is the highest of LEVELS that was told, 0 before the first notice. `before` is when the
    occurrence before this one was over.
    """

    cause: str
    occurrence: int
    kind: str
    severity: Severity
    opened_at: Instant
    level: int = 0
    escalated: bool = False
    told_at: Instant | None = None
    most: int = 0
    gone_at: Instant | None = None
    over_at: Instant | None = None
    before: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to tell of an incident, to everybody named in `to`, or to all who were told."""

    name: str
    alert: Alert
    to: tuple[ConnectionName, ...]
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An incident as it stands now, and what is to be told of it."""

    incident: Incident
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who can be told at all, in the policy's order, and where people find the cases."""

    destinations: tuple[ConnectionName, ...]
    console: str = ""


def judge(
    groups: Sequence[Group], latest: Sequence[Incident], policy: Policy, desk: Desk, now: Instant
) -> Iterator[Verdict]:
    """`latest` holds the latest incident of every cause that is open or has been."""
    known = {incident.cause: incident for incident in latest}
    for group in groups:
        yield _growing(group, _current(group, known.get(group.cause), now), policy, desk, now)
    open_causes = {group.cause for group in groups}
    for incident in latest:
        if incident.cause not in open_causes and incident.over_at is None:
            yield _going(incident, desk, now)


def _current(group: Group, last: Incident | None, now: Instant) -> Incident:
    """The incident that a group belongs to: the one that is not over yet, or a new one."""
    if last is not None and last.over_at is None:
        return replace(
            last,
            gone_at=None,
            severity=_worse(last.severity, group.severity),
            most=max(last.most, group.count),
        )
    return Incident(
        cause=group.cause,
        occurrence=last.occurrence + 1 if last else 1,
        kind=group.kind,
        severity=group.severity,
        opened_at=now,
        most=group.count,
        before=last.over_at if last else None,
    )


def _growing(group: Group, incident: Incident, policy: Policy, desk: Desk, now: Instant) -> Verdict:
    to, within = route(group, policy, desk)
    if not to:
        return Verdict(incident=incident)
    level = max(step for step in LEVELS if step <= max(1, group.count))
    steps: list[Step] = []
    told = incident
    if incident.level == 0:
        if now - incident.opened_at < min(GATHER, within / 2):
            return Verdict(incident=incident)
        steps.append(_step(FIRST, group, incident, to, within, desk, now))
        told = replace(told, level=level, told_at=now)
    elif level > incident.level and (not told.told_at or now - told.told_at >= GROWTH):
        steps.append(_step(str(level), group, incident, to, within, desk, now))
        told = replace(told, level=level, told_at=now)
    if group.escalated and not incident.escalated:
        everybody = tuple(dict.fromkeys((*to, *(n for n in policy.roles.alerts if n in
                                               desk.destinations))))  # fmt: skip
        steps.append(_step(ESCALATED, group, incident, everybody, within, desk, now))
        told = replace(told, escalated=True, told_at=now)
    return Verdict(incident=told, steps=tuple(steps))


def _going(incident: Incident, desk: Desk, now: Instant) -> Verdict:
    """A cause without an open case: over once it has stayed away for a while."""
    gone = incident.gone_at or now
    if now - gone < settling(incident):
        return Verdict(incident=replace(incident, gone_at=gone))
    over = replace(incident, gone_at=gone, over_at=now)
    if incident.level == 0:
        return Verdict(incident=over)
    alert = Alert(
        key=alert_key(incident.cause, incident.occurrence, OVER, ""),
        cause=incident.cause,
        occurrence=incident.occurrence,
        severity=incident.severity,
        title=f"Over: {_title(incident.kind, incident.cause, max(1, incident.most))}",
        lines=(f"It lasted from {_moment(incident.opened_at)} until {_moment(gone)}",),
        count=0,
        at=now,
        over=True,
        link=_link(incident.cause, desk),
    )
    return Verdict(incident=over, steps=(Step(name=OVER, alert=alert, to=(), within=WITHIN),))


def settling(incident: Incident) -> timedelta:
    """How long a cause must be gone to be over: longer for one that has just come back."""
    if incident.cause == SELFTEST:
        return timedelta()
    if incident.before is not None and incident.opened_at - incident.before < _RECENT:
        return UNSTEADY
    return SETTLE


def route(group: Group, policy: Policy, desk: Desk) -> tuple[tuple[ConnectionName, ...], timedelta]:
    """Who is told of a cause, and how soon: each rule that matches, else `roles.alerts`.

    A destination is never the only one to be told of its own failure, while there is another.
    """
    rules = [rule for rule in policy.alerts if _matches(rule, group, policy)]
    named = [name for rule in rules for name in rule.to] or list(policy.roles.alerts)
    to = tuple(dict.fromkeys(name for name in named if name in desk.destinations))
    within = min((rule.within for rule in rules), default=WITHIN)
    if not set(to) - {ConnectionName(group.where)}:
        others = tuple(name for name in desk.destinations if name != group.where)
        to = others or to or desk.destinations
    if group.kind == "alert_failing":
        to = tuple(name for name in to if name != group.where)
    return to, within


def _matches(rule: AlertRule, group: Group, policy: Policy) -> bool:
    """Whether a rule speaks of this cause. What cannot be answered counts as yes."""
    sums = group.money or (None,)
    return any(_holds(rule, group, money, policy) for money in sums)


def _holds(rule: AlertRule, group: Group, money: Money | None, policy: Policy) -> bool:
    facts: dict[str, object] = {
        "kind": group.kind,
        "cause": group.cause,
        "connection": group.where,
        "severity": str(group.severity),
        "owner": group.owners[0] if group.owners else "",
        "count": group.count,
    }
    currency = policy.firm.currency
    if money is not None:
        facts |= {"money": money.minor, "currency": money.currency}
        currency = money.currency
    try:
        return rule.when.holds({"case": facts}, currency)
    except ConditionUndecided:
        return True


def _step(
    name: str,
    group: Group,
    incident: Incident,
    to: tuple[ConnectionName, ...],
    within: timedelta,
    desk: Desk,
    now: Instant,
) -> Step:
    alert = Alert(
        key=alert_key(group.cause, incident.occurrence, name, ""),
        cause=group.cause,
        occurrence=incident.occurrence,
        severity=incident.severity,
        title=("Overdue: " if name == ESCALATED else "")
        + _title(group.kind, group.cause, group.count),
        lines=tuple(_lines(group)),
        owner=", ".join(group.owners[:3]),
        money=group.money,
        count=group.count,
        at=now,
        link=_link(group.cause, desk),
    )
    return Step(name=name, alert=alert, to=to, within=within)


def _lines(group: Group) -> Iterator[str]:
    if group.cause == SELFTEST:
        yield "This is the alert that tricord selftest makes on purpose"
        return
    yield kind_of(group.kind).advice
    yield f"Open since {_moment(group.oldest)}"
    for key in group.keys:
        yield f"tricord cases show {key}"


def _title(kind: str, cause: str, count: int) -> str:
    if cause == SELFTEST:
        return "Self-test: nothing is wrong"
    return kind_of(kind).title(cause.partition("/")[2], count)


def _link(cause: str, desk: Desk) -> str:
    return f"{desk.console}/cases?cause={quote(cause, safe='')}" if desk.console else ""


def _moment(at: Instant) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _worse(one: Severity, other: Severity) -> Severity:
    return min(one, other, key=_SEVERITIES.index)
