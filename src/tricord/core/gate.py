"""The gate: the last look before bytes leave, on the account as it is known at that moment."""

from typing import assert_never

from tricord.core.account import Account
from tricord.core.billing import moved_back_behind, plan_for
from tricord.core.commands import (
    Command,
    CreateCustomer,
    CreateInvoice,
    LogActivity,
    SendMessage,
    UpdateRecord,
)
from tricord.core.consent import OPTED_OUT, opted_out
from tricord.core.ledger import standing
from tricord.core.policy.types import Policy
from tricord.core.records import Channel, Deal, Invoice
from tricord.core.unreachable import failing_at


def objection(account: Account, command: Command, policy: Policy) -> str:
    """Why this must not leave now, in words; "" when nothing speaks against it.

    What has reached the vendor before is finished regardless: the caller asks for what was not sent
    yet, or may not have been.
    """
    match command:
        case CreateInvoice():
            return _invoice(account, command, policy)
        case SendMessage():
            return _message(account, command)
        case CreateCustomer():
            return _customer(account, command)
        case UpdateRecord() | LogActivity():
            return ""
        case _:
            assert_never(command)


def _invoice(account: Account, command: CreateInvoice, policy: Policy) -> str:
    deal = account.records.get(command.deal)
    if not isinstance(deal, Deal) or deal.gone:
        return "the deal is no longer in the CRM"
    if deal.lost:
        return "the deal was lost before the invoice left"
    plan = plan_for(deal, policy)
    wanted = [i for i in plan.installments if i.id == command.installment] if plan else []
    if wanted and moved_back_behind(deal, wanted[0].at, policy):
        return "the deal moved back before the invoice left"
    return ""


def _customer(account: Account, command: CreateCustomer) -> str:
    if any(customer.ref.connection == command.connection for customer in account.customers):
        return "the client has a customer there by now"
    return ""


def _message(account: Account, command: SendMessage) -> str:
    if command.channel is Channel.SMS and opted_out(account, command.channel, command.recipient):
        return OPTED_OUT
    if failing_at(account, command.recipient) is not None:
        mails = command.channel is Channel.EMAIL
        return "mails to this address bounce" if mails else "messages to this number fail"
    invoice = account.records.get(command.about)
    if not isinstance(invoice, Invoice):
        return ""
    books = standing(account, invoice)
    if books.disputed:
        return "the payment is disputed"
    if books.outstanding or books.refunded:
        return "the invoice is not settled any more"
    return ""
