"""The policy: the firm's rules as values, each policy named by the hash of its text."""

from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tricord.core.alerts import Severity
from tricord.core.case_kinds import DUE
from tricord.core.ids import ConnectionName, Instant
from tricord.core.money import Money
from tricord.core.policy.conditions import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """`go_live` is the first instant whose facts are acted on; earlier ones are only imported.

    `country` (ISO 3166) is where phone numbers without a country code belong, "" when not known.
    """

    name: str
    currency: str
    zone: ZoneInfo
    go_live: Instant
    holidays: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Which connection plays which part. None: nobody does, and what needs it is not done."""

    crm: ConnectionName
    billing: ConnectionName
    email: ConnectionName | None = None
    sms: ConnectionName | None = None
    alerts: tuple[ConnectionName, ...] = ()


@dataclass(frozen=True, slots=True)
class Percent:
    """A part of the contract value; Fraction(3, 10) is 30 %."""

    part: Fraction


@dataclass(frozen=True, slots=True)
class Fixed:
    amount: Money


@dataclass(frozen=True, slots=True)
class Balance:
    """Whatever of the contract no other installment bills."""


Bill = Percent | Fixed | Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class Installment:
    id: str
    at: str
    bill: Bill


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingPlan:
    """How a deal becomes invoices. A plan without installments recurs and is not active yet."""

    id: str
    when: Condition
    terms_days: int
    installments: tuple[Installment, ...] = ()

    @property
    def active(self) -> bool:
        return bool(self.installments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Invoices for which `when` holds, or cannot be answered, wait for `by`."""

    when: Condition
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Privileged:
    """For deals where `when` holds or cannot be answered, only metadata is logged."""

    when: Condition
    excepted: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    channels: frozenset[str] = frozenset()
    never: tuple[str, ...] = ()
    privileged: Privileged | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mastery:
    """Who masters one field of an account: `sources` are roles, the first that has a value wins.

    `property` is what the CRM calls the field there, when its records are brought in line with
    the master; "" when they are left alone.
    """

    field: str
    sources: tuple[str, ...]
    property: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Fields without an entry in `master` are the CRM's first, then the billing engine's."""

    master: tuple[Mastery, ...] = ()
    shared_domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """`due` is how long a case of each severity may stay open before it is overdue."""

    default: str
    billing: str
    due: tuple[tuple[Severity, timedelta], ...] = tuple(DUE.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Causes for which `when` holds, or cannot be answered, are told to each of `to`; somebody must
    have been reached `within` that time."""

    when: Condition
    to: tuple[ConnectionName, ...]
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`milestones` maps the CRM's stage ids in the order of the firm's own work."""

    version: str
    firm: Firm
    roles: Roles
    milestones: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...] = ()
    write_back: tuple[tuple[str, str], ...] = ()
    plans: tuple[BillingPlan, ...] = ()
    approvals: tuple[Approval, ...] = ()
    hold: timedelta = timedelta()
    on_paid: tuple[str, ...] = ()
    logging: Logging = field(default_factory=Logging)
    identity: Identity = field(default_factory=Identity)
    owners: Owners = field(default_factory=lambda: Owners(default="", billing=""))
    alerts: tuple[AlertRule, ...] = ()
    inactive: tuple[str, ...] = ()

    def milestone_of(self, stage: str) -> str | None:
        return dict(self.milestones).get(stage)

    @property
    def milestone_order(self) -> tuple[str, ...]:
        """Each milestone once, in the order the policy lists them."""
        return tuple(dict.fromkeys(milestone for _, milestone in self.milestones))

    def write_back_to(self, scope: str) -> tuple[tuple[str, str], ...]:
        """(our name without its scope, the CRM's property) of one scope: `deal` or `account`."""
        return tuple(
            (ours.removeprefix(f"{scope}."), theirs)
            for ours, theirs in self.write_back
            if ours.startswith(f"{scope}.")
        )
