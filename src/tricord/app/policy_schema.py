"""The JSON schema of a policy file: for editors, and for what an error says to write instead."""

import functools
import json
from collections.abc import Iterator
from typing import Any

from tricord.app.policy_model import PolicyPart
from tricord.app.policy_text import Loc

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """The schema as it is committed beside a policy, ending in a line feed."""
    return json.dumps({"$schema": DIALECT, **_schema()}, indent=2, ensure_ascii=False) + "\n"


def keys_at(loc: Loc) -> tuple[str, ...]:
    """The keys that may stand in the table at `loc`; none when any key may."""
    found = (list(part.get("properties", {})) for part in _parts(loc))
    return tuple(key for keys in found for key in keys)


def example_at(loc: Loc) -> str:
    """What to write at `loc`, or "" when no example is known."""
    for part in _parts(loc):
        for example in (*part.get("examples", ()), *part.get("enum", ())):
            return str(example)
        if "const" in part:
            return str(part["const"])
    return ""


@functools.cache
def _schema() -> dict[str, Any]:
    schema = PolicyPart.model_json_schema(by_alias=True)
    return {**schema, "title": "Tricord policy"}


def _parts(loc: Loc) -> list[dict[str, Any]]:
    parts = list(_branches(_schema()))
    for step in loc:
        if isinstance(step, str) and step.startswith(("(", "[")):
            continue
        parts = [branch for part in parts for branch in _child(part, step)]
    return parts


def _child(part: dict[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    if isinstance(step, int):
        child = part.get("items")
    else:
        child = part.get("properties", {}).get(step, part.get("additionalProperties"))
    if isinstance(child, dict):
        yield from _branches(child)


def _branches(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The part itself, or what it refers to, or each of its alternatives."""
    if "$ref" in part:
        yield from _branches(_schema()["$defs"][part["$ref"].rpartition("/")[2]])
        return
    yield part
    for alternative in (*part.get("anyOf", ()), *part.get("oneOf", ())):
        yield from _branches(alternative)
