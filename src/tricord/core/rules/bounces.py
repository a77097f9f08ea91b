"""Bounces: a message that did not arrive is somebody's to look at, with the money it was about."""

from collections.abc import Iterator

from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import Command, because
from tricord.core.ids import Instant
from tricord.core.ledger import standing
from tricord.core.money import Money
from tricord.core.policy.types import Policy
from tricord.core.records import Channel, Invoice
from tricord.core.threads import Threads
from tricord.core.unreachable import Failure, failures, is_in_use, masked

RULE = "bounces"


def bounces(account: Account, policy: Policy, now: Instant) -> Iterator[Command | Case]:
    """One case for each address that fails, as long as somebody of the client is known under it."""
    told: set[str] = set()
    for failure in failures(account):
        if failure.at < policy.firm.go_live or failure.address in told:
            continue
        if is_in_use(account, failure.address):
            told.add(failure.address)
            yield _case(account, failure, policy)


def _case(account: Account, failure: Failure, policy: Policy) -> Case:
    original = failure.original or failure.report
    subject = f" “{original.subject}”" if failure.original and original.subject else ""
    mail = original.channel is Channel.EMAIL
    what = "the address" if mail else "the number"
    held = f"; nothing more is sent to {what} until then" if failure.stops_others else ""
    code = f" ({failure.code})" if failure.code else ""
    return Case(
        key=f"bounced/{failure.report.ref}",
        kind="bounced",
        title=f"{'A mail' if mail else 'A text message'} to {account.name} at "
        f"{masked(failure.address)} did not arrive: {failure.meaning}",
        owner=policy.owners.default,
        because=because(RULE, policy.version, message=original.ref, code=failure.code or "none"),
        account=account.id,
        money=_at_stake(account, failure),
        next_actions=(
            f"Correct {what} of the contact in the CRM{held}",
            "Reach the client another way, and tell them what the message said",
            f"If {what} is right: it counts again as soon as they write from it",
        ),
        evidence=(f"the message{subject} failed{code} at {failure.at.isoformat()}",),
    )


def _at_stake(account: Account, failure: Failure) -> Money | None:
    """What is left to pay on the invoice that the message was about."""
    threads = Threads.of(account.messages)
    about = threads.matter_of(failure.original or failure.report)
    invoice = account.records.get(about) if about else None
    return standing(account, invoice).outstanding if isinstance(invoice, Invoice) else None
