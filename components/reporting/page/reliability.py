"""Calibration -> a reliability diagram, as Guo et al. (2017) draw it, with intervals."""

import dataclasses

from components.reporting.measuring.calibration import Calibration, CalibrationBin
from components.reporting.wording import format_ratio

SIDE = 300.0
"""Of the diagram; x to the right and y down, both 0 to 1."""
HISTOGRAM_HEIGHT = 60.0
GAP = 2.0
LEAST_HEIGHT = 1.0
"""So that one image among a million can be seen."""


@dataclasses.dataclass(frozen=True)
class ReliabilityBar:
    """One bin of the diagram.

    Attributes:
        x: Left end.
        width: Of the bar.
        middle: Of the bar.
        accuracy_y: Height at which its accuracy stands.
        low_y: Height of the lower end of the interval.
        high_y: Height of the upper end.
        confidence_y: Height at which its mean confidence stands.
        count_height: Of its bar in the histogram below.
        range: Its probabilities, in words.
        count: Its images.
        confidence: Its mean confidence, in figures.
        accuracy: Its accuracy, in figures.
        interval: Of the accuracy, in words.
    """

    x: float
    width: float
    middle: float
    accuracy_y: float
    low_y: float
    high_y: float
    confidence_y: float
    count_height: float
    range: str
    count: int
    confidence: str
    accuracy: str
    interval: str


@dataclasses.dataclass(frozen=True)
class Reliability:
    """The diagram.

    Attributes:
        error: The expected calibration error.
        mean_confidence: Of all answers.
        bars: Of the bins that have images.
        words: What is seen in it.
    """

    error: str
    mean_confidence: str
    bars: tuple[ReliabilityBar, ...]
    words: str


def make_reliability(calibration: Calibration) -> Reliability:
    """Draws the diagram."""
    most = max((each.accuracy.trials for each in calibration.bins), default=0)
    bars = tuple(_make_bar(each, most) for each in calibration.bins if each.accuracy.trials)
    said = "; ".join(f"{bar.range}: {bar.accuracy} right" for bar in bars)
    return Reliability(
        error=format_ratio(calibration.error),
        mean_confidence=format_ratio(calibration.mean_confidence),
        bars=bars,
        words=f"Share of right answers by probability. {said}",
    )


def _make_bar(found: CalibrationBin, most: int) -> ReliabilityBar:
    x, end = found.start * SIDE + GAP / 2, found.end * SIDE - GAP / 2
    share = found.accuracy
    return ReliabilityBar(
        x=round(x, 1),
        width=round(end - x, 1),
        middle=round((x + end) / 2, 1),
        accuracy_y=_height(share.value),
        low_y=_height(share.low),
        high_y=_height(share.high),
        confidence_y=_height(found.mean_confidence),
        count_height=round(max(LEAST_HEIGHT, HISTOGRAM_HEIGHT * share.trials / most), 1),
        range=f"{found.start:.2f} to {found.end:.2f}",
        count=share.trials,
        confidence=format_ratio(found.mean_confidence),
        accuracy=format_ratio(share.value),
        interval=f"{format_ratio(share.low)} to {format_ratio(share.high)}",
    )


def _height(value: float) -> float:
    return round((1 - value) * SIDE, 1)
