"""The pages: what each shows, read in one transaction. How it looks is in the templates."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import groupby

from tricord.console.bars import Segment, segments
from tricord.console.wording import words
from tricord.core.account import Account
from tricord.core.commands import CreateInvoice, EffectState
from tricord.core.ids import AccountId, Instant
from tricord.core.ledger import standings
from tricord.core.policy.types import Policy
from tricord.core.story import Entry, System, story
from tricord.store import identity_views, views
from tricord.store.account_views import BOOKS, clients, load, totals_of, whole
from tricord.store.contract_views import DealRow, deal_row
from tricord.store.database import Tx
from tricord.store.row_views import InvoiceRow, Totals

PER_PAGE = 50
_LATEST = 14
_STIRRING = 8
_PRESSING = 4
_LONGEST_SEARCH = 200
_STATES = tuple(str(state) for state in EffectState)

Content = dict[str, object]
"""The values of a template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asked for: the path's name, if it has one, and the query's texts."""

    name: str
    query: Mapping[str, str]
    policy: Policy

    @property
    def page(self) -> int:
        text = self.query.get("page", "")
        return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1

    @property
    def offset(self) -> int:
        return (self.page - 1) * PER_PAGE


Page = Callable[[Tx, Asked], Content | None]
"""What a page shows; None when there is no such thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry of the story with whose it is, for a list over many accounts."""

    account: str
    name: str
    entry: Entry


def today(tx: Tx, asked: Asked) -> Content:
    totals = views.totals(tx)
    pressing = views.cases(tx, limit=_PRESSING)
    return {
        "totals": [(one, books_bar(one)) for one in totals],
        "status": views.status(tx),
        "cases": pressing,
        "held": views.commands(tx, limit=_PRESSING, state=EffectState.HELD),
        "feed": _feed(tx, asked.policy),
    }


def accounts(tx: Tx, asked: Asked) -> Content:
    search = asked.query.get("q", "").strip()[:_LONGEST_SEARCH]
    found = views.accounts(tx, limit=PER_PAGE + 1, search=search, offset=asked.offset)
    return {"rows": found[:PER_PAGE], "search": search, **_turning(asked, len(found))}


def account(tx: Tx, asked: Asked) -> Content | None:
    found = views.account(tx, asked.name)
    if found is None:
        return None
    held, links, cases, commands = found
    only = asked.query.get("system", "")
    told = [e for e in story(held, asked.policy) if only not in tuple(System) or e.system == only]
    deals = [deal_row(held, deal, cases, asked.policy) for deal in held.deals]
    return {
        "account": held,
        "totals": totals_of(standings(held), tx.now),
        "deals": [(deal, deal_bar(deal)) for deal in deals],
        "invoices": _invoices(held, tx.now),
        "cases": cases,
        "links": links,
        "fields": identity_views.fields_of(tx, held, asked.policy),
        "days": _by_day(told, asked.policy),
        "commands": {command.key: command for command in commands},
        "only": only if only in tuple(System) else "",
        "systems": tuple(System),
    }


def invoices(tx: Tx, asked: Asked) -> Content:
    found = views.invoices(tx, limit=PER_PAGE + 1, offset=asked.offset)
    return {
        "rows": found[:PER_PAGE],
        "totals": [(one, ageing_bar(one)) for one in views.totals(tx)],
        **_turning(asked, len(found)),
    }


def cases(tx: Tx, asked: Asked) -> Content:
    state = "closed" if asked.query.get("state") == "closed" else "open"
    found = views.cases(tx, limit=PER_PAGE + 1, state=state, offset=asked.offset)
    return {"rows": found[:PER_PAGE], "state": state, **_turning(asked, len(found), state=state)}


def identity(tx: Tx, asked: Asked) -> Content:
    found = identity_views.queue(tx, PER_PAGE + 1, asked.offset)
    return {"rows": found[:PER_PAGE], **_turning(asked, len(found))}


def commands(tx: Tx, asked: Asked) -> Content:
    wanted = asked.query.get("state", "")
    state = wanted if wanted in _STATES else None
    found = views.commands(tx, limit=PER_PAGE + 1, state=state, offset=asked.offset)
    return {
        "rows": found[:PER_PAGE],
        "state": state or "",
        "states": _STATES,
        "counts": views.status(tx)["commands"],
        **_turning(asked, len(found), state=state or ""),
    }


def command(tx: Tx, asked: Asked) -> Content | None:
    found = views.command(tx, asked.name)
    if found is None:
        return None
    held = load(tx, [found[0].account], BOOKS)[found[0].account]
    invoice = next((row for row in _invoices(held, tx.now) if row.key == found[0].key), None)
    return {"command": found[0], "attempts": found[1], "invoice": invoice}


def books_bar(one: Totals) -> tuple[Segment, ...]:
    """What was invoiced: settled, outstanding and not yet due, overdue."""
    waiting = one.outstanding - one.overdue
    settled = one.invoiced - one.outstanding
    return segments(
        [
            (settled, "good", f"{settled} settled"),
            (waiting, "busy", f"{waiting} outstanding, not yet due"),
            (one.overdue, "bad", f"{one.overdue} overdue"),
        ]
    )


def ageing_bar(one: Totals) -> tuple[Segment, ...]:
    parts = [(getattr(one.ageing, field.name), field.name) for field in fields(one.ageing)]
    return segments([(money, f"age-{name}", f"{money} {words(name)}") for money, name in parts])


def deal_bar(deal: DealRow) -> tuple[Segment, ...]:
    return segments(
        [
            (
                share.amount,
                share.state,
                f"{share.installment}: {share.amount}, {words(share.state)}",
            )
            for share in deal.shares
        ]
    )


def _feed(tx: Tx, policy: Policy) -> list[Told]:
    """The latest of the accounts that changed last, which hold the latest of all.

    What Tricord notes and writes in the CRM repeats what stands here already, and is left out.
    """
    told = []
    for account_id, _ in clients(tx, "", _STIRRING, 0):
        held = whole(tx, AccountId(account_id))
        news = [entry for entry in story(held, policy) if not _echo(entry)]
        told += [Told(account=held.id, name=held.name, entry=entry) for entry in news[:_LATEST]]
    told.sort(key=lambda one: one.entry.at, reverse=True)
    return told[:_LATEST]


def _echo(entry: Entry) -> bool:
    return entry.system is System.CRM and bool(entry.command)


def _invoices(held: Account, now: Instant) -> list[InvoiceRow]:
    rows = []
    for invoice in held.invoices:
        effect = held.effects.get(invoice.key)
        asked_for = effect.command if effect else None
        bills = asked_for.installment if isinstance(asked_for, CreateInvoice) else ""
        rows.append(views.invoice_row(held, invoice, held.name, bills, now))
    return rows


def _by_day(told: Iterable[Entry], policy: Policy) -> list[tuple[Instant, list[Entry]]]:
    """The story day by day in the firm's zone, each with an instant of that day."""
    days = groupby(told, key=lambda entry: entry.at.astimezone(policy.firm.zone).date())
    grouped = [list(entries) for _, entries in days]
    return [(entries[0].at, entries) for entries in grouped]


def _turning(asked: Asked, found: int, **kept: str) -> Content:
    """Whether there are newer and older pages, and what their addresses keep."""
    search = asked.query.get("q", "").strip()[:_LONGEST_SEARCH]
    held = {name: value for name, value in {"q": search, **kept}.items() if value}
    return {"page": asked.page, "more": found > PER_PAGE, "kept": held}
