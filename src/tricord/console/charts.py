"""Charts: amounts and courses as the numbers a page draws rectangles and lines from."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A course drawn in a box of `width` by `height`: the line, the area below it, its last point.

    `least` and `most` are the values at the bottom and the top of the box.
    """

    width: int
    height: int
    line: str
    area: str
    last: tuple[float, float]
    least: float
    most: float


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


def course(
    values: Sequence[float], width: int = 300, height: int = 64, *, from_zero: bool = True
) -> Line | None:
    """The values from left to right; None for fewer than two, of which no line can be drawn."""
    if len(values) < 2:
        return None
    least = min(0.0, *values) if from_zero else min(values)
    most = max(values)
    span = (most - least) or 1.0
    rim = 4.0
    step = (width - 2 * rim) / (len(values) - 1)
    points = [
        (rim + step * place, height - rim - (height - 2 * rim) * (value - least) / span)
        for place, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    floor = height - rim
    area = f"{points[0][0]:.1f},{floor:.1f} {line} {points[-1][0]:.1f},{floor:.1f}"
    return Line(
        width=width, height=height, line=line, area=area, last=points[-1], least=least, most=most
    )
