"""Accuracy of each run, with its interval -> a drawing."""

import dataclasses
import math
from collections.abc import Sequence

from components.reporting.index.entries import PUSHED, RunEntry

WIDTH = 960.0
HEIGHT = 260.0
MARGIN = 14.0
"""On all sides, so that no mark is cut off."""
LARGEST_MARK = 5.0
SMALLEST_MARK = 1.5
MOST_TICKS = 6
STEPS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
LEAST_SPREAD = 0.001
"""Of the scale, so that equal values do not divide by nothing."""


@dataclasses.dataclass(frozen=True)
class Mark:
    """One run in the drawing.

    Attributes:
        x: From the left.
        y: Height of its accuracy, from the top; None if it has none.
        low_y: Height of the lower end of the interval.
        high_y: Height of the upper end.
        is_pushed: Whether its model was pushed.
        words: What it says.
    """

    x: float
    y: float | None
    low_y: float
    high_y: float
    is_pushed: bool
    words: str


@dataclasses.dataclass(frozen=True)
class Tick:
    """A line of the scale: its height, and what it stands for."""

    y: float
    text: str


@dataclasses.dataclass(frozen=True)
class AccuracyChart:
    """The drawing.

    Attributes:
        marks: One a run, the oldest left, at equal distances: runs come in bursts.
        ticks: Of the scale.
        size: Half the width of a mark.
        first: Day of the first run.
        last: Day of the last one.
        words: What is seen in it.
    """

    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    size: float
    first: str
    last: str
    words: str


def make_accuracy_chart(entries: Sequence[RunEntry]) -> AccuracyChart | None:
    """Draws the runs.

    Args:
        entries: The oldest first.

    Returns:
        The drawing; None if no run has measured anything.
    """
    ends = [end for entry in entries for end in (entry.low, entry.high) if end is not None]
    if not ends:
        return None
    scale = _Scale(min(ends), max(max(ends), min(ends) + LEAST_SPREAD))
    step = (WIDTH - 2 * MARGIN) / max(1, len(entries) - 1)
    marks = tuple(
        _make_mark(entry, MARGIN + number * step if len(entries) > 1 else WIDTH / 2, scale)
        for number, entry in enumerate(entries)
    )
    size = max(SMALLEST_MARK, min(LARGEST_MARK, step / 3))
    return AccuracyChart(
        marks=marks,
        ticks=tuple(scale.ticks()),
        size=round(size, 1),
        first=f"{entries[0].time:%Y-%m-%d}",
        last=f"{entries[-1].time:%Y-%m-%d}",
        words=_words(entries),
    )


@dataclasses.dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 1)

    def ticks(self) -> list[Tick]:
        spread = self.high - self.low
        step = next((each for each in STEPS if spread / each <= MOST_TICKS), STEPS[-1])
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        digits = max(0, -math.floor(math.log10(step)))
        return [
            Tick(self.place(number * step), f"{number * step:.{digits}f}")
            for number in range(first, last + 1)
        ]


def _make_mark(entry: RunEntry, x: float, scale: _Scale) -> Mark:
    when = f"{entry.time:%Y-%m-%d %H:%M}, {entry.outcome}"
    if entry.accuracy is None or entry.low is None or entry.high is None:
        return Mark(round(x, 1), None, 0.0, 0.0, entry.outcome == PUSHED, when)
    return Mark(
        x=round(x, 1),
        y=scale.place(entry.accuracy),
        low_y=scale.place(entry.low),
        high_y=scale.place(entry.high),
        is_pushed=entry.outcome == PUSHED,
        words=f"{when}: {entry.accuracy:.4f} ({entry.low:.4f} to {entry.high:.4f})",
    )


def _words(entries: Sequence[RunEntry]) -> str:
    measured = [entry for entry in entries if entry.accuracy is not None]
    values = [entry.accuracy for entry in measured if entry.accuracy is not None]
    pushed = sum(entry.outcome == PUSHED for entry in measured)
    return (
        f"Accuracy of {len(measured):,} {'run' if len(measured) == 1 else 'runs'} from "
        f"{measured[0].time:%Y-%m-%d} to {measured[-1].time:%Y-%m-%d}, {pushed:,} of them pushed: "
        f"between {min(values):.4f} and {max(values):.4f}, in the end {values[-1]:.4f}"
    )
