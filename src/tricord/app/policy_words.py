"""The small grammars inside a policy's values: shares, terms, durations, zones, conditions."""

import functools
import re
from collections.abc import Iterable
from datetime import date, timedelta
from difflib import get_close_matches
from fractions import Fraction
from zoneinfo import ZoneInfo, available_timezones

from tricord.core.addresses import is_country
from tricord.core.money import Money, exponent
from tricord.core.policy.conditions import Condition, ConditionInvalid, condition
from tricord.core.policy.types import Balance, Bill, Fixed, Percent

PERCENT = r"[0-9]{1,3}(\.[0-9]{1,4})?\s*%"
AMOUNT = r"[0-9]{1,12}(\.[0-9]{1,3})? [A-Z]{3}"
TERMS = r"net [0-9]{1,3}|due on receipt"
DURATION = r"[0-9]{1,6} (second|minute|hour|day|week)s?"
OWNER = r"role:[a-z][a-z0-9_-]*|[^@\s]+@[^@\s]+\.[^@\s]+"
_LONGEST = timedelta(days=3650)
_LONGEST_TERMS = 365
_MONEY_CALL = re.compile(r"\bmoney\s*\(")
_MONEY_TEXT = re.compile(r"""\bmoney\s*\(\s*(["'])([^"']*)\1\s*\)""")
_CEL_PLACE = re.compile(r"^at (\d+):(\d+): (?:Syntax error: )?")


class Unreadable(ValueError):
    """A value that does not follow its grammar. `offset` counts characters into its text."""

    def __init__(self, message: str, hint: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.message, self.hint, self.offset = message, hint, offset


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean "…"?`, or "" when nothing is near."""
    choices = {name.lower(): name for name in known}
    found = get_close_matches(word.lower()[:100], choices, n=1)
    return f'did you mean "{choices[found[0]]}"?' if found else ""


def listed(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def share(text: str) -> Bill:
    if text == "balance":
        return Balance()
    if re.fullmatch(PERCENT, text):
        part = Fraction(text.rstrip("% \t")) / 100
        if not 0 < part <= 1:
            raise Unreadable(f'"{text}" is not a part', "write more than 0% and at most 100%")
        return Percent(part)
    if re.fullmatch(AMOUNT, text):
        amount = money(text)
        if not amount:
            raise Unreadable(f'"{text}" bills nothing', "write an amount above zero")
        return Fixed(amount)
    hint = "write 30%, an amount such as 500 USD, or balance"
    raise Unreadable(f'"{text}" is not a share', hint)


def money(text: str) -> Money:
    if not re.fullmatch(AMOUNT, text):
        raise Unreadable(f'"{text}" is not an amount', 'write it as "25000 USD"')
    amount, _, currency = text.partition(" ")
    places = len(amount.partition(".")[2])
    if places > exponent(currency):
        few = exponent(currency)
        raise Unreadable(f'"{text}" has {places} decimal places', f"{currency} has {few}")
    return Money.of(amount, currency)


def terms(text: str) -> int:
    """Days until an invoice is due."""
    if text == "due on receipt":
        return 0
    days = int(text.removeprefix("net ")) if re.fullmatch(TERMS, text) else -1
    if 0 <= days <= _LONGEST_TERMS:
        return days
    raise Unreadable(f'"{text}" are no payment terms', "write net 14 or due on receipt")


def duration(text: str) -> timedelta:
    hint = "write a number and a unit, such as 30 minutes, 6 hours or 14 days"
    if not re.fullmatch(DURATION, text):
        raise Unreadable(f'"{text}" is not a length of time', hint)
    number, _, unit = text.partition(" ")
    length = timedelta(**{f"{unit.rstrip('s')}s": int(number)})
    if length > _LONGEST:
        raise Unreadable(f'"{text}" is longer than ten years', hint)
    return length


def poll(text: str) -> timedelta:
    length = duration(text)
    if length < timedelta(seconds=1):
        raise Unreadable(f'"{text}" is too often', "write 1 second or more")
    return length


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone(text: str) -> ZoneInfo:
    # Asked of the list first: ZoneInfo itself opens whatever file the name leads to.
    if text in _zones():
        return ZoneInfo(text)
    hint = nearest(text.replace(" ", "_"), _zones()) or _city(text)
    raise Unreadable(f'"{text}" is not a time zone', hint)


def _city(text: str) -> str:
    cities = {name.rpartition("/")[2]: name for name in sorted(_zones())}
    found = get_close_matches(text.replace(" ", "_")[:100], cities, n=1)
    return f'did you mean "{cities[found[0]]}"?' if found else "write it as America/New_York"


def day(text: str) -> date:
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            found = date.fromisoformat(text)
            if 2000 <= found.year <= 2999:
                return found
    except ValueError:
        pass
    raise Unreadable(f'"{text}" is not a date', "write year-month-day, such as 2026-11-01")


def currency(text: str) -> str:
    if re.fullmatch(r"[A-Z]{3}", text):
        return text
    near = text.upper() if re.fullmatch(r"[a-zA-Z]{3}", text) else "USD"
    raise Unreadable(f'"{text}" is not a currency', f"write its three capital letters: {near}")


def country(text: str) -> str:
    if is_country(text):
        return text
    near = f": {text.upper()}" if is_country(text.upper()) else " of ISO 3166, such as US"
    raise Unreadable(f'"{text}" is not a country', f"write its two capital letters{near}")


def owner(text: str) -> str:
    if re.fullmatch(OWNER, text):
        return text
    hint = "write role: and a name, such as role:finance, or an e-mail address"
    raise Unreadable(f'"{text}" is not an owner', hint)


def question(text: str) -> Condition:
    """A CEL condition. Its amounts are checked first, so that none can be of absurd size."""
    for call in _MONEY_CALL.finditer(text):
        literal = _MONEY_TEXT.match(text, call.start())
        if literal is None:
            hint = 'write money("25000 USD")'
            raise Unreadable("money() takes an amount in quotes", hint, call.start())
        try:
            money(literal[2])
        except Unreadable as error:
            raise Unreadable(error.message, error.hint, literal.start(2)) from None
    try:
        return condition(text)
    except ConditionInvalid as error:
        first = str(error).partition("\n")[0]
    place = _CEL_PLACE.match(first)
    offset = int(place[2]) - 1 if place and place[1] == "1" else None
    words = _CEL_PLACE.sub("", first).partition(" expecting {")[0]
    words = words.replace(" (in container '')", "").replace("'<EOF>'", "the end")
    hint = 'write it like deal.service_type == "project"'
    raise Unreadable(f"not a condition: {words}", hint, offset)
