"""Every small way in which a vendor's JSON or form may be other than expected, one at a time."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

STRANGE: tuple[Any, ...] = (
    None, True, -1, 1.5, 10**20, "", "x", "\ud800", "²", "9" * 400, [], ["x"], {}, {"x": 1},
)  # fmt: skip
_ENOUGH = 2
"""So many items of a list are changed; those after them are like them."""
_NOT_JSON = (
    b"", b" ", b"{", b"[", b"nul", b"\xff\xfe", b"\x00", b"NaN", b"[NaN]", b'"text"', b"12", b"[]",
    b"{}", b"[{}]", b"[null]", b"{} {}", b"9" * 5000, b"[" * 200_000,
)  # fmt: skip


def mutations(body: bytes) -> Iterator[bytes]:
    """The body with one thing wrong: a value of another kind, a key gone, a tail cut off."""
    yield from _NOT_JSON
    for end in range(0, len(body), max(1, len(body) // 12)):
        yield body[:end]
    form = form_of(body)
    if form is not None:
        yield from (urlencode(changed, errors="surrogatepass").encode() for changed in _other(form))
        return
    try:
        value = json.loads(body)
    except ValueError:
        return
    for changed in _changed(value):
        yield json.dumps(changed).encode()


def form_of(body: bytes) -> list[tuple[str, str]] | None:
    """The fields of a form, bytes as they are; None for JSON and for what is no text."""
    text = body.decode("latin-1")
    if "=" not in text or text.lstrip()[:1] in ("{", "[", '"'):
        return None
    return parse_qsl(text, keep_blank_values=True, encoding="latin-1")


def _other(form: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Each field is left out once, said twice, and holds each strange text once."""
    for place, (name, value) in enumerate(form):
        yield form[:place] + form[place + 1 :]
        yield [*form, (name, f"{value}x")]
        for strange in STRANGE:
            text = strange if isinstance(strange, str) else json.dumps(strange)
            yield [*form[:place], (name, text), *form[place + 1 :]]


def _changed(value: Any) -> Iterator[Any]:
    """Each place of the value holds each strange value once, and is left out once."""
    yield from STRANGE
    match value:
        case dict():
            for name, held in value.items():
                yield {key: one for key, one in value.items() if key != name}
                for other in _changed(held):
                    yield {**value, name: other}
        case list():
            for place, held in enumerate(value[:_ENOUGH]):
                yield value[:place] + value[place + 1 :]
                yield [*value, held]
                for other in _changed(held):
                    yield [*value[:place], other, *value[place + 1 :]]
