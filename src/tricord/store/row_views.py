"""The rows that views answer with: values for people and for `--json`, already unsealed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from tricord.core.commands import Because
from tricord.core.ids import Instant, Ref
from tricord.core.money import Money


@dataclass(frozen=True, slots=True)
class Row:
    def as_json(self) -> dict[str, object]:
        """As plain JSON: times in ISO 8601, refs as text, amounts with their text for people."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing(Row):
    """What is outstanding, by how many days it is past due. A disputed invoice ages as well."""

    not_due: Money
    to_30: Money
    to_60: Money
    older: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals(Row):
    """The sums of one currency. `outstanding` holds `overdue`; drafts and voids count nowhere."""

    invoiced: Money
    outstanding: Money
    overdue: Money
    ageing: Ageing


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow(Row):
    id: str
    name: str
    records: int
    totals: tuple[Totals, ...]
    open_cases: int
    changed_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow(Row):
    """`basis` is the ground the record was linked on: `parent`, `mark`, `email` or `own`."""

    ref: Ref
    basis: str
    linked_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRow(Row):
    """One invoice by our own books.

    `status` is our ledger's word; the engine's own for a draft or a void one; `removed` for one
    that is no longer there. `installment` and `key` are empty on an invoice made by hand.
    """

    account: str
    account_name: str
    ref: Ref
    number: str
    status: str
    total: Money
    received: Money
    refunded: Money
    credited: Money
    outstanding: Money
    balance: Money
    issued_at: Instant | None
    due_at: Instant | None
    overdue: bool
    deal: Ref | None
    installment: str
    key: str


INVOICE_FILTERS = ("open", "overdue", "disputed", "paid", "draft", "void")
"""What invoices can be listed by: how they stand by our books, or the engine's own word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow(Row):
    """`title` says in plain words what is asked for; `why` is its Because as one sentence."""

    id: int
    key: str
    title: str
    verb: str
    connection: str
    state: str
    rule: str
    why: str
    because: Because
    account: str
    account_name: str
    money: Money | None
    approver: str
    planned_at: Instant
    due_at: Instant
    ended_at: Instant | None
    attempts: int
    problem: str
    remote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow(Row):
    """`outcome` is "" while the attempt runs; `calls` counts the requests it made."""

    number: int
    started_at: Instant
    ended_at: Instant | None
    outcome: str
    calls: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow(Row):
    """`next_actions` are sentences; `actions` are what `tricord` and the console can do about it.

    `command` is the key of the command it is about, "" when it is about none.
    """

    id: int
    key: str
    kind: str
    cause: str
    severity: str
    title: str
    owner: str
    assignee: str
    state: str
    money: Money | None
    account: str
    account_name: str
    command: str
    opened_at: Instant
    due_at: Instant
    overdue: bool
    snoozed_until: Instant | None
    escalated_at: Instant | None
    closed_at: Instant | None
    next_actions: tuple[str, ...]
    actions: tuple[str, ...]
    evidence: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRow(Row):
    """One entry of the audit log."""

    at: Instant
    actor: str
    act: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow(Row):
    """One alert to one destination. `receipt` is what the destination answered."""

    at: Instant
    cause: str
    step: str
    destination: str
    title: str
    state: str
    attempts: int
    ended_at: Instant | None
    receipt: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetail(Row):
    """One case with the command it is about, each attempt at that, what people and the program did
    about both, and who was told."""

    case: CaseRow
    command: CommandRow | None
    attempts: tuple[AttemptRow, ...]
    history: tuple[ActRow, ...]
    notices: tuple[NoticeRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Row):
    """What was asked about, and what the record says of it, line by line."""

    what: str
    lines: tuple[str, ...]


def plain(value: object) -> object:
    match value:
        case Row():
            return value.as_json()
        case Money(minor, currency):
            return {"minor": minor, "currency": currency, "text": str(value)}
        case datetime():
            return value.isoformat()
        case Ref():
            return str(value)
        case Because():
            facts = [{"name": name, "value": text} for name, text in value.facts]
            return {"rule": value.rule, "policy": value.policy, "facts": facts}
        case Mapping():
            return {str(name): plain(held) for name, held in value.items()}
        case tuple() | list():
            return [plain(held) for held in value]
        case _:
            return value
