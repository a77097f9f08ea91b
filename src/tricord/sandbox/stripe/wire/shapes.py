"""What parameters an endpoint takes, and Stripe's words when they are wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from tricord.sandbox.stripe.errors import StripeRefusal, bad_parameter, not_in_sandbox
from tricord.sandbox.stripe.kinds import Json
from tricord.sandbox.stripe.wire.forms import is_list, listed

Reading = Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """The parameters of one endpoint or one nested object, by name."""

    fields: Mapping[str, Reading]
    required: tuple[str, ...] = ()

    def read(self, raw: Json, prefix: str = "") -> Json:
        unknown = [_path(prefix, name) for name in raw if name not in self.fields]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            message = f"Received unknown parameter{plural}: {', '.join(unknown)}"
            raise bad_parameter(message, unknown[0], "parameter_unknown")
        for name in self.required:
            if name not in raw:
                path = _path(prefix, name)
                raise bad_parameter(f"Missing required param: {path}.", path, "parameter_missing")
        return {name: self.fields[name](raw[name], _path(prefix, name)) for name in raw}


def shape(*required: str, **fields: Reading) -> Shape:
    return Shape({"expand": STRINGS, **fields}, required)


def text(raw: Any, path: str) -> str | None:
    """An empty string takes the field away."""
    if not isinstance(raw, str):
        raise bad_parameter(f"Invalid string: {raw}", path, "parameter_invalid_string_empty")
    return raw or None


def word(raw: Any, path: str) -> str:
    """A string that cannot be taken away: an id, a currency."""
    value = text(raw, path)
    if value is None:
        raise _empty(path)
    return value


def currency(raw: Any, path: str) -> str:
    code = word(raw, path).lower()
    if len(code) != 3 or not code.isalpha():
        raise bad_parameter(f"Invalid currency: {code}.", path)
    return code


def integer(raw: Any, path: str) -> int:
    value = word(raw, path)
    try:
        return int(value)
    except ValueError:
        message = f"Invalid integer: {value}"
        raise bad_parameter(message, path, "parameter_invalid_integer") from None


def positive(raw: Any, path: str) -> int:
    value = integer(raw, path)
    if value < 1:
        message = "This value must be greater than or equal to 1."
        raise bad_parameter(message, path, "parameter_invalid_integer")
    return value


def count(raw: Any, path: str) -> int:
    value = integer(raw, path)
    if value < 0:
        message = "This value must be greater than or equal to 0."
        raise bad_parameter(message, path, "parameter_invalid_integer")
    return value


def decimal(raw: Any, path: str) -> Decimal:
    value = word(raw, path)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise bad_parameter(f"Invalid decimal: {value}", path) from None
    if not number.is_finite():
        raise bad_parameter(f"Invalid decimal: {value}", path)
    return number


def boolean(raw: Any, path: str) -> bool:
    value = word(raw, path)
    if value not in {"true", "false"}:
        raise bad_parameter(f"Invalid boolean: {value}", path)
    return value == "true"


def choice(*allowed: str) -> Reading:
    def read(raw: Any, path: str) -> str:
        value = word(raw, path)
        if value not in allowed:
            options = f"{', '.join(allowed[:-1])} or {allowed[-1]}" if allowed[1:] else allowed[0]
            raise bad_parameter(f"Invalid {path}: must be one of {options}", path)
        return value

    return read


def metadata(raw: Any, path: str) -> Json | None:
    """Strings by name; None (an empty string sent) clears them all."""
    if raw == "":
        return None
    pairs = _dict(raw, path)
    if len(pairs) > 50:
        message = "Metadata can have at most 50 keys."
        raise bad_parameter(message, path)
    for name, value in pairs.items():
        if len(name) > 40:
            raise bad_parameter(f"Metadata key is too long (40 characters): {name}", path)
        if not isinstance(value, str):
            raise bad_parameter("Metadata values must be strings.", f"{path}[{name}]")
        if len(value) > 500:
            message = f"Metadata value of '{name}' is longer than 500 characters."
            raise bad_parameter(message, f"{path}[{name}]")
    return pairs


def merged(held: Json, sent: Json | None) -> Json:
    """Sent pairs added to the held ones; an empty value takes a key away, None takes all."""
    if sent is None:
        return {}
    return {name: value for name, value in {**held, **sent}.items() if value != ""}


def nested(inner: Shape, *, clearable: bool = False) -> Reading:
    def read(raw: Any, path: str) -> Json | None:
        if raw == "" and clearable:
            return None
        return inner.read(_dict(raw, path), path)

    return read


def items(reading: Reading, *, at_most: int = 1000) -> Reading:
    def read(raw: Any, path: str) -> list[Any]:
        if raw == "":
            return []
        tree = _dict(raw, path)
        if not is_list(tree):
            raise bad_parameter("Invalid array", path)
        if len(tree) > at_most:
            raise bad_parameter(f"Array {path} exceeded maximum {at_most} allowed elements.", path)
        values = listed(tree)
        return [reading(value, f"{path}[{place}]") for place, value in enumerate(values)]

    return read


def absent(what: str) -> Reading:
    """A parameter of the real API that would change the outcome and that the box lacks."""

    def read(_: Any, path: str) -> Any:
        raise not_in_sandbox(what, path)

    return read


def anything(raw: Any, _: str) -> Any:
    """Taken and kept out of the outcome: presentation, routing, fraud hints."""
    return raw


def time_filter(raw: Any, path: str) -> Json:
    """`created=1` or `created[gte]=1&created[lt]=2`, as bounds by operator."""
    if isinstance(raw, str):
        return {"eq": integer(raw, path)}
    return _BOUNDS.read(_dict(raw, path), path)


def fields(*names: str, reading: Reading = text) -> Shape:
    """A nested object whose fields all read alike, an address for one."""
    return Shape(dict.fromkeys(names, reading))


def _path(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _dict(raw: Any, path: str) -> Json:
    if not isinstance(raw, dict):
        raise bad_parameter("Invalid object", path)
    return raw


def _empty(path: str) -> StripeRefusal:
    return bad_parameter(
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset "
        f"a parameter; however '{path}' cannot be unset. You should remove '{path}' from your "
        "request or supply a non-empty value.",
        path,
        "parameter_invalid_empty",
    )


STRINGS = items(word)
ADDRESS = fields("city", "country", "line1", "line2", "postal_code", "state")
_BOUNDS = fields("gt", "gte", "lt", "lte", reading=integer)
PAGE: dict[str, Reading] = {"limit": integer, "starting_after": word, "ending_before": word}
