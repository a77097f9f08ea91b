"""What has arrived at a destination, and what a test has told it to answer instead."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message as people would see it, with the whole of what was sent beside."""

    at: datetime
    title: str
    lines: tuple[str, ...]
    sent: dict[str, Any]
    mark: str = ""

    def shown(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "title": self.title,
            "lines": list(self.lines),
            "mark": self.mark,
            "sent": self.sent,
        }


@dataclass(slots=True)
class Post:
    """Messages taken and requests refused; `trouble` is what the next `times` are answered with."""

    clock: Callable[[], datetime]
    arrived: list[Arrived] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    trouble: str = ""
    times: int = 0

    def keep(
        self, title: str, lines: tuple[str, ...], sent: dict[str, Any], mark: str = ""
    ) -> Arrived:
        one = Arrived(at=self.clock(), title=title, lines=lines, sent=sent, mark=mark)
        self.arrived.append(one)
        return one

    def refuse(self, status: int, code: str) -> None:
        self.refused.append({"at": self.clock().isoformat(), "status": status, "code": code})

    def due_trouble(self) -> str:
        """What this request is to be answered with, "" for the truth."""
        if not self.trouble or self.times == 0:
            return ""
        self.times -= 1
        return self.trouble
