"""A measured value, its interval and its bound -> passed, failed, or not enough evidence."""

from components.release.verdict import (
    AT_LEAST,
    AT_MOST,
    FAILED,
    NOT_ENOUGH_EVIDENCE,
    PASSED,
    Check,
)

ROUNDING = 1e-6
"""Tolerance of comparisons: a value that was computed twice must not break its own bound."""


def check_at_least(
    name: str,
    title: str,
    value: float,
    interval: tuple[float, float],
    bound: float,
    method: str,
    detail: str = "",
) -> Check:
    """A check of a share, or a difference of two, that must not be below its bound.

    Args:
        name: For machines.
        title: For people.
        value: What was measured; NaN if nothing could be.
        interval: Between which values the truth lies.
        bound: The least that passes.
        method: How the interval was made.
        detail: A sentence more.
    """
    low, high = interval
    outcome = NOT_ENOUGH_EVIDENCE
    if low >= bound - ROUNDING:
        outcome = PASSED
    elif high < bound - ROUNDING:
        outcome = FAILED
    return Check(name, title, value, low, high, bound, AT_LEAST, "", outcome, method, detail)


def check_at_most(
    name: str,
    title: str,
    value: float,
    interval: tuple[float, float],
    bound: float,
    method: str,
    detail: str = "",
    unit: str = "",
) -> Check:
    """A check of something that must not be above its bound; arguments as of `check_at_least`."""
    low, high = interval
    outcome = NOT_ENOUGH_EVIDENCE
    if high <= bound + ROUNDING:
        outcome = PASSED
    elif low > bound + ROUNDING:
        outcome = FAILED
    return Check(name, title, value, low, high, bound, AT_MOST, unit, outcome, method, detail)


def check_exact(
    name: str, title: str, value: float, bound: float, detail: str = "", unit: str = ""
) -> Check:
    """A check of something that is not left to chance, and must not be above its bound."""
    return check_at_most(name, title, value, (value, value), bound, "", detail, unit)


def by_point_estimate(check: Check) -> bool:
    """Whether the measured value alone keeps the bound; NaN does not."""
    if check.direction == AT_LEAST:
        return check.value >= check.bound - ROUNDING
    return check.value <= check.bound + ROUNDING
