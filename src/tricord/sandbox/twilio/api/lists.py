"""Lists: newest first, a page at a time; the next page is named by a path, never by a number."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from tricord.sandbox.twilio.api.calls import Ask
from tricord.sandbox.twilio.line.refusals import bad

DEFAULT, MOST = 50, 1000
_PAGING = ("Page", "PageToken", "PageSize")


class Dated(Protocol):
    sid: str


R = TypeVar("R", bound=Dated)


def page(
    ask: Ask, name: str, rows: Sequence[R], shown: Callable[[R], dict[str, Any]]
) -> dict[str, Any]:
    """One page of `rows`, which come oldest first, under `name`."""
    size = min(_number(ask, "PageSize", DEFAULT) or DEFAULT, MOST)
    number = _number(ask, "Page", 0)
    newest = list(reversed(rows))
    start = _start(ask, newest)
    here = newest[start : start + size]
    more = start + size < len(newest)
    kept = [(given, value) for given, value in ask.query if given not in _PAGING]

    def uri(place: int, token: str = "") -> str:
        pairs = [*kept, ("PageSize", str(size)), ("Page", str(place))]
        return f"{ask.path}?{urlencode([*pairs, *([('PageToken', token)] if token else [])])}"

    return {
        "first_page_uri": uri(0),
        "end": number * size + max(0, len(here) - 1),
        "next_page_uri": uri(number + 1, f"PA{here[-1].sid}") if more else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": uri(number - 1, f"PB{here[0].sid}") if number and here else None,
        "start": number * size,
        "uri": uri(number, ask.asked("PageToken")),
        name: [shown(one) for one in here],
    }


def _start(ask: Ask, newest: Sequence[Dated]) -> int:
    token = ask.asked("PageToken")
    if not token:
        if _number(ask, "Page", 0):
            raise bad(20001, "A page other than the first needs its PageToken.")
        return 0
    for place, one in enumerate(newest):
        if token == f"PA{one.sid}":
            return place + 1
        if token == f"PB{one.sid}":
            return max(0, place - (_number(ask, "PageSize", DEFAULT) or DEFAULT))
    raise bad(20001, "The PageToken is not one of this list.")


def _number(ask: Ask, name: str, default: int) -> int:
    text = ask.asked(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise bad(20001, f"{name} must be a whole number.")
    return int(text)
