"""The event endpoints: snapshots under /v1, thin events under /v2."""

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import StripeRefusal, bad_parameter, missing_object
from tricord.sandbox.stripe.kinds import KINDS, Json
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    Shape,
    boolean,
    integer,
    items,
    shape,
    time_filter,
    word,
)

LIST = shape(
    **PAGE,
    created=time_filter,
    delivery_success=boolean,
    type=word,
    types=items(word, at_most=20),
)
READ = shape()
LIST_THIN = Shape({"limit": integer, "object_id": word, "page": integer, "types": items(word)})


def list_(account: Account, call: Call) -> Json:
    params = call.params
    if "type" in params and "types" in params:
        raise bad_parameter("You may only specify one of these parameters: type, types.", "types")
    wanted = params.get("types") or [params.get("type", "*")]
    success = params.get("delivery_success")
    found = (
        recorded.as_of_now()
        for recorded in account.recorded()
        if any(_covers(pattern, recorded.snapshot["type"]) for pattern in wanted)
        and lists.in_time(call, recorded.snapshot)
        and (success is None or recorded.delivered == success)
    )
    return lists.page(call, found)


def retrieve(account: Account, call: Call) -> Json:
    for recorded in account.recorded():
        if recorded.snapshot["id"] == call.id:
            return recorded.as_of_now()
    raise missing_object(KINDS["event"], call.id)


def list_thin(account: Account, call: Call) -> Json:
    """V2 pages carry links instead of `has_more`."""
    params = call.params
    limit, start = min(100, params.get("limit", 20)), params.get("page", 0)
    thin = [
        recorded.thin
        for recorded in account.recorded()
        if recorded.thin["related_object"]["id"] == params.get("object_id", _related(recorded.thin))
        and recorded.thin["type"] in params.get("types", [recorded.thin["type"]])
    ]
    following = start + limit
    more = f"/v2/core/events?limit={limit}&page={following}" if following < len(thin) else None
    before = f"/v2/core/events?limit={limit}&page={max(0, start - limit)}" if start else None
    return {"data": thin[start:following], "next_page_url": more, "previous_page_url": before}


def retrieve_thin(account: Account, call: Call) -> Json:
    for recorded in account.recorded():
        if recorded.thin["id"] == call.id:
            return recorded.thin
    raise StripeRefusal(404, f"Event not found: {call.id}", code="not_found")


def _related(thin: Json) -> str:
    return str(thin["related_object"]["id"])


def _covers(pattern: str, event_type: str) -> bool:
    """`type` may end in a star: `charge.*`, or `*` for all."""
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1])
    return pattern == event_type
