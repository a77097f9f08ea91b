"""An account with a past: clients whose invoices were paid, refunded, disputed or left open.

One of each story is played by the account's own handlers; the others are copies of it, with ids and
names of their own, so that ten thousand are there in a moment.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from tricord.sandbox.clients import Client, client
from tricord.sandbox.stripe import clientside
from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.billing import collection, credit_notes, customers, invoices, items
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire.calls import Call, Handler

Ending = Callable[[Account, Json], None]
Story = list[tuple[str, Json]]
"""The objects a client left, with their kinds, in the order they were made in."""

_CARD = "pm_card_visa"


def fill(account: Account, clients: int, until: datetime) -> None:
    """Make this many clients, without a word to those who listen."""
    with _past(account, until):
        stories = [
            _played(account, client(number, until), end)
            for number, end in enumerate(_ENDINGS[:clients])
        ]
    for number in range(len(stories), clients):
        # Most clients have paid; a few have a story.
        story = number % 50 if number % 50 < len(stories) else 0
        _copied(account, stories[story], client(story, until), client(number, until))
    # What fell due before now was told then.
    due = [one for one in account.tables["invoice"].values() if one["due_date"]]
    account.overdue_told.update(one["id"] for one in due if one["due_date"] < account.now())


@contextmanager
def _past(account: Account, until: datetime) -> Iterator[None]:
    """While this lasts it is `until`, nobody hears of anything, and nothing is remembered."""
    settings, outbox = account.settings, account.outbox
    clock, enabled, journal = settings.clock, outbox.enabled, dict(account.journal)
    settings.clock, outbox.enabled = (lambda: until), False
    try:
        yield
    finally:
        settings.clock, outbox.enabled = clock, enabled
        account.journal.clear()
        account.journal.update(journal)


def _played(account: Account, one: Client, end: Ending) -> Story:
    before = {kind: set(table) for kind, table in account.tables.items()}
    customer = _do(account, customers.create, name=one.company, email=one.email)
    invoice = _do(
        account,
        invoices.create,
        customer=customer["id"],
        collection_method="send_invoice",
        days_until_due=30,
    )
    _do(
        account,
        items.create,
        customer=customer["id"],
        invoice=invoice["id"],
        amount=100 * one.amount,
        currency="usd",
        description=one.deal,
    )
    collection.make_final(account, invoice)
    end(account, invoice)
    return [
        (kind, obj)
        for kind, table in account.tables.items()
        for name, obj in table.items()
        if name not in before[kind]
    ]


def _do(account: Account, handler: Handler, **params: object) -> Json:
    return handler(account, Call(path="", params=params))


def _paid(account: Account, invoice: Json) -> None:
    clientside.pay_invoice(account, invoice["id"], None, _CARD)


def _partly(account: Account, invoice: Json) -> None:
    clientside.pay_invoice(account, invoice["id"], invoice["total"] // 2, _CARD)


def _open(account: Account, invoice: Json) -> None:
    """Nothing more happens."""


def _refunded(account: Account, invoice: Json) -> None:
    _paid(account, invoice)
    clientside.refund_charge(account, _charge(account), 2500, "succeeded")


def _disputed(account: Account, invoice: Json) -> None:
    _paid(account, invoice)
    clientside.dispute_charge(account, _charge(account), None, "fraudulent")


def _credited(account: Account, invoice: Json) -> None:
    _do(account, credit_notes.create, invoice=invoice["id"], amount=5000)


_ENDINGS: tuple[Ending, ...] = (_paid, _open, _partly, _refunded, _disputed, _credited)


def _charge(account: Account) -> str:
    return str(list(account.tables["charge"])[-1])


def _copied(account: Account, story: Story, was: Client, one: Client) -> None:
    """The same story of another client. Every id in it is new, wherever it stands."""
    text = json.dumps([obj for _, obj in story])
    for kind, obj in story:
        text = text.replace(obj["id"], account.new_id(kind))
    prefix = next(obj["invoice_prefix"] for kind, obj in story if kind == "customer")
    for before, after in (
        (was.company, one.company),
        (was.email, one.email),
        (was.deal, one.deal),
        (prefix, account.mint.invoice_prefix()),
    ):
        text = text.replace(before, after)
    for obj in json.loads(text):
        account.add(obj)
