"""What is wrong with a policy's values, in words that say what to write instead."""

from typing import Any

from pydantic_core import ErrorDetails

from tricord.app.policy_schema import example_at, keys_at
from tricord.app.policy_text import Flaw, Listing, Loc, Node, Scalar, Table
from tricord.app.policy_words import listed, nearest

_KEYS = "[key]"


def flaw_of(error: ErrorDetails, root: Node) -> Flaw:
    """One of the model's errors as a flaw at its node."""
    loc: Loc = tuple(error["loc"])
    context: dict[str, Any] = error.get("ctx", {})
    on_key = _KEYS in loc
    loc = tuple(step for step in loc if step != _KEYS)
    shown = _shown(loc, root, on_key=on_key)
    match error["type"]:
        case "unreadable":
            return Flaw(
                loc=loc,
                message=str(context["message"]),
                hint=str(context["hint"]),
                offset=context["offset"],
            )
        case "missing":
            return _missing(loc)
        case "extra_forbidden":
            return _unknown(loc)
        case "literal_error":
            known = [name.strip("'") for name in str(context["expected"]).split(" or ")]
            known = [name.strip(" '") for part in known for name in part.split(",")]
            hint = nearest(shown, known) or f"write {listed(known)}"
            return Flaw(loc=loc, message=f'"{shown}" is not known here', hint=hint)
        case "string_pattern_mismatch":
            return Flaw(loc=loc, message=f'"{shown}" is not a name', hint=_name(loc), on_key=on_key)
        case "string_too_long":
            return Flaw(loc=loc, message="the text is too long", hint="shorten it", on_key=on_key)
        case "string_too_short" | "too_short":
            return Flaw(loc=loc, message="it is empty", hint=_write(loc), on_key=on_key)
        case "bool_type":
            return Flaw(loc=loc, message=f'"{shown}" is neither yes nor no', hint=_BOOL)
    return _of_kind(error["type"], loc, root)


_BOOL = "write true or false"
_WANTED = {
    "string_type": "a text",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "list_type": "a list",
}


def _of_kind(kind: str, loc: Loc, root: Node) -> Flaw:
    node = node_at(root, loc)
    wanted = _WANTED.get(kind, "another value")
    match node:
        case Scalar(text=""):
            return Flaw(loc=loc, message="it has no value", hint=_write(loc))
        case Scalar() if wanted == "a text" and not isinstance(node.value, str):
            what = "true or false" if isinstance(node.value, bool) else "a number"
            quoted = "quotes" if _is_setting(loc) else f'quotes: "{node.text}"'
            return Flaw(loc=loc, message=f"YAML reads this as {what}", hint=f"put it in {quoted}")
        case Scalar():
            given = "a text"
        case Listing():
            given = "a list"
        case Table():
            given = "keys with values"
    hint = "indent each `- ` below the key" if wanted == "a list" else _write(loc)
    return Flaw(loc=loc, message=f"{wanted} must stand here, not {given}", hint=hint)


def _missing(loc: Loc) -> Flaw:
    *parent, key = loc
    example = example_at(loc)
    hint = f"add `{key}: {example}`" if example else f"add `{key}:`"
    return Flaw(loc=tuple(parent), message=f'the key "{key}" is missing', hint=hint)


def _unknown(loc: Loc) -> Flaw:
    known = keys_at(loc[:-1])
    hint = nearest(str(loc[-1]), known) or f"the keys here are {', '.join(known)}"
    return Flaw(loc=loc, message=f'unknown key "{loc[-1]}"', hint=hint, on_key=True)


def _name(loc: Loc) -> str:
    example = example_at(loc)
    if ":" in example:
        return f'write it like "{example}"'
    like = f", such as {example}" if example else ""
    return f"use small letters, digits and _{like}"


def _write(loc: Loc) -> str:
    example = example_at(loc)
    if example:
        return f"write {example}"
    known = keys_at(loc)
    return f"its keys are {', '.join(known)}" if known else "write at least one"


def _is_setting(loc: Loc) -> bool:
    """Whether the value may be a credential, which no message repeats."""
    return loc[:1] == ("connections",)


def _shown(loc: Loc, root: Node, *, on_key: bool) -> str:
    if on_key:
        return str(loc[-1])
    node = node_at(root, loc)
    hidden = _is_setting(loc) and loc[-1:] != ("connector",)
    return "***" if hidden else node.text if isinstance(node, Scalar) else "this"


def node_at(root: Node, loc: Loc) -> Node:
    """The node `loc` leads to. Steps that name no node (a kind of step, a lost key) are skipped."""
    node = root
    for step in loc:
        match node:
            case Table(entries=entries) if step in entries:
                node = entries[str(step)][1]
            case Listing(items=items) if isinstance(step, int) and step < len(items):
                node = items[step]
            case _:
                continue
    return node
