"""The clients, and one client: the story over three systems, why, and what happens next."""

from collections.abc import Iterable
from itertools import groupby

from tricord.console.pages.asked import PER_PAGE, Asked, Content, turning
from tricord.console.pages.bars import deal_bar
from tricord.core.account import Account
from tricord.core.commands import CreateInvoice
from tricord.core.ids import Instant, Ref
from tricord.core.ledger import standings
from tricord.core.next import Next, next_steps
from tricord.core.policy.types import Policy
from tricord.core.story import Entry, System, story
from tricord.store import identity_views, views
from tricord.store.account_views import totals_of
from tricord.store.contract_views import deal_row
from tricord.store.database import Tx
from tricord.store.row_views import InvoiceRow

_AT_ONCE = 60
"""Entries of a story on one page."""


def accounts(tx: Tx, asked: Asked) -> Content:
    found = views.accounts(tx, limit=PER_PAGE + 1, search=asked.search, offset=asked.offset)
    return {"rows": found[:PER_PAGE], "search": asked.search, **turning(asked, len(found))}


def account(tx: Tx, asked: Asked) -> Content | None:
    found = views.account(tx, asked.name)
    if found is None:
        return None
    held, links, cases, commands = found
    only = asked.one_of("system", tuple(System))
    told = [e for e in story(held, asked.policy) if not only or e.system == only]
    start = (asked.page - 1) * _AT_ONCE
    page = told[start : start + _AT_ONCE]
    deals = [deal_row(held, deal, cases, asked.policy) for deal in held.deals]
    steps = next_steps(held, asked.policy, tx.now)
    return {
        "account": held,
        "totals": totals_of(standings(held), tx.now),
        "deals": [(deal, deal_bar(deal)) for deal in deals],
        "invoices": [(row, _of(steps, row.ref)) for row in invoice_rows(held, tx.now)],
        "steps": steps,
        "cases": cases,
        "links": links,
        "fields": identity_views.fields_of(tx, held, asked.policy),
        "merges": identity_views.merges_of(tx, held.id),
        "days": _by_day(page, asked.policy),
        "commands": {command.key: command for command in commands},
        "only": only,
        "systems": tuple(System),
        "page": asked.page,
        "more": len(told) > start + _AT_ONCE,
        "kept": {"system": only} if only else {},
    }


def invoice_rows(held: Account, now: Instant) -> list[InvoiceRow]:
    rows = []
    for invoice in held.invoices:
        effect = held.effects.get(invoice.key)
        asked_for = effect.command if effect else None
        bills = asked_for.installment if isinstance(asked_for, CreateInvoice) else ""
        rows.append(views.invoice_row(held, invoice, held.name, bills, now))
    return rows


def _of(steps: Iterable[Next], about: Ref) -> Next | None:
    return next((step for step in steps if step.about == about), None)


def _by_day(told: Iterable[Entry], policy: Policy) -> list[tuple[Instant, list[Entry]]]:
    """The story day by day in the firm's zone, each with an instant of that day."""
    days = groupby(told, key=lambda entry: entry.at.astimezone(policy.firm.zone).date())
    grouped = [list(entries) for _, entries in days]
    return [(entries[0].at, entries) for entries in grouped]
