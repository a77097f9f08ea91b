"""The agenda: what is still to happen by itself, and when, by the box's clock."""

import heapq
from collections.abc import Callable
from datetime import datetime


class Agenda:
    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Callable[[], None]]] = []
        self._added = 0

    def at(self, when: datetime, does: Callable[[], None]) -> None:
        self._added += 1
        heapq.heappush(self._waiting, (when, self._added, does))

    def pass_time(self, now: datetime) -> None:
        """Do all that is due, in order; what that plans may be due as well."""
        while self._waiting and self._waiting[0][0] <= now:
            heapq.heappop(self._waiting)[2]()
