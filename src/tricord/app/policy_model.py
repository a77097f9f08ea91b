"""The keys of a policy file and the kind of each value, as strict models."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    StringConstraints,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from tricord.app import policy_words as words
from tricord.core.policy.conditions import Condition
from tricord.core.policy.types import Bill
from tricord.core.templates import AFTER_PAYMENT

T = TypeVar("T")


def _complain(problem: words.Unreadable) -> PydanticCustomError:
    context = {"message": problem.message, "hint": problem.hint, "offset": problem.offset}
    return PydanticCustomError("unreadable", "{message}", context)


def _read(parse: Callable[[str], T]) -> PlainValidator:
    """A value that is read by its own grammar, whatever YAML took its text for."""

    def read(value: object) -> T:
        if isinstance(value, bool):
            value = str(value).lower()
        if isinstance(value, int | float):
            value = str(value)
        if not isinstance(value, str):
            raise PydanticCustomError("string_type", "not a text")
        try:
            return parse(value)
        except words.Unreadable as problem:
            error = _complain(problem)
        raise error

    return PlainValidator(read)


def _matches(pattern: str, examples: list[str], words: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": f"^({pattern})$", "examples": examples, "description": words}
    )


def _template(text: str) -> str:
    if text in AFTER_PAYMENT:
        return text
    hint = f"write {words.listed(AFTER_PAYMENT)}, or {{after: 14 days, start: renewal}}"
    raise words.Unreadable(
        f'no message is called "{text}"', words.nearest(text, AFTER_PAYMENT) or hint
    )


def _https(text: str) -> str:
    if text.startswith(("https://", "http://", "${")) and not set(text) & set(" \t\n"):
        return text.rstrip("/")
    raise _complain(words.Unreadable(f'"{text}" is not an address', "start it with https://"))


def _glob(text: str) -> str:
    if not set(text) & set("@/ "):
        return text
    hint = 'write a domain such as "*.court.example"'
    raise _complain(words.Unreadable(f'"{text}" is not a domain', hint))


Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=60)]
Milestone = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60),
    Field(examples=["contract_signed"]),
]
ConnectionId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40),
    Field(examples=["hubspot"]),
]
Share = Annotated[
    Bill,
    _read(words.share),
    _matches(
        f"{words.PERCENT}|{words.AMOUNT}|balance",
        ["30%", "500 USD", "balance"],
        "A part of the contract, an amount, or whatever no other installment bills.",
    ),
]
Terms = Annotated[
    int,
    _read(words.terms),
    _matches(words.TERMS, ["net 14", "due on receipt"], "When an invoice is due."),
]
Span = Annotated[
    timedelta,
    _read(words.duration),
    _matches(words.DURATION, ["6 hours", "14 days"], "A number and a unit."),
]
Rhythm = Annotated[
    timedelta,
    _read(words.poll),
    _matches(words.DURATION, ["60 seconds"], "How often to ask what changed."),
]
Zone = Annotated[
    ZoneInfo,
    _read(words.zone),
    _matches(r"[A-Za-z0-9_+/-]+", ["America/New_York"], "An IANA time zone."),
]
Day = Annotated[
    date,
    _read(words.day),
    _matches(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
        ["2026-11-01"],
        "Facts before this date are imported, never acted on.",
    ),
]
Currency = Annotated[
    str, _read(words.currency), _matches(r"[A-Z]{3}", ["USD"], "Three capital letters.")
]
Owner = Annotated[
    str, _read(words.owner), _matches(words.OWNER, ["role:finance"], "A role or an e-mail address.")
]
When = Annotated[
    Condition,
    _read(words.question),
    WithJsonSchema(
        {
            "type": ["string", "boolean"],
            "maxLength": 2000,
            "examples": ['deal.service_type == "project"'],
            "description": "A condition in CEL over deal, invoice, account and case.",
        }
    ),
]
Template = Annotated[
    str,
    _read(_template),
    WithJsonSchema({"type": "string", "enum": list(AFTER_PAYMENT)}),
]
Address = Annotated[Text, AfterValidator(_https), Field(examples=["https://tricord.example"])]
Domain = Annotated[Text, AfterValidator(_glob)]
Clock = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
    Field(examples=["09:00"]),
]
Channel = Literal["email", "sms", "call"]
Role = Literal["crm", "billing"]
Country = Annotated[
    str, _read(words.country), _matches(r"[A-Z]{2}", ["US"], "Two capital letters (ISO 3166).")
]


class Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class FirmPart(Part):
    name: Text = Field(examples=["Harbour Studio"])
    currency: Currency
    time_zone: Zone
    go_live: Day
    holidays: Text | None = None
    """Whose public holidays are no business days. Not active yet."""
    country: Country | None = None
    """Where phone numbers without a country code belong; else that of the time zone."""


class ConnectionPart(Part):
    """One configured use of a connector. Settings that are secret name a variable: ${NAME}."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Text]

    connector: Text = Field(examples=["hubspot"])
    base_url: Address | None = None
    """Another host than the vendor's own, such as a sandbox."""
    poll: Rhythm = timedelta(seconds=60)


class RolesPart(Part):
    """Which connection plays which part."""

    crm: ConnectionId
    billing: ConnectionId
    email: ConnectionId | None = None
    sms: ConnectionId | None = None
    alerts: list[ConnectionId] = []


class CrmPart(Part):
    milestones: dict[str, Milestone] = Field(min_length=1)
    """The CRM's stage id, and what it means here, in the order of the firm's own work."""
    fields: dict[str, Text] = {}
    """Our name of a field (deal.something), and the CRM's property that holds it."""
    write_back: dict[str, Text] = {}
    """Our figure, and the CRM property that Tricord owns and keeps up to date."""


