"""List answers: newest first, a page at a time, a cursor that is an object's id."""

from collections.abc import Iterable

from tricord.sandbox.stripe.errors import bad_parameter
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire.calls import Call


def page(call: Call, objects: Iterable[Json]) -> Json:
    """One page of `objects`, which come in the order the list has."""
    matching = list(objects)
    limit = page_size(call)
    after, before = call.params.get("starting_after"), call.params.get("ending_before")
    if after and before:
        message = "You can only pass one of starting_after and ending_before."
        raise bad_parameter(message, "ending_before")
    if before:
        end = _place(matching, before, "ending_before")
        start = max(0, end - limit)
        return envelope(matching[start:end], call.path, has_more=start > 0)
    start = _place(matching, after, "starting_after") + 1 if after else 0
    end = start + limit
    return envelope(matching[start:end], call.path, has_more=end < len(matching))


def envelope(data: list[Json], url: str, *, has_more: bool) -> Json:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def page_size(call: Call) -> int:
    limit = int(call.params.get("limit", 10))
    if limit < 1:
        message = "This value must be greater than or equal to 1."
        raise bad_parameter(message, "limit", "parameter_invalid_integer")
    if limit > 100:
        message = f"This value must be less than or equal to 100 (it currently is '{limit}')."
        raise bad_parameter(message, "limit", "parameter_invalid_integer")
    return limit


def matches(call: Call, obj: Json, *names: str) -> bool:
    """Whether the object has the values the call filters by; absent filters let all through."""
    wanted = {name: call.params[name] for name in names if name in call.params}
    return all(obj.get(name) == value for name, value in wanted.items())


def in_time(call: Call, obj: Json, name: str = "created") -> bool:
    moment = obj.get(name)
    bounds = call.params.get(name, {})
    if bounds and moment is None:
        return False
    checks = {
        "eq": lambda bound: moment == bound,
        "gt": lambda bound: moment > bound,
        "gte": lambda bound: moment >= bound,
        "lt": lambda bound: moment < bound,
        "lte": lambda bound: moment <= bound,
    }
    return all(checks[operator](bound) for operator, bound in bounds.items())


def _place(matching: list[Json], cursor: str, param: str) -> int:
    for place, obj in enumerate(matching):
        if obj["id"] == cursor:
            return place
    raise bad_parameter(f"No such object: '{cursor}'", param, "resource_missing")
