"""A value, its interval and its bound -> a drawing of a line of text's height."""

import dataclasses
import math

WIDTH = 160.0
MARGIN = 8.0
"""At both ends, so that no mark is cut off."""
ROOM = 0.2
"""Of the spread of what is drawn, that is left free on each side."""


@dataclasses.dataclass(frozen=True)
class Drawing:
    """An interval from left to right, in units of 0 to 160.

    Attributes:
        low: Left end of the interval.
        high: Right end.
        value: What was measured.
        bound: What it is held to; None where nothing is.
        kept_from: Left end of the values that keep the bound.
        kept_to: Right end of them.
    """

    low: float
    high: float
    value: float
    bound: float | None = None
    kept_from: float = 0.0
    kept_to: float = 0.0


def draw_share(value: float, low: float, high: float) -> Drawing | None:
    """Draws a share between 0 and 1; None if it is unknown."""
    if not math.isfinite(value):
        return None
    return Drawing(*(_place(each, 0.0, 1.0) for each in (low, high, value)))


def draw_against_bound(
    value: float, low: float, high: float, bound: float, is_at_least: bool
) -> Drawing | None:
    """Draws an interval beside what it is held to, on a scale that has room for both.

    Args:
        value: What was measured; NaN if nothing was.
        low: Lower end of the interval; not finite for one without end.
        high: Upper end.
        bound: What it is held to.
        is_at_least: Whether values above the bound keep it.

    Returns:
        The drawing; None if there is nothing to draw.
    """
    if not math.isfinite(value) or not math.isfinite(bound):
        return None
    known = [each for each in (low, value, high, bound) if math.isfinite(each)]
    spread = max(known) - min(known) or abs(bound) or 1.0
    start, end = min(known) - ROOM * spread, max(known) + ROOM * spread
    at = _place(bound, start, end)
    return Drawing(
        low=_place(low, start, end) if math.isfinite(low) else 0.0,
        high=_place(high, start, end) if math.isfinite(high) else WIDTH,
        value=_place(value, start, end),
        bound=at,
        kept_from=at if is_at_least else 0.0,
        kept_to=WIDTH if is_at_least else at,
    )


def _place(value: float, start: float, end: float) -> float:
    share = (value - start) / (end - start)
    return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)
