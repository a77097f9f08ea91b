"""Amounts and days as people read them."""

from datetime import UTC, datetime
from decimal import Decimal

_WHOLE = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
_THOUSANDTHS = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def shown_amount(minor: int, currency: str) -> str:
    places = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2
    return f"{currency.upper()} {Decimal(minor).scaleb(-places):,.{places}f}"


def shown_day(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%d %b %Y}"
