"""Every small way in which a vendor's JSON may be other than expected, one at a time."""

import json
from collections.abc import Iterator
from typing import Any

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
    try:
        value = json.loads(body)
    except ValueError:
        return
    for changed in _changed(value):
        yield json.dumps(changed).encode()


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
