"""Small values as Twilio writes them: SIDs, dates in RFC 2822, numbers in E.164, segments."""

import random
import re
from datetime import UTC, datetime, time
from email.utils import format_datetime, parsedate_to_datetime

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ADDRESS = re.compile(r"https?://[^/\s_]+(/\S*)?")
_NORTH_AMERICA = re.compile(r"\+1([2-9][0-9]{2})([0-9]{3})([0-9]{4})")


def sid(prefix: str, dice: random.Random) -> str:
    return f"{prefix}{dice.getrandbits(128):032x}"


def is_number(text: str) -> bool:
    return _E164.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Whether a callback can be sent there. Underscores in a host are refused, as in life."""
    return _ADDRESS.fullmatch(text) is not None


def rfc2822(at: datetime | None) -> str | None:
    """To the second: Twilio keeps no finer time."""
    return None if at is None else format_datetime(at.astimezone(UTC).replace(microsecond=0))


def formatted(number: str) -> str:
    """For people: North American numbers with brackets, all others as they are."""
    match = _NORTH_AMERICA.fullmatch(number)
    return f"({match[1]}) {match[2]}-{match[3]}" if match else number


def moment(text: str) -> tuple[datetime, bool]:
    """A filter's date or time in UTC, and whether it is a whole day. Raises ValueError.

    The SDKs write a date as its midnight, so a midnight is a day.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = parsedate_to_datetime(text)
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return found, found.time() == time()


def segments(body: str) -> int:
    """How many parts carry the text: 160 or 153 signs each, 70 or 67 beyond plain letters."""
    alone, joined = (160, 153) if body.isascii() else (70, 67)
    length = len(body)
    return 1 if length <= alone else -(-length // joined)
