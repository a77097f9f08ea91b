"""Incidents: one for each key that is open; events of one key never open a second."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_ACTIONS = ("trigger", "acknowledge", "resolve")
_SEVERITIES = ("critical", "warning", "error", "info")
_LONGEST_SUMMARY = 1024
_LONGEST_KEY = 255


@dataclass(slots=True, kw_only=True)
class Incident:
    key: str
    status: str
    summary: str
    severity: str
    opened_at: datetime
    resolved_at: datetime | None = None
    events: int = 1


@dataclass(slots=True)
class Incidents:
    clock: Callable[[], datetime]
    all: list[Incident] = field(default_factory=list)

    def take(self, key: str, event: dict[str, Any]) -> None:
        """A trigger opens or adds to; the others change what is open, and nothing else."""
        open_now = next((i for i in self.all if i.key == key and i.status != "resolved"), None)
        payload = event.get("payload") or {}
        match event["event_action"]:
            case "trigger" if open_now is None:
                self.all.append(
                    Incident(
                        key=key,
                        status="triggered",
                        summary=payload["summary"],
                        severity=payload["severity"],
                        opened_at=self.clock(),
                    )
                )
            case "trigger" if open_now is not None:
                open_now.events += 1
            case "acknowledge" if open_now is not None:
                open_now.status = "acknowledged"
            case "resolve" if open_now is not None:
                open_now.status = "resolved"
                open_now.resolved_at = self.clock()

    def shown(self) -> list[dict[str, Any]]:
        return [
            {
                "dedup_key": one.key,
                "status": one.status,
                "summary": one.summary,
                "severity": one.severity,
                "events": one.events,
                "opened_at": one.opened_at.isoformat(),
                "resolved_at": one.resolved_at.isoformat() if one.resolved_at else None,
            }
            for one in self.all
        ]


def problems_of(event: dict[str, Any]) -> list[str]:
    """What of an event is not as the API has it, in its own words."""
    problems = []
    action = event.get("event_action")
    if action not in _ACTIONS:
        problems.append("'event_action' is invalid (must be 'trigger', 'acknowledge' or 'resolve')")
    key = event.get("dedup_key")
    if key is not None and not isinstance(key, str):
        problems.append("'dedup_key' must be a string")
    elif key is not None and len(key) > _LONGEST_KEY:
        problems.append("'dedup_key' is too long")
    elif not key and action in ("acknowledge", "resolve"):
        problems.append("'dedup_key' is missing or blank")
    if action == "trigger":
        problems += _payload_problems(event.get("payload"))
    for link in event.get("links") or []:
        if not isinstance(link, dict) or not link.get("href"):
            problems.append("'links.href' is missing or blank")
    return problems


def _payload_problems(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    found = [
        f"'payload.{name}' is missing or blank"
        for name in ("summary", "source", "severity")
        if not isinstance(payload.get(name), str) or not payload[name]
    ]
    if not found and payload["severity"] not in _SEVERITIES:
        found.append("'payload.severity' is invalid (must be one of the following: 'critical', "
                     "'warning', 'error' or 'info')")  # fmt: skip
    if not found and len(payload["summary"]) > _LONGEST_SUMMARY:
        found.append("'payload.summary' is too long")
    return found
