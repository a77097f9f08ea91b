"""What a talk or a parse gave, as plain JSON: the form in which samples and talks declare it."""

import json
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tricord.core.ids import Instant, Ref
from tricord.core.money import Money
from tricord.sdk.errors import TricordError, TryAgain
from tricord.sdk.paging import Page
from tricord.sdk.reader import milliseconds
from tricord.sdk.talk import Changes, Done, Missed

_VERSIONS = ("version", "gone_version")


def outcome(result: object, now: Instant) -> dict[str, Any]:
    """How a talk ended. Versions are told relative to `now`, because they are times of asking."""
    match result:
        case TryAgain(retry_after=float(seconds)):
            return {"error": "TryAgain", "says": result.detail, "after": seconds}
        case TricordError():
            return {"error": type(result).__name__, "says": result.detail}
        case Done():
            remote = str(result.remote) if result.remote else None
            return {"done": remote, "seen": [plain(record, now) for record in result.seen]}
        case Changes():
            return {
                "cursor": _parsed(result.cursor),
                "hints": [plain(hint, now) for hint in result.hints],
                "missed": [plain(event, now) for event in result.missed],
                "more": result.more,
            }
        case Page():
            return _page(result, now)
        case tuple():
            return {"records": [plain(record, now) for record in result]}
        case _:
            return {"neither": type(result).__name__}


def _page(page: Page, now: Instant) -> dict[str, Any]:
    told: dict[str, Any] = {"cursor": page.cursor, "more": page.more}
    if page.total is not None:
        told["total"] = page.total
    if page.unread:
        told["unread"] = [[str(row.ref), row.problem] for row in page.unread]
    return told | {"page": [plain(record, now) for record in page.records]}


def plain(value: Any, now: Instant) -> Any:
    """Fields that hold their default are left out, so that what is written is what matters."""
    match value:
        case None | bool() | int() | float():
            return value
        case StrEnum():
            return str(value)
        case str():
            return value
        case Ref():
            return str(value)
        case Money():
            return f"{value.plain} {value.currency}"
        case datetime():
            return value.isoformat()
        case tuple():
            return [plain(item, now) for item in value]
        case Missed():
            return {"id": value.id, "body": _parsed(value.body.decode("utf-8", "replace"))}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {"is": type(value).__name__, **_fields(value, now)}
        case _:
            return f"unknown {type(value).__name__}"


def _fields(value: Any, now: Instant) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for field in fields(value):
        held = getattr(value, field.name)
        if field.default is not MISSING and held == field.default:
            continue
        told[field.name] = (
            _asked(held, now) if field.name in _VERSIONS and held else plain(held, now)
        )
    return told


def _asked(version: int, now: Instant) -> str | int:
    late = version - milliseconds(now)
    return {0: "now", 1: "now+1"}.get(late, version)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