class InstallmentPart(Part):
    id: Word = Field(examples=["deposit"])
    at: Milestone
    bill: Share


class RecursPart(Part):
    """A calendar of invoices. Not active yet."""

    rule: Text = Field(examples=["FREQ=MONTHLY;BYMONTHDAY=1"])
    bill: Text = Field(examples=["deal.retainer"])
    first: Literal["prorate", "full"] = "full"


class UntilPart(Part):
    at: Milestone
    unused: Literal["credit", "keep"] = "keep"


class PlanPart(Part):
    """How a deal becomes invoices: installments at milestones, or recurring by calendar."""

    id: Word = Field(examples=["project"])
    when: When
    terms: Terms | None = None
    installments: Annotated[list[InstallmentPart], Field(min_length=1)] | None = None
    from_: Milestone | None = Field(default=None, alias="from")
    recurs: RecursPart | None = None
    until: UntilPart | None = None


class ApprovePart(Part):
    """Invoices for which `when` holds wait for a person."""

    when: When
    by: Owner


class BillingPart(Part):
    plans: list[PlanPart] = Field(min_length=1)
    """The first plan whose condition holds is the deal's plan."""
    approve: list[ApprovePart] = []
    hold: Span = timedelta()
    """A window in which a person can stop an invoice."""


class ReminderPart(Part):
    """Either a message (`send`, `by`) or a task for a person (`task`, `with`)."""

    after: Span
    send: Word | None = None
    by: Annotated[list[Channel], Field(min_length=1)] | None = None
    task: Text | None = None
    with_: Word | None = Field(default=None, alias="with")


class HoursPart(Part):
    business_days: bool = True
    from_: Clock = Field(alias="from")
    to: Clock


class RemindersPart(Part):
    """What a client hears about an unpaid invoice. Not active yet."""

    clock: Literal["outstanding", "overdue"] = "overdue"
    steps: list[ReminderPart] = Field(min_length=1)
    hours: HoursPart | None = None
    freshness: Span = timedelta(hours=6)
    """A balance older than this means that nothing is sent."""


class StartPart(Part):
    """Something that begins a while after the payment. Not active yet."""

    after: Span
    start: Word = Field(examples=["renewal"])


def _kind_of_step(value: Any) -> str:
    return "(later)" if isinstance(value, dict | StartPart) else "(template)"


Step = Annotated[
    Annotated[Template, Tag("(template)")] | Annotated[StartPart, Tag("(later)")],
    Discriminator(_kind_of_step),
]


class FollowUpPart(Part):
    on_paid: list[Step] = []


class OutreachPart(Part):
    """When no renewal or upsell may leave. Not active yet."""

    hold: When


class PrivilegedPart(Part):
    """Deals of which only metadata is logged, except for the content named here."""

    when: When
    store: Literal["metadata"]
    except_: list[Word] = Field(default=[], alias="except")


class LoggingPart(Part):
    log: list[Channel] = []
    never: list[Domain] = []
    """Domains whose messages are never logged; `*` stands for anything."""
    privileged: PrivilegedPart | None = None


def _kind_of_sources(value: Any) -> str:
    return "(list)" if isinstance(value, list) else "(role)"


Sources = Annotated[
    Annotated[Role, Tag("(role)")] | Annotated[list[Role], Field(min_length=1), Tag("(list)")],
    Discriminator(_kind_of_sources),
]


class MasterPart(Part):
    """Who masters one field, and which role's records are brought in line with it."""

    from_: Sources = Field(alias="from")
    write: Literal["crm"] | None = None
    property: Text | None = None
    """The CRM's property that is written; the field's own name when it is not given."""


def _kind_of_master(value: Any) -> str:
    return "(whole)" if isinstance(value, dict | MasterPart) else _kind_of_sources(value)


Master = Annotated[
    Annotated[Role, Tag("(role)")]
    | Annotated[list[Role], Field(min_length=1), Tag("(list)")]
    | Annotated[MasterPart, Tag("(whole)")],
    Discriminator(_kind_of_master),
]


class IdentityPart(Part):
    """Whose records are whose, and whose word on a client holds."""

    master: dict[str, Master] = {}
    """A field of the account, and the roles that master it, the first one first."""
    shared_domains: list[Domain] = []
    """Domains that several clients have addresses at, besides those of free mail."""


class DuePart(Part):
    """How long a case of each severity may stay open before it is overdue, and is escalated."""

    critical: Span | None = None
    error: Span | None = None
    warning: Span | None = None


class OwnersPart(Part):
    default: Owner
    billing: Owner | None = None
    due: DuePart = DuePart()


class AlertPart(Part):
    """Causes for which `when` holds, or cannot be answered, are told to each of `to`."""

    when: When
    to: list[ConnectionId] = Field(min_length=1)
    within: Span
    """How soon somebody must have been reached; after that the next destination is tried."""


class ServerPart(Part):
    public_url: Address | None = None
    """Where vendors and people reach this server."""
    heartbeat_url: Address | None = None
    """Asked for once a minute while alerts and an engine are alive: who watches it is outside."""


class PolicyPart(Part):
    """The firm's rules. https://json-schema.org is for editors; Tricord checks more than this."""

    tricord: Literal[1]
    firm: FirmPart
    connections: dict[ConnectionId, ConnectionPart] = Field(min_length=1)
    roles: RolesPart
    crm: CrmPart
    billing: BillingPart
    reminders: RemindersPart | None = None
    follow_up: FollowUpPart = FollowUpPart()
    outreach: OutreachPart | None = None
    logging: LoggingPart = LoggingPart()
    identity: IdentityPart = IdentityPart()
    owners: OwnersPart
    alerts: list[AlertPart] = []
    server: ServerPart | None = None
