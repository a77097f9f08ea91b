"""One command of each kind, as the rules would make it, and the moment the suite lives in."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from tricord.core.alerts import Alert, Severity
from tricord.core.commands import (
    COMMAND_TYPES,
    ActivityKind,
    Because,
    Command,
    CreateCustomer,
    CreateInvoice,
    Line,
    LogActivity,
    SendMessage,
    UpdateRecord,
)
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.money import Money
from tricord.core.records import Channel

NOW = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
_CRM, _BILLING = ConnectionName("crm"), ConnectionName("billing")
_ACCOUNT = AccountId("acc_0123456789abcdef0123")
_BECAUSE = Because(rule="contract_signed", policy="p-7f3a", facts=(("stage", "signed"),))
_DEAL = Ref(_CRM, Kind.DEAL, ExternalId("42"))
_INVOICE = Ref(_BILLING, Kind.INVOICE, ExternalId("in_1"))
_INVOICE_KEY = "invoice/crm:deal:42/deposit"

_EXEMPLARS: tuple[Command, ...] = (
    CreateCustomer(
        key=f"customer/{_ACCOUNT}/1",
        connection=_BILLING,
        account=_ACCOUNT,
        because=_BECAUSE,
        name="Zoë Lindqvist",
        email="zoe@northwind.example",
        phone="+15550100",
    ),
    CreateInvoice(
        key=_INVOICE_KEY,
        connection=_BILLING,
        account=_ACCOUNT,
        because=_BECAUSE,
        customer=Ref(_BILLING, Kind.CUSTOMER, ExternalId("cus_1")),
        deal=_DEAL,
        installment="deposit",
        lines=(
            Line(id="deposit", description="Deposit, 30%", amount=Money(360_000, "USD")),
            Line(id="late", description="Rush fee", amount=Money(40_050, "USD")),
        ),
        days_until_due=14,
        memo="Brand refresh",
        not_before=NOW,
        approval="role:finance",
    ),
    UpdateRecord(
        key="write_back/crm:deal:42/1",
        connection=_CRM,
        account=_ACCOUNT,
        because=_BECAUSE,
        target=_DEAL,
        values=(("tricord_outstanding", "4000.50"), ("tricord_payment_status", "billed")),
    ),
    LogActivity(
        key="timeline/invoice/billing:invoice:in_1",
        connection=_CRM,
        account=_ACCOUNT,
        because=_BECAUSE,
        activity=ActivityKind.NOTE,
        at=NOW,
        subject="Invoice sent",
        body="Invoice <N-1> was sent.\nIt is due on 16 November.",
        on=(_DEAL, Ref(_CRM, Kind.COMPANY, ExternalId("7"))),
        sender="billing@harbour.example",
        recipient="zoe@northwind.example",
    ),
    SendMessage(
        key="message/billing:invoice:in_1/receipt",
        connection=ConnectionName("mail"),
        account=_ACCOUNT,
        because=_BECAUSE,
        template="receipt",
        recipient="zoe@northwind.example",
        recipient_name="Zoë Lindqvist",
        subject="Thank you for your payment — N-1",
        body="Dear Zoë,\n\nwe have received 4,000.50 USD.\n",
        about=_INVOICE,
        at=NOW,
        thread=("message/billing:invoice:in_1/first", "message/billing:invoice:in_1/second"),
    ),
)

_ALERT = Alert(
    key="alert/refused/billing/1/first/vendor",
    cause="refused/billing",
    occurrence=1,
    severity=Severity.ERROR,
    title="billing refused 3 commands",
    lines=("The oldest has waited since 2 November, 15:28 UTC", "Correct them and retry, or skip"),
    owner="role:finance",
    money=(Money(440_050, "USD"), Money(99_00, "EUR")),
    count=3,
    at=NOW,
    link="https://hub.example/cases?cause=refused%2Fbilling",
)


_TEXT_MESSAGE = SendMessage(
    key="message/billing:invoice:in_1/reminder/sms",
    connection=ConnectionName("phone"),
    account=_ACCOUNT,
    because=_BECAUSE,
    template="reminder",
    recipient="+15550142",
    recipient_name="Zoë Lindqvist",
    subject="",
    body="Invoice N-1 over 4,000.50 USD is open. Reply STOP to get no more texts.",
    about=_INVOICE,
    at=NOW,
    channel=Channel.SMS,
)


def exemplar(
    verb: str,
    connection: ConnectionName,
    changed: dict[str, Any],
    channel: Channel | None = None,
) -> Command:
    """The exemplar of a verb at a connection, with fields changed as a JSON file writes them.

    A message is one for `channel`. Raises KeyError for a verb, or a field, that there is not.
    """
    kind = COMMAND_TYPES[verb]
    (one,) = (command for command in _EXEMPLARS if isinstance(command, kind))
    if kind is SendMessage and channel is Channel.SMS:
        one = _TEXT_MESSAGE
    made: Command = replace(one, connection=connection)
    if unknown := changed.keys() - {field.name for field in fields(kind)}:
        raise KeyError(f"{verb} has no field {sorted(unknown)[0]!r}")
    given = {name: _like(getattr(one, name), value) for name, value in changed.items()}
    return replace(made, **given)


def _like(example: Any, given: Any) -> Any:
    """`given`, plain JSON, as a value of the example's type."""
    match example:
        case Ref():
            return Ref.parse(given)
        case Money():
            return Money.parse(given)
        case datetime():
            return None if given is None else instant(given)
        case StrEnum():
            return type(example)(given)
        case tuple():
            return tuple(_like(example[0], item) for item in given)
        case _ if is_dataclass(example) and not isinstance(example, type):
            return replace(example, **{k: _like(getattr(example, k), v) for k, v in given.items()})
        case _:
            return given


def told(changed: dict[str, Any]) -> Alert:
    """The exemplar of an alert, with fields changed as a JSON file writes them."""
    if unknown := changed.keys() - {field.name for field in fields(Alert)}:
        raise KeyError(f"an alert has no field {sorted(unknown)[0]!r}")
    given = {name: _like(getattr(_ALERT, name), value) for name, value in changed.items()}
    return replace(_ALERT, **given)


def instant(text: str) -> Instant:
    return datetime.fromisoformat(text)
