"""How values read on a page: amounts, moments, and plain words for states."""

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from tricord.core.ids import Instant
from tricord.core.money import Money

_TYPED = re.compile(r"^tricord .*|(?:, then)?: tricord .*")
_WORDS = {
    "ok": "working",
    "limited": "slowed down",
    "access_lost": "access lost",
    "ready": "about to happen",
    "sending": "under way",
    "held": "waiting for a person",
    "unknown": "not known",
    "to_bill": "to bill",
    "outside": "before go-live",
    "billed": "billed",
    "invoiced": "open",
    "not_due": "not yet due",
    "to_30": "1 to 30 days late",
    "to_60": "31 to 60 days late",
    "older": "over 60 days late",
    "own": "itself",
    "parent": "its parent",
    "mark": "our mark",
    "email": "e-mail address",
    "down": "does not answer",
    "absorbed": "processed",
    "create_customer": "set up a customer",
    "create_invoice": "send an invoice",
    "update_record": "update the CRM",
    "log_activity": "note in the CRM",
    "send_message": "send a message",
    "given_up": "given up",
    "access_lost_case": "access lost",
    "elsewhere": "paid elsewhere",
    "crm": "CRM",
    "sms": "SMS",
    "phone": "phone number",
    "person": "a person's word",
}
_TONES = {
    "good": ("done", "absorbed", "resolved", "closed", "paid", "ok", "won", "succeeded", "sent",
             "credited", "dispute_won", "delivered", "completed"),
    "warn": ("held", "unknown", "partly_paid", "limited", "pending", "refunded", "withdrawn",
             "snoozed"),
    "bad": ("refused", "disputed", "overdue", "access_lost", "failed", "dispute_open",
            "dispute_lost", "down", "parked"),
    "busy": ("ready", "sending", "open", "invoiced", "waiting"),
}  # fmt: skip
_TONE_OF = {state: tone for tone, states in _TONES.items() for state in states}


def money(amount: Money | None) -> Markup:
    """An amount with its currency set apart, so that figures line up."""
    if amount is None:
        return Markup('<span class="none">–</span>')
    figures, _, currency = str(amount).partition(" ")
    return Markup('<span class="money">{} <span class="currency">{}</span></span>').format(
        figures.replace("-", "−"), currency
    )


def whole(amount: Money) -> Markup:
    """An amount for a headline: its minor units small, so that the size of it is seen first."""
    figures, _, currency = str(amount).partition(" ")
    units, point, rest = figures.replace("-", "−").partition(".")
    return Markup(
        '<span class="money">{}<span class="cents">{}</span> '
        '<span class="currency">{}</span></span>'
    ).format(units, point + rest, currency)


def words(state: str) -> str:
    """A state as people say it."""
    return _WORDS.get(state, state.replace("_", " "))


def tone(state: str) -> str:
    """The class that colours a state: good, warn, bad, busy or plain."""
    return _TONE_OF.get(state, "plain")


def role(owner: str) -> str:
    return owner.removeprefix("role:").replace("_", " ") or "nobody yet"


def who(actor: str) -> str:
    """Who did something, as the audit log names them."""
    return actor.removeprefix("person:") if actor.startswith("person:") else "Tricord"


def told(value: object) -> str:
    """A value of the audit log's detail: roles without their sign, everything else as it is."""
    return str(value).removeprefix("role:")


def here(actions: Sequence[str]) -> list[str]:
    """Next actions as they read where there are buttons: without the commands to be typed."""
    plain = [_TYPED.sub("", action) for action in actions]
    return [action for action in plain if action]


def act(code: str) -> str:
    """An act of the audit log as a few words: `case.closed` reads "case closed"."""
    return code.replace(".", " ").replace("_", " ")


def duration(seconds: float | None) -> str:
    """A length of time in its largest unit: "0.4 s", "12 s", "3 min", "5 hours", "2 days"."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "min"), (1, "s")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit in ('day', 'hour') and count != 1 else ''}"
    return "0 s"


@pass_context
def moment(context: Context, at: Instant | str | None) -> Markup:
    """A day and time in the firm's zone, with the whole instant for machines and on hover."""
    return _time(context, at, "{:%-d %b %Y, %H:%M}")


@pass_context
def fact(context: Context, value: str) -> Markup | str:
    """A recorded fact as it is; one that is an instant, as a moment in the firm's zone."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return value if at.tzinfo is None else _time(context, at, "{:%-d %b %Y, %H:%M}")


@pass_context
def clock(context: Context, at: Instant | str | None) -> Markup:
    return _time(context, at, "{:%H:%M}")


@pass_context
def day(context: Context, at: Instant | str | None) -> Markup:
    return _time(context, at, "{:%-d %b %Y}")


@pass_context
def long_day(context: Context, at: Instant) -> str:
    local = at.astimezone(_zone(context))
    return f"{local:%A}, {local.day} {local:%B %Y}"


@pass_context
def ago(context: Context, at: Instant | str | None) -> Markup:
    """How long ago, roughly; the exact moment is on hover."""
    if at is None:
        return Markup('<span class="none">never</span>')
    exact = datetime.fromisoformat(at) if isinstance(at, str) else at
    seconds = (context["now"] - exact).total_seconds()
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(), f"{exact.astimezone(_zone(context)):%Y-%m-%d %H:%M:%S %Z}", span(seconds)
    )


@pass_context
def until(context: Context, at: Instant | None) -> Markup:
    """How soon, roughly; the exact moment is on hover."""
    if at is None:
        return Markup('<span class="none">–</span>')
    left = (at - context["now"]).total_seconds()
    text = f"in {duration(left)}" if left > 0 else span(-left)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), f"{at.astimezone(_zone(context)):%Y-%m-%d %H:%M:%S %Z}", text
    )


def span(seconds: float) -> str:
    """A length of time in one unit: "just now", "5 min ago", "3 days ago"."""
    if seconds < 10:
        return "just now"
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "min"), (1, "s")):
        if seconds >= size:
            count = int(seconds // size)
            many = "s" if unit in ("day", "hour") and count != 1 else ""
            return f"{count} {unit}{many} ago"
    return "just now"


def _time(context: Context, at: Instant | str | None, form: str) -> Markup:
    if at is None:
        return Markup('<span class="none">–</span>')
    exact = datetime.fromisoformat(at) if isinstance(at, str) else at
    local = exact.astimezone(_zone(context))
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(), f"{local:%Y-%m-%d %H:%M:%S %Z}", form.format(local)
    )


def _zone(context: Context) -> ZoneInfo:
    zone: ZoneInfo = context["zone"]
    return zone
