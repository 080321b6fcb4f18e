"""Checks in words."""

import math

from components.release.verdict import AT_LEAST, COUNT, Check

MOST_IMAGES_ADVISED = 10_000_000
"""Beyond that, the value lies so close to its bound that no advice would help."""

LEAST_MORE = 1.1
"""With fewer more images, the measured value itself moves by more than the interval shrinks."""


def broken(check: Check) -> str:
    """A check that is not kept, in a clause; of something counted, with the details."""
    if check.unit == COUNT:
        detail = check.detail.rstrip(".")
        return f"{_title(check)}: {format_value(check.value, COUNT)}{detail and f' ({detail})'}"
    return f"{_title(check)} must be {bound(check)} and is {measured(check)}"


def unsure(check: Check) -> str:
    """A check of which nobody knows whether it is kept, in a clause."""
    return f"{_title(check)} is {bound(check)}: it is {measured(check)}"


def bound(check: Check) -> str:
    """What a check asks for: "at least 0.7000"."""
    return f"{check.direction} {format_value(check.bound, check.unit)}"


def measured(check: Check) -> str:
    """What was measured: "0.8280 (0.7672 to 0.8754)"."""
    if math.isnan(check.value):
        return "not to be measured"
    value = format_value(check.value, check.unit)
    if not check.method:
        return value
    return f"{value} ({_end(check.low, check.unit)} to {_end(check.high, check.unit)})"


def format_value(value: float, unit: str) -> str:
    """A number with its unit; shares with four digits."""
    if not unit:
        return f"{value:.4f}"
    if unit == COUNT:
        return f"{value:,.0f}"
    digits = f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:.3g}"
    return f"{digits} {unit}"


def images_needed(check: Check, images: int) -> int | None:
    """About how many test images would be enough, if the measured value is the truth.

    The width of an interval shrinks with the square root of the number of images.

    Args:
        check: One without enough evidence.
        images: How many there are.

    Returns:
        A number with two leading digits; None if that cannot be said.
    """
    edge = check.low if check.direction == AT_LEAST else check.high
    width, room = abs(check.value - edge), abs(check.value - check.bound)
    keeps = (check.value >= check.bound) == (check.direction == AT_LEAST)
    if check.unit or not keeps or not room or not math.isfinite(width / room):
        return None
    needed = images * max((width / room) ** 2, LEAST_MORE)
    if needed > MOST_IMAGES_ADVISED:
        return None
    step = 10 ** max(0, math.floor(math.log10(needed)) - 1)
    return math.ceil(needed / step) * step


def _end(value: float, unit: str) -> str:
    return format_value(value, unit) if math.isfinite(value) else "unknown"


def _title(check: Check) -> str:
    return check.title[0].lower() + check.title[1:]
