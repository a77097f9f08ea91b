"""Searching: which snapshots match a request, and in which order."""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

from tricord.sandbox.hubspot.crm.kinds import Kind
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.records import Snapshot
from tricord.sandbox.hubspot.crm.refusals import invalid
from tricord.sandbox.hubspot.crm.values import epoch_ms, instant_of

MOST_ROWS = 10_000
MOST_PER_PAGE = 200
MOST_GROUPS = 5
MOST_FILTERS = 6
MOST_FILTERS_IN_ALL = 18

_COMPARED = ("GT", "GTE", "LT", "LTE", "BETWEEN")
_LISTED = ("IN", "NOT_IN")
_PRESENCE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
_OPERATORS = ("EQ", "NEQ", *_COMPARED, *_LISTED, *_PRESENCE, "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN")


def search(
    portal: Portal, kind: Kind, body: dict[str, Any], more_lag: float = 0.0
) -> list[Snapshot]:
    """All matching snapshots in the order asked for; paging is the caller's."""
    groups = _checked_groups(body)
    query = str(body.get("query") or "").lower()
    found = [
        one
        for one in portal.index.visible(kind.name, portal.now(), more_lag)
        if (not groups or any(_all_match(portal, kind, one, group) for group in groups))
        and (not query or _mentions(kind, one, query))
    ]
    return _sorted(portal, kind, found, body.get("sorts") or [])


def _checked_groups(body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    groups = [list(group.get("filters") or []) for group in body.get("filterGroups") or []]
    if body.get("filters"):
        groups.append(list(body["filters"]))
    if len(groups) > MOST_GROUPS:
        raise invalid(f"There are more than {MOST_GROUPS} filter groups in the request")
    if any(len(group) > MOST_FILTERS for group in groups):
        raise invalid(f"There are more than {MOST_FILTERS} filters in a filter group")
    if sum(len(group) for group in groups) > MOST_FILTERS_IN_ALL:
        raise invalid(f"There are more than {MOST_FILTERS_IN_ALL} filters in the request")
    return groups


def _all_match(portal: Portal, kind: Kind, one: Snapshot, filters: list[dict[str, Any]]) -> bool:
    return all(_matches(portal, kind, one, wanted) for wanted in filters)


def _matches(portal: Portal, kind: Kind, one: Snapshot, wanted: dict[str, Any]) -> bool:
    name = str(wanted.get("propertyName", "")).lower()
    operator = str(wanted.get("operator", ""))
    if operator not in _OPERATORS:
        raise invalid(f"Invalid input JSON: operator {operator} is not known")
    definition = portal.schema.find(kind, name)
    if definition is None:
        raise invalid(
            f"There was a problem with the request. Property {name} does not exist",
            code="PROPERTY_DOESNT_EXIST",
            propertyName=name,
        )
    value = one.values.get(name)
    if operator in _PRESENCE:
        return (value is not None) == (operator == "HAS_PROPERTY")
    if operator in _LISTED:
        return _listed(definition.type, value, wanted, name) == (operator == "IN")
    against = wanted.get("value")
    if against is None:
        raise invalid(
            f"operator {operator} requires a value", code="MISSING_VALUE", propertyName=name
        )
    if value is None:
        return operator in ("NEQ", "NOT_CONTAINS_TOKEN")
    return _compare(definition.type, operator, value, str(against), wanted)


def _listed(type_: str, value: str | None, wanted: dict[str, Any], name: str) -> bool:
    listed = wanted.get("values")
    if not listed:
        raise invalid("operator IN requires values", code="MISSING_VALUES", propertyName=name)
    if value is None:
        return False
    # For text HubSpot compares its lower-cased value with the list as it was sent.
    kept = value.lower() if type_ in ("string", "phone_number") else value
    return any(_weight(type_, kept) == _weight(type_, str(one)) for one in listed)


def _compare(type_: str, operator: str, value: str, against: str, wanted: dict[str, Any]) -> bool:
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        return _has_token(value, against) == (operator == "CONTAINS_TOKEN")
    if type_ in ("string", "phone_number"):
        value, against = value.lower(), against.lower()
    one, other = _weight(type_, value), _weight(type_, against)
    match operator:
        case "EQ":
            return one == other
        case "NEQ":
            return one != other
        case "GT":
            return one > other
        case "GTE":
            return one >= other
        case "LT":
            return one < other
        case "LTE":
            return one <= other
        case _:
            high = wanted.get("highValue")
            if high is None:
                raise invalid("operator BETWEEN requires highValue", code="MISSING_HIGH_VALUE")
            return other <= one <= _weight(type_, str(high))


def _weight(type_: str, text: str) -> tuple[int, Decimal, str]:
    """Comparable values of one property; text that is no number of its type sorts last."""
    try:
        match type_:
            case "number":
                return 0, Decimal(text), ""
            case "date" | "datetime":
                return 0, Decimal(epoch_ms(instant_of(text))), ""
            case _:
                return 0, Decimal(0), text
    except (InvalidOperation, ValueError, OverflowError):
        return 1, Decimal(0), text


def _has_token(value: str, wanted: str) -> bool:
    whole, token = value.lower(), wanted.lower()
    words = [word for word in re.split(r"[^\w]+", whole) if word]
    if "*" in token:
        return any(fnmatchcase(part, token) for part in (whole, *words))
    asked = [word for word in re.split(r"[^\w]+", token) if word]
    return bool(asked) and all(word in words for word in asked)


def _mentions(kind: Kind, one: Snapshot, query: str) -> bool:
    text = " ".join(one.values.get(name, "") for name in kind.searched).lower()
    return all(word in text for word in query.split())


def _sorted(
    portal: Portal, kind: Kind, found: list[Snapshot], sorts: Iterable[Any]
) -> list[Snapshot]:
    """Only the first sort counts, as HubSpot's guide has it; without one, newest first."""
    wanted = [_sort_of(one) for one in sorts]
    name, descending = wanted[0] if wanted else (kind.created, True)
    definition = portal.schema.find(kind, name)
    type_ = definition.type if definition is not None else "string"
    there = [one for one in found if name in one.values]
    there.sort(key=lambda one: (_weight(type_, one.values[name]), int(one.id)), reverse=descending)
    return there + [one for one in found if name not in one.values]


def _sort_of(raw: Any) -> tuple[str, bool]:
    """A sort is an object, or (as in the official SDKs) a name with an optional minus."""
    if isinstance(raw, str):
        return raw.lstrip("-").lower(), raw.startswith("-")
    return str(raw.get("propertyName", "")).lower(), raw.get("direction") == "DESCENDING"
