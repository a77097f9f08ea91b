"""Today: the firm's money, what needs a person, what has just happened, and what comes next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from tricord.console.charts import course
from tricord.console.pages.asked import Asked, Content
from tricord.console.pages.bars import ageing_bar
from tricord.core.commands import EffectState
from tricord.core.ids import AccountId, Instant, Ref
from tricord.core.money import Money
from tricord.core.policy.types import Policy
from tricord.core.records import Invoice
from tricord.core.story import Entry, System, story
from tricord.store import books_views, mirror, outlook_views, views
from tricord.store.account_views import clients, names_of, whole
from tricord.store.caseload import CaseQuery, listed_cases
from tricord.store.database import Tx

_LATEST = 20
_STIRRING = 12
_PRESSING = 5
_SOON = timedelta(days=7)
_WEEKS = 13
_PACED = 30
_IN_LINE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry of the story with whose it is, for a list over many accounts."""

    account: str
    name: str
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """Something a clock brings; `command` is the number of the command it is, 0 for none."""

    at: Instant
    title: str
    money: Money | None
    account: str
    name: str
    command: int = 0


def today(tx: Tx, asked: Asked) -> Content:
    pressing = listed_cases(tx, CaseQuery(), _PRESSING)
    told = {one.key for one in pressing}
    waiting = views.commands(tx, limit=_PRESSING, state=EffectState.HELD)
    held = [command for command in waiting if f"approval/{command.key}" not in told]
    return {
        "money": _money(tx, asked.policy),
        "pace": _pace(tx),
        "status": views.status(tx),
        "cases": pressing,
        "held": held,
        "soon": _soon(tx),
        "feed": _feed(tx, asked.policy),
    }


def month_of(now: Instant, policy: Policy) -> tuple[Instant, Instant]:
    """The month of `now` in the firm's zone, up to now."""
    local = now.astimezone(policy.firm.zone)
    first = datetime(local.year, local.month, 1, tzinfo=policy.firm.zone)
    return first, now + timedelta(microseconds=1)


def _money(tx: Tx, policy: Policy) -> list[Content]:
    """Currency by currency: what is owed and late, what this month brought, and the course."""
    flows = {one.invoiced.currency: one for one in books_views.flow(tx, *month_of(tx.now, policy))}
    times = [tx.now - timedelta(weeks=back) for back in reversed(range(_WEEKS))]
    found: list[Content] = []
    for one in views.totals(tx):
        points = books_views.course(tx, one.outstanding.currency, times)
        days = [point.days for point in points if point.days is not None]
        found.append(
            {
                "totals": one,
                "flow": flows.get(one.outstanding.currency),
                "bar": ageing_bar(one),
                "dso": course(days),
                "days": days[-1] if days else None,
                "before": days[0] if days else None,
            }
        )
    # The firm's own currency first, then by name.
    found.sort(key=lambda held: _rank(held, policy))
    return found


def _rank(held: Content, policy: Policy) -> tuple[bool, str]:
    currency = str(getattr(getattr(held["totals"], "outstanding", None), "currency", ""))
    return currency != policy.firm.currency, currency


def _pace(tx: Tx) -> Content:
    seconds = books_views.pace(tx, _PACED)
    return {
        "line": course(seconds),
        "median": median(seconds) if seconds else None,
        "count": len(seconds),
    }


def _soon(tx: Tx) -> list[Coming]:
    """What a clock brings within the week: invoices falling due, commands waiting for theirs."""
    due = books_views.falling_due(tx, tx.now + _SOON, _IN_LINE)
    later = outlook_views.waiting_commands(tx, tx.now + _SOON, _IN_LINE)
    names = names_of(tx, [one.account for one in due])
    told = [
        Coming(
            at=one.due_at,
            title=f"{_number(tx, one.ref)} falls due",
            money=one.outstanding,
            account=one.account,
            name=names.get(one.account, ""),
        )
        for one in due
    ]
    told += [
        Coming(
            at=one.due_at,
            title=one.title,
            money=one.money,
            account=one.account,
            name=one.account_name,
            command=one.id,
        )
        for one in later
    ]
    return sorted(told, key=lambda one: one.at)[:_IN_LINE]


def _number(tx: Tx, ref: Ref) -> str:
    found = mirror.known(tx, ref)
    invoice = found[1] if found else None
    return invoice.number if isinstance(invoice, Invoice) and invoice.number else "An invoice"


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
