"""Intervals and training curves as drawings: the templates draw, and ask here where."""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from components.metrics import Proportion
from components.release.release_verdict import AT_LEAST, Check

INTERVAL_WIDTH = 160.0
INTERVAL_MARGIN = 8.0
"""At both ends, so that no mark is cut off."""
ROOM = 0.2
"""Of the spread of what is drawn, that is left free on each side."""

WIDTH = 480.0
HEIGHT = 200.0
MARGIN = 8.0
"""On all sides, so that no line touches the edge."""
MOST_DOTS = 40
"""Epochs above which points would hide the line."""
KINDS = (("loss", "Loss", "cross-entropy, nats"), ("accuracy", "Accuracy", "proportion of images"))


@dataclasses.dataclass(frozen=True)
class IntervalDrawing:
    """An interval from left to right, in units of 0 to 160.

    Attributes:
        low: Left end of the interval.
        high: Right end.
        value: What was measured.
        bound: The threshold; None where there is none.
        kept_from: Left end of the values that meet it.
        kept_to: Right end of them.
    """

    low: float
    high: float
    value: float
    bound: float | None = None
    kept_from: float = 0.0
    kept_to: float = 0.0


def draw_proportion(proportion: Proportion) -> IntervalDrawing | None:
    """Draws it between 0 and 1; None if it is unknown."""
    if not proportion.trials:
        return None
    ends = (proportion.low, proportion.high, proportion.value)
    return IntervalDrawing(*(_place(each, 0.0, 1.0) for each in ends))


def draw_check(check: Check) -> IntervalDrawing | None:
    """Draws an interval beside its threshold, on a scale that has room for both.

    Returns:
        The drawing; None if nothing was measured.
    """
    if not math.isfinite(check.value) or not math.isfinite(check.bound):
        return None
    known = [
        each for each in (check.low, check.value, check.high, check.bound) if math.isfinite(each)
    ]
    spread = max(known) - min(known) or abs(check.bound) or 1.0
    start, end = min(known) - ROOM * spread, max(known) + ROOM * spread
    at = _place(check.bound, start, end)
    is_at_least = check.direction == AT_LEAST
    return IntervalDrawing(
        low=_place(check.low, start, end) if math.isfinite(check.low) else 0.0,
        high=_place(check.high, start, end) if math.isfinite(check.high) else INTERVAL_WIDTH,
        value=_place(check.value, start, end),
        bound=at,
        kept_from=at if is_at_least else 0.0,
        kept_to=INTERVAL_WIDTH if is_at_least else at,
    )


@dataclasses.dataclass(frozen=True)
class CurveChart:
    """One quantity by epoch.

    Attributes:
        title: What it is.
        unit: Of its values.
        series: Its values by split, train and eval; some may be NaN, but not all.
        phases: (name, epochs before it) of each phase of the training, where there are several.
        kept_epoch: The epoch whose weights were kept; 0 if unknown.
    """

    title: str
    unit: str
    series: Mapping[str, Sequence[float]]
    phases: tuple[tuple[str, int], ...]
    kept_epoch: int

    @functools.cached_property
    def epochs(self) -> int:
        """How many there were."""
        return max(len(values) for values in self.series.values())

    @property
    def has_dots(self) -> bool:
        """Whether there is room for a point of each epoch."""
        return self.epochs <= MOST_DOTS

    @functools.cached_property
    def lowest(self) -> float:
        """Value at the bottom."""
        return min(self._known())

    @functools.cached_property
    def highest(self) -> float:
        """Value at the top."""
        return max(self._known())

    @property
    def words(self) -> str:
        """What is seen in it."""
        ends = " and ".join(f"{values[-1]:.4f} on {name}" for name, values in self.series.items())
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        return f"{self.title} over {epochs}, in the end {ends}"

    def points(self, name: str) -> list[tuple[float, float]]:
        """The curve of a split."""
        values = enumerate(self.series[name])
        return [(self.x(at), self.y(value)) for at, value in values if math.isfinite(value)]

    def x(self, position: int) -> float:
        """How far to the right an epoch stands, counted from 0."""
        inner = (WIDTH - 2 * MARGIN) * position
        return round(MARGIN + inner / (self.epochs - 1), 1) if self.epochs > 1 else WIDTH / 2

    def y(self, value: float) -> float:
        """At which height a value stands, from the top."""
        spread = self.highest - self.lowest
        height = (value - self.lowest) / spread if spread else 0.5
        return round(HEIGHT - MARGIN - height * (HEIGHT - 2 * MARGIN), 1)

    def _known(self) -> list[float]:
        return [each for values in self.series.values() for each in values if math.isfinite(each)]


def make_curves(history: Mapping[str, Any]) -> tuple[CurveChart, ...]:
    """Draws loss and accuracy.

    Args:
        history: As `components.training_history` reads it.

    Returns:
        A chart for each of the two that has any values.
    """
    epochs: Mapping[str, Sequence[float]] = history.get("epochs", {})
    phases, start = [], 0
    for phase in history.get("phases", ()):
        phases.append((str(phase["name"]), start))
        start += int(phase["epochs"])
    marks = tuple(phases) if len(phases) > 1 else ()
    charts = []
    for key, title, unit in KINDS:
        both = {"train": epochs.get(key, ()), "eval": epochs.get(f"val_{key}", ())}
        series = {name: values for name, values in both.items() if values}
        if any(math.isfinite(value) for values in series.values() for value in values):
            kept = int(history.get("kept_epoch", 0))
            charts.append(CurveChart(title, unit, series, marks, kept))
    return tuple(charts)


def _place(value: float, start: float, end: float) -> float:
    inner = INTERVAL_WIDTH - 2 * INTERVAL_MARGIN
    return round(INTERVAL_MARGIN + inner * (value - start) / (end - start), 1)
