"""How the report says things: numbers, and the verdict."""

import math

from components.release.verdict import Verdict
from components.release.wording import format_value

UNKNOWN = "unknown"
_STEPS = ("bytes", "kB", "MB", "GB", "TB")


def format_ratio(value: float) -> str:
    """A share of images or a difference of two: "0.9120"; "unknown" for NaN."""
    return f"{value:.4f}" if math.isfinite(value) else UNKNOWN


def format_measure(value: float, unit: str) -> str:
    """A number with its unit, as the gate's sentence has it; "unknown" where there is none."""
    return format_value(value, unit) if math.isfinite(value) else UNKNOWN


def format_percent(value: float) -> str:
    """A probability: "98 %", and "99.95 %" rather than a wrong "100 %"."""
    if not math.isfinite(value):
        return UNKNOWN
    percent = 100 * value
    if 99 < percent < 100 or 0 < percent < 1:
        # Cut and not rounded, for the same reason.
        return f"{math.floor(percent * 100) / 100:.2f} %" if percent >= 0.01 else "< 0.01 %"
    return f"{percent:.0f} %"


def format_bytes(value: int) -> str:
    """A size: "12.3 MB", by thousands."""
    size = float(value)
    for unit in _STEPS:
        if size < 1000 or unit == _STEPS[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def format_seconds(value: float) -> str:
    """A duration: "0.42 s", "12.3 s", "4 min 5 s"."""
    if value < 1:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes:,} min {seconds} s"


def headline(verdict: Verdict) -> str:
    """The verdict in a word or a few."""
    if verdict.is_released:
        return "Released"
    return "Refused, but pushed by force" if verdict.force_push else "Refused"


def explain(verdict: Verdict) -> str:
    """The verdict's sentence without what its headline and the reason for a forced push say."""
    reason = verdict.sentence.removeprefix(
        f"Pushed by force ({verdict.force_push}). Without that: "
    )
    reason = reason.removeprefix("Released: " if verdict.is_released else "Refused: ")
    return reason[:1].upper() + reason[1:]
