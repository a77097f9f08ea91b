"""Bars: amounts as parts of a whole, as the numbers a page draws rectangles from."""

from collections.abc import Sequence
from dataclasses import dataclass

from tricord.core.money import Money

WHOLE = 1000
_GAP = 6
_NARROWEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One rectangle: `x` and `width` in thousandths of the bar. `tone` is its class."""

    x: int
    width: int
    tone: str
    label: str


def segments(parts: Sequence[tuple[Money, str, str]]) -> tuple[Segment, ...]:
    """A rectangle for each (amount, tone, label) above zero; together they fill the bar."""
    held = [part for part in parts if part[0].minor > 0]
    if not held:
        return ()
    room, whole = WHOLE - _GAP * (len(held) - 1), sum(amount.minor for amount, _, _ in held)
    found, before = [], 0
    for place, (amount, tone, label) in enumerate(held):
        start, before = room * before // whole, before + amount.minor
        width = max(room * before // whole - start, _NARROWEST)
        found.append(Segment(x=start + _GAP * place, width=width, tone=tone, label=label))
    return tuple(found)
