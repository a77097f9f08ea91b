"""Alerts: what a person is told of a cause for concern, wherever they are told it."""

from dataclasses import dataclass
from enum import StrEnum

from tricord.core.ids import Instant
from tricord.core.money import Money


class Severity(StrEnum):
    """How loud: `critical` stops money or access, `error` needs a person, `warning` may wait."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One notice to one destination. It holds no name, address or text of a client.

    `cause` is the same for everything that has one cause, so that it is one open incident wherever
    the destination knows such a thing; `occurrence` counts its openings and makes, with `cause`,
    the business key. `over` says that the cause is gone. `count` is how many cases it stands for;
    `link` leads to them in the console.
    """

    key: str
    cause: str
    occurrence: int
    severity: Severity
    title: str
    lines: tuple[str, ...] = ()
    owner: str = ""
    money: tuple[Money, ...] = ()
    count: int = 1
    at: Instant
    over: bool = False
    link: str = ""


FIRST, OVER = "first", "over"
"""The first and the last that is told of one occurrence of a cause; what comes between is named by
how many cases there are."""


def alert_key(cause: str, occurrence: int, step: str, destination: str) -> str:
    """The business key of one notice: it never holds a time or an attempt."""
    return f"alert/{cause}/{occurrence}/{step}/{destination}"


def incident_key(cause: str, occurrence: int) -> str:
    """What all notices of one occurrence share, where a destination joins them into an incident."""
    return f"tricord/{cause}/{occurrence}"
