"""Commands: one thing to do at one connection, with a key made of business identity alone."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import assert_never

from tricord.core.ids import AccountId, ConnectionName, Instant, Ref
from tricord.core.money import Money
from tricord.core.records import Channel, Direction, Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """Why a command or case exists: the rule, the policy it came from, the facts it read."""

    rule: str
    policy: str
    facts: Fields = ()

    def __str__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.facts)
        return f"{self.rule}: {facts}" if facts else self.rule


def because(rule: str, policy: str, **facts: object) -> Because:
    """A Because whose facts are told in the order they are given."""
    return Because(
        rule=rule,
        policy=policy,
        facts=tuple((name.replace("_", " "), str(value)) for name, value in facts.items()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an invoice. `id` is stable within its invoice."""

    id: str
    description: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCustomer:
    """Make the client known to the billing engine, or find it there."""

    key: str
    connection: ConnectionName
    account: AccountId
    because: Because
    name: str
    email: str
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateInvoice:
    """Issue and send one invoice. `days_until_due` counts from issue.

    `not_before` is the end of the window in which a person may stop it; `approval` names who must
    say yes first, "" when nobody must.
    """

    key: str
    connection: ConnectionName
    account: AccountId
    because: Because
    customer: Ref
    deal: Ref
    installment: str
    lines: tuple[Line, ...]
    days_until_due: int
    memo: str = ""
    not_before: Instant | None = None
    approval: str = ""

    @property
    def total(self) -> Money:
        result = self.lines[0].amount
        for line in self.lines[1:]:
            result = result + line.amount
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRecord:
    """Write what Tricord owns on one CRM record. `values` maps the CRM's property to its text."""

    key: str
    connection: ConnectionName
    account: AccountId
    because: Because
    target: Ref
    values: Fields


class ActivityKind(StrEnum):
    NOTE = "note"
    EMAIL = "email"
    SMS = "sms"
    CALL = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogActivity:
    """Put one thing that happened on the CRM timeline of each record in `on`.

    `direction` matters for messages and calls; `seconds` is how long a call was.
    """

    key: str
    connection: ConnectionName
    account: AccountId
    because: Because
    activity: ActivityKind
    at: Instant
    subject: str
    body: str
    on: tuple[Ref, ...]
    sender: str = ""
    recipient: str = ""
    direction: Direction = Direction.OUT
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """Send one message to one person: an e-mail, or a text message without a subject.

    `recipient` is an e-mail address, or a phone number in E.164. `thread` holds the keys of earlier
    messages, oldest first; `in_reply_to` the message ids of what it answers, oldest first.
    """

    key: str
    connection: ConnectionName
    account: AccountId
    because: Because
    template: str
    recipient: str
    recipient_name: str
    subject: str
    body: str
    about: Ref
    at: Instant
    thread: tuple[str, ...] = ()
    in_reply_to: tuple[str, ...] = ()
    channel: Channel = Channel.EMAIL


Command = CreateCustomer | CreateInvoice | UpdateRecord | LogActivity | SendMessage

COMMAND_TYPES: dict[str, type[Command]] = {
    "create_customer": CreateCustomer,
    "create_invoice": CreateInvoice,
    "update_record": UpdateRecord,
    "log_activity": LogActivity,
    "send_message": SendMessage,
}
VERBS: dict[type[Command], str] = {kind: verb for verb, kind in COMMAND_TYPES.items()}


class Priority(IntEnum):
    """What goes first where a vendor allows only so much: the smaller number."""

    MONEY = 0
    NEWS = 1
    MESSAGES = 2
    LOGGING = 3
    BACKFILL = 4


def priority_of(command: Command) -> Priority:
    """Money before what the CRM shows of it, that before messages, and logging last."""
    match command:
        case CreateCustomer() | CreateInvoice():
            return Priority.MONEY
        case UpdateRecord():
            return Priority.NEWS
        case SendMessage():
            return Priority.MESSAGES
        case LogActivity():
            return Priority.LOGGING
        case _:
            assert_never(command)


def is_consequential(command: Command) -> bool:
    """Whether having done it can change what else should exist.

    What is written into the CRM is asked for once and remembered as asked; that it was done leads
    to nothing.
    """
    return not isinstance(command, UpdateRecord | LogActivity)


def is_gated(command: Command) -> bool:
    """Whether the gate may object to it: what reaches a client, or claims their money."""
    return isinstance(command, CreateInvoice | SendMessage)


class EffectState(StrEnum):
    """Where a command stands.

    `unknown`: it may have happened and must be looked up. `skipped`: the gate kept it back and
    nothing left, so it may be planned anew. `given_up`: a person ended it, with a reason.
    """

    HELD = "held"
    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"
    SKIPPED = "skipped"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A command as the account remembers it: what was asked, how it ended, when it was planned.

    `problem` says in words why it is not done.
    """

    command: Command
    state: EffectState
    planned_at: Instant
    ended_at: Instant | None = None
    remote: Ref | None = None
    problem: str = ""
