"""Reads a plan of faults from JSON, and says what is wrong with one that cannot be read."""

import math
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tricord.sandbox.faults.fault import CALL_FAULTS, WEBHOOK_FAULTS, Fault, FaultKind, Shows

Value = TypeVar("Value", bool, int, str)

MOST_FAULTS = 200
LONGEST_SECONDS = 86_400.0

_ALWAYS = frozenset({"fault", "every", "next", "chance", "from", "until"})
_OWN: dict[FaultKind, frozenset[str]] = {
    FaultKind.DOWN: frozenset({"status"}),
    FaultKind.SLOW: frozenset({"seconds"}),
    FaultKind.TIMEOUT_BEFORE_ACTING: frozenset({"seconds"}),
    FaultKind.TIMEOUT_AFTER_ACTING: frozenset({"seconds"}),
    FaultKind.RATE_LIMITED: frozenset({"seconds"}),
    FaultKind.SERVER_ERROR: frozenset({"status", "acts"}),
    FaultKind.SEARCH_LAG: frozenset({"seconds", "method", "path"}),
    FaultKind.GREYLISTED: frozenset({"seconds", "path"}),
    FaultKind.DUPLICATE: frozenset({"copies", "seconds"}),
    FaultKind.REORDER: frozenset({"seconds"}),
    FaultKind.DELAY: frozenset({"seconds"}),
    FaultKind.LAPSE: frozenset({"shows"}),
}
_MUST: dict[FaultKind, str] = {
    FaultKind.SLOW: "seconds",
    FaultKind.DELAY: "seconds",
    FaultKind.SEARCH_LAG: "seconds",
}


_SHOWN = ("method", "every", "chance", "next", "seconds", "status", "acts", "copies", "shows")


class BadPlan(ValueError):
    """What is wrong with a plan, and where; the message is for whoever wrote it."""


def faults_from(raw: Any, kinds: Collection[FaultKind], now: datetime) -> list[Fault]:
    """The faults of a plan. `kinds` are those the vendor can have; seconds count from `now`."""
    if not isinstance(raw, list):
        raise BadPlan(f"a plan is a list of faults, not {_shown(raw)}")
    if len(raw) > MOST_FAULTS:
        raise BadPlan(f"a plan has at most {MOST_FAULTS} faults, this one has {len(raw)}")
    found = []
    for place, one in enumerate(raw):
        try:
            found.append(_fault(one, kinds, now))
        except BadPlan as error:
            raise BadPlan(f"faults[{place}]: {error}") from None
    return found


def keys_of(kind: FaultKind) -> frozenset[str]:
    """Every key that a fault of this kind may have."""
    place: frozenset[str] = frozenset()
    if kind in CALL_FAULTS:
        place = frozenset({"method", "path"})
    elif kind in WEBHOOK_FAULTS:
        place = frozenset({"webhook"})
    return _ALWAYS | place | _OWN.get(kind, frozenset())


def shown(fault: Fault) -> dict[str, Any]:
    """The fault as a plan would have it, with every key that differs from the usual."""
    said: dict[str, Any] = {"fault": str(fault.kind)}
    usual = Fault(kind=fault.kind)
    if fault.place != usual.place:
        said["webhook" if fault.kind in WEBHOOK_FAULTS else "path"] = fault.place
    for name in _SHOWN:
        if getattr(fault, name) != getattr(usual, name):
            said[name] = getattr(fault, name)
    for key, moment in (("from", fault.starts), ("until", fault.ends)):
        if moment is not None:
            said[key] = moment.isoformat()
    return said


