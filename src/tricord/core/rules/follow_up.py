"""Follow-up: what a client hears after having paid."""

from collections.abc import Iterator

from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import Command, SendMessage, because
from tricord.core.ids import Instant
from tricord.core.ledger import Standing, standings
from tricord.core.policy.types import Policy
from tricord.core.records import Deal
from tricord.core.survivorship import addressee
from tricord.core.templates import AFTER_PAYMENT

RULE = "follow_up"


def follow_up(account: Account, policy: Policy, now: Instant) -> Iterator[Command | Case]:
    """Each step of `on_paid` once per invoice that money has settled since go-live."""
    if policy.roles.email is None:
        return
    for owed in standings(account):
        settled = owed.settled_at
        if settled is None or settled < policy.firm.go_live or not owed.received:
            continue
        if owed.outstanding or owed.refunded or owed.disputed:
            continue
        yield from _messages(account, owed, settled, policy)


def _messages(
    account: Account, owed: Standing, settled: Instant, policy: Policy
) -> Iterator[Command | Case]:
    deal = account.records.get(owed.invoice.deal) if owed.invoice.deal else None
    person = addressee(account, deal if isinstance(deal, Deal) else None, policy)
    wanted = [name for name in policy.on_paid if name in AFTER_PAYMENT]
    if person is None:
        if wanted and owed.invoice.key:
            yield _nobody(account, owed, policy)
        return
    thread: tuple[str, ...] = ()
    for template in wanted:
        key = f"message/{template}/{owed.invoice.ref}"
        text = AFTER_PAYMENT[template](owed, person.name or person.email, policy)
        yield SendMessage(
            key=key,
            connection=policy.roles.email or policy.roles.crm,
            account=account.id,
            because=because(
                f"{RULE}/{template}",
                policy.version,
                invoice=owed.invoice.number or owed.invoice.ref,
                received=owed.received,
                settled=settled.isoformat(),
            ),
            template=template,
            recipient=person.email,
            recipient_name=person.name,
            subject=text.subject,
            body=text.body,
            about=owed.invoice.ref,
            at=settled,
            thread=thread,
        )
        thread = (*thread, key)


def _nobody(account: Account, owed: Standing, policy: Policy) -> Case:
    return Case(
        key=f"no_addressee/{owed.invoice.ref}",
        kind="incomplete",
        title=f"{account.name} has paid {owed.invoice.number}, but nobody's address is known "
        "for the receipt",
        owner=policy.owners.default,
        because=because(RULE, policy.version, invoice=owed.invoice.ref),
        account=account.id,
        money=owed.received,
        next_actions=("Add an e-mail address to a contact of this client in the CRM",),
    )
