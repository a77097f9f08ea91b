"""Masking: what a vendor wrote, for a person to recognise it by, without what it says of anybody.

Everything that is text is masked unless it is known to be harmless: an id, a type, a state, a date,
an amount. So a field that nobody has thought of shows nothing.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

LONGEST = 20_000
_HARMLESS_NAMES = re.compile(
    r"(?:^|_)(?:id|ids|object|type|status|state|currency|event|created|updated|version|livemode|"
    r"sid|direction|code|source|flag|reason|stage|occurredat|attemptnumber|portalid|appid|"
    r"propertyname|subscriptiontype|changesource|api_version|amount|total|number)$",
    re.IGNORECASE,
)
_HARMLESS_TEXTS = re.compile(
    r"[a-z]{2,12}_[A-Za-z0-9_]{4,80}|[A-Z]{2}[0-9a-f]{32}|-?\d{1,12}(?:\.\d+)?|"
    r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?|[A-Z]{3}|true|false|null|"
)
_HARMLESS_HEADERS = frozenset(
    ("content-type", "content-length", "user-agent", "date", "accept", "host", "accept-encoding")
)


def masked_body(body: bytes, content_type: str) -> str:
    """The body laid out to be read, whatever it is: JSON, a form, or something else."""
    text = body[:LONGEST].decode("utf-8", "replace")
    cut = "\n…" if len(body) > LONGEST else ""
    try:
        return (
            json.dumps(_value("", json.loads(body)), indent=2, ensure_ascii=False)[:LONGEST] + cut
        )
    except (ValueError, RecursionError):
        pass
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return "\n".join(f"{name} = {_text(name, value)}" for name, value in _pairs(text)) + cut
    return "\n".join(_line(line) for line in text.splitlines()) + cut


def masked_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The names of all headers, and the values of those that carry nothing of anybody."""
    return [
        (name.lower(), value if name.lower() in _HARMLESS_HEADERS else "•••")
        for name, value in sorted(headers.items())
    ]


def _value(name: str, value: object) -> object:
    match value:
        case dict():
            return {str(key): _value(str(key), held) for key, held in value.items()}
        case list():
            return [_value(name, held) for held in value]
        case str():
            return _text(name, value)
        case _:
            return value


def _text(name: str, value: str) -> str:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    named = _HARMLESS_NAMES.search(plain) or _HARMLESS_NAMES.search(name)
    if _HARMLESS_TEXTS.fullmatch(value) or (named and re.fullmatch(r"[\w.:/-]{1,80}", value)):
        return value
    return f"{value[:1]}•••"


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=500)
    except ValueError:
        return [("", text)]


def _line(line: str) -> str:
    """A line of anything else: its first word, when that names a field, and no more."""
    name, colon, _ = line.partition(":")
    return f"{name}: •••" if colon and re.fullmatch(r"[\w-]{1,40}", name) else "•••" * bool(line)