def _fault(raw: Any, kinds: Collection[FaultKind], now: datetime) -> Fault:
    if not isinstance(raw, dict):
        raise BadPlan(f"a fault is an object, not {_shown(raw)}")
    kind = _kind(raw.get("fault"), kinds)
    if unknown := sorted(set(raw) - keys_of(kind)):
        known = ", ".join(sorted(keys_of(kind)))
        raise BadPlan(f"{kind} has no {', '.join(map(_shown, unknown))}; it takes {known}")
    must = _MUST.get(kind)
    if must is not None and raw.get(must) is None:
        raise BadPlan(f'{kind} needs "{must}"')
    starts, ends = _time(raw, "from", now), _time(raw, "until", now)
    if starts is not None and ends is not None and ends <= starts:
        raise BadPlan('"until" must be later than "from"')
    fault = Fault(
        kind=kind,
        method=_text(raw, "method").upper(),
        place=_text(raw, "webhook" if kind in WEBHOOK_FAULTS else "path"),
        every=_count(raw, "every", 1),
        chance=_chance(raw),
        next=_count(raw, "next", 1) if "next" in raw else None,
        starts=starts,
        ends=ends,
        seconds=_seconds(raw),
        status=_status(raw),
        acts=_read(raw, "acts", False, bool, "true or false"),
        copies=_count(raw, "copies", 1),
        shows=_shows(raw),
    )
    # A subscription that was renewed has not lapsed again until somebody says so.
    once = kind is FaultKind.LAPSE and fault.waits_for_no_webhook and fault.next is None
    return replace(fault, next=1) if once else fault


def _kind(raw: Any, kinds: Collection[FaultKind]) -> FaultKind:
    known = ", ".join(kind for kind in FaultKind if kind in kinds)
    if raw is None:
        raise BadPlan(f'"fault" is missing; this vendor has {known}')
    if not isinstance(raw, str) or raw not in {str(kind) for kind in kinds}:
        raise BadPlan(f"there is no fault {_shown(raw)} at this vendor; it has {known}")
    return FaultKind(raw)


def _read(raw: dict[str, Any], key: str, default: Value, kind: type[Value], what: str) -> Value:
    value: Any = raw.get(key, default)
    # Exactly: JSON's true is no number, though Python's is.
    if type(value) is not kind:
        raise BadPlan(f'"{key}" must be {what}, not {_shown(value)}')
    return value


def _text(raw: dict[str, Any], key: str) -> str:
    value = _read(raw, key, "*", str, "text")
    if not value:
        raise BadPlan(f'"{key}" must not be empty; "*" stands for all')
    return value


def _count(raw: dict[str, Any], key: str, default: int) -> int:
    value = _read(raw, key, default, int, "a whole number above 0")
    if value < 1:
        raise BadPlan(f'"{key}" must be a whole number above 0, not {value}')
    return value


def _chance(raw: dict[str, Any]) -> float:
    value = _number(raw, "chance", 1.0)
    if not 0 < value <= 1:
        raise BadPlan(f'"chance" must be above 0 and at most 1, not {value:g}')
    return value


def _seconds(raw: dict[str, Any]) -> float | None:
    if "seconds" not in raw:
        return None
    value = _number(raw, "seconds", 0.0)
    if not 0 <= value <= LONGEST_SECONDS:
        raise BadPlan(f'"seconds" must be between 0 and {LONGEST_SECONDS:g}, not {value:g}')
    return value


def _status(raw: dict[str, Any]) -> int | None:
    if "status" not in raw:
        return None
    value = _count(raw, "status", 500)
    if not 400 <= value <= 599:
        raise BadPlan(f'"status" must be between 400 and 599, not {value}')
    return value


def _shows(raw: dict[str, Any]) -> Shows:
    value = raw.get("shows", Shows.DISABLED)
    if value not in {str(one) for one in Shows}:
        raise BadPlan(f'"shows" must be one of {", ".join(Shows)}, not {_shown(value)}')
    return Shows(value)


def _number(raw: dict[str, Any], key: str, default: float) -> float:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadPlan(f'"{key}" must be a number, not {_shown(value)}')
    return float(value)


def _time(raw: dict[str, Any], key: str, now: datetime) -> datetime | None:
    """Seconds from now by the vendor's clock, or a moment with its zone."""
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, str | datetime):
        return _moment(key, str(value))
    seconds = _number(raw, key, 0.0)
    if not 0 <= seconds <= LONGEST_SECONDS * 365:
        raise BadPlan(f'"{key}" is too far away: {seconds:g} seconds')
    return now + timedelta(seconds=seconds)


def _moment(key: str, text: str) -> datetime:
    wrong = f'"{key}" must be seconds from now or a time with a zone, not {_shown(text)}'
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadPlan(wrong) from None
    if moment.tzinfo is None:
        raise BadPlan(wrong)
    return moment


def _shown(value: Any) -> str:
    """A value as its writer would recognise it, and no longer than it takes."""
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= 60 else f"{text[:57]}..."
