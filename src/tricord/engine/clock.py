"""The one place that reads the time. Tests and simulations hand in a clock of their own."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        ...


class SystemClock:
    """`skew` is added to this machine's clock, so that all workers go by the database's."""

    def __init__(self, skew: timedelta = timedelta()) -> None:
        self.skew = skew

    def now(self) -> datetime:
        return datetime.now(UTC) + self.skew  # noqa: TID251 - the one place
