"""Bracketed forms: `a[b][0]=c` read into nested dicts, lists still keyed by their positions."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from tricord.sandbox.stripe.errors import StripeRefusal
from tricord.sandbox.stripe.kinds import Json


def parse(encoded: str) -> Json:
    """A form body or a query string. Every leaf is a string; `[]` counts upward."""
    return nest(parse_qsl(encoded, keep_blank_values=True))


def nest(pairs: Iterable[tuple[str, str]]) -> Json:
    tree: Json = {}
    for name, value in pairs:
        _place(tree, _keys(name), value, name)
    return tree


def listed(tree: Json) -> list[object]:
    """A dict keyed by positions as the list it stands for."""
    return [tree[key] for key in sorted(tree, key=int)]


def is_list(tree: Json) -> bool:
    return all(key.isdigit() for key in tree)


def _keys(name: str) -> list[str]:
    head, *rest = name.split("[")
    if any(not part.endswith("]") for part in rest):
        raise StripeRefusal(400, f"Invalid parameter name: {name}", param=name, executed=False)
    return [head, *(part[:-1] for part in rest)]


def _place(tree: Json, keys: list[str], value: str, name: str) -> None:
    here = tree
    for position, key in enumerate(keys[:-1]):
        key = _position(here, keys[position + 1]) if key == "" else key
        inner = here.setdefault(key, {})
        if not isinstance(inner, dict):
            raise StripeRefusal(400, f"Invalid object: {name}", param=name, executed=False)
        here = inner
    last = keys[-1]
    here[str(len(here)) if last == "" else last] = value


def _position(here: Json, following: str) -> str:
    # `a[][x]=1&a[][y]=2` is one element, until a key repeats: Rack's rule, which Stripe follows.
    latest = str(len(here) - 1)
    if here and isinstance(here.get(latest), dict) and following not in here[latest]:
        return latest
    return str(len(here))
