"""Search: Stripe's query language, answered from an index that lags behind the objects."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import StripeRefusal, bad_parameter
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.lists import page_size

Test = Callable[[Json], bool]

_CLAUSE = re.compile(
    r"""\s*(?P<minus>-)?(?P<field>\w+)(?:\[(?P<q>["'])(?P<key>.*?)(?P=q)\])?"""
    r"""(?P<op>>=|<=|:|~|>|<)(?P<value>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[-\w.]+)\s*"""
)
_JOIN = re.compile(r"(AND|OR)\b|(?=\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Searchable:
    """Which fields of a kind a query may name, by how they compare."""

    kind: str
    texts: frozenset[str]
    numbers: frozenset[str]


CUSTOMERS = Searchable(
    "customer", frozenset({"email", "name", "phone", "metadata"}), frozenset({"created"})
)
INVOICES = Searchable(
    "invoice",
    frozenset({"currency", "customer", "metadata", "number", "receipt_number", "status"}),
    frozenset({"created", "total"}),
)


def search(account: Account, call: Call, searchable: Searchable, lag_seconds: float) -> Json:
    """Objects as the index knows them: never newer than `lag_seconds` ago."""
    wanted = _compile(call.params["query"], searchable)
    horizon = account.clock_time() - lag_seconds
    indexed = [
        found
        for object_id in reversed(account.tables[searchable.kind])
        if (found := _as_indexed(account, object_id, horizon)) is not None
    ]
    matching = [obj for obj in indexed if wanted(obj)]
    start = _start(call)
    end = start + page_size(call)
    more = end < len(matching)
    return {
        "object": "search_result",
        "data": copy.deepcopy(matching[start:end]),
        "has_more": more,
        "next_page": str(end) if more else None,
        "url": call.path,
    }


def _as_indexed(account: Account, object_id: str, horizon: float) -> Json | None:
    found: Json | None = None
    for saved_at, snapshot in account.seen.get(object_id, ()):
        if saved_at > horizon:
            break
        found = snapshot
    return found


def _start(call: Call) -> int:
    token = call.params.get("page", "0")
    if not token.isdigit():
        raise bad_parameter("Invalid page token.", "page")
    return int(token)


def _compile(query: str, searchable: Searchable) -> Test:
    tests: list[Test] = []
    joins: set[str] = set()
    at = 0
    while at < len(query):
        clause = _CLAUSE.match(query, at)
        if clause is None:
            raise _malformed(f"could not read it from position {at}")
        tests.append(_test(clause, searchable))
        at = clause.end()
        join = _JOIN.match(query, at)
        if join is not None:
            joins.add((join.group(1) or "AND").upper())
            at = join.end()
            if at >= len(query):
                raise _malformed("it ends in the middle")
    if not tests:
        raise _malformed("it is empty")
    if len(joins) > 1:
        raise _malformed("AND and OR cannot be mixed")
    combine = any if joins == {"OR"} else all
    return lambda obj: combine(test(obj) for test in tests)


def _test(clause: re.Match[str], searchable: Searchable) -> Test:
    name, key, operator, raw = clause.group("field", "key", "op", "value")
    value = re.sub(r"\\(.)", r"\1", raw[1:-1]) if raw[0] in "\"'" else raw
    if (name == "metadata") != (key is not None):
        raise _malformed(f"field '{name}' is not written like that")
    if name in searchable.numbers:
        test = _number_test(name, operator, value)
    elif name in searchable.texts:
        test = _text_test(name, key, operator, value, null=raw == "null")
    else:
        raise _malformed(f"'{name}' is not a searchable field of {searchable.kind}s")
    return (lambda obj: not test(obj)) if clause.group("minus") else test


def _number_test(name: str, operator: str, value: str) -> Test:
    if not re.fullmatch(r"-?\d+", value):
        raise _malformed(f"'{name}' compares with a number")
    bound = int(value)
    tests: dict[str, Test] = {
        ":": lambda obj: obj[name] == bound,
        ">": lambda obj: obj[name] > bound,
        ">=": lambda obj: obj[name] >= bound,
        "<": lambda obj: obj[name] < bound,
        "<=": lambda obj: obj[name] <= bound,
    }
    if operator not in tests:
        raise _malformed(f"'{name}' cannot be compared with {operator}")
    return tests[operator]


def _text_test(name: str, key: str | None, operator: str, value: str, *, null: bool) -> Test:
    def held(obj: Json) -> str | None:
        found = obj[name].get(key) if key is not None else obj[name]
        return None if found is None else str(found)

    if null:
        return lambda obj: held(obj) is None
    if operator == ":":
        # Exact match ignores case in search, unlike the list filter by e-mail.
        return lambda obj: (held(obj) or "").casefold() == value.casefold()
    if operator == "~" and len(value) >= 3:
        return lambda obj: value.casefold() in (held(obj) or "").casefold()
    raise _malformed(f"'{name}' takes ':' or, with three characters or more, '~'")


def _malformed(why: str) -> StripeRefusal:
    return bad_parameter(f"We were unable to parse your search query: {why}.", "query")
