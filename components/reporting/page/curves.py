"""A training -> charts of loss and accuracy by epoch."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 480.0
HEIGHT = 200.0
MARGIN = 8.0
"""Above and below, so that no line touches the edge."""
KINDS = (("loss", "Loss", "cross-entropy, nats"), ("accuracy", "Accuracy", "share of images"))


@dataclasses.dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        name: Of the split.
        points: As SVG has them; empty where there are none.
        dots: (x, y) of each epoch, for curves of few.
        last: Its value after the last epoch.
    """

    name: str
    points: str
    dots: tuple[tuple[float, float], ...]
    last: float


@dataclasses.dataclass(frozen=True)
class PhaseMark:
    """Where a phase of the training begins: its name, and how far to the right."""

    name: str
    x: float


@dataclasses.dataclass(frozen=True)
class CurveChart:
    """One quantity by epoch.

    Attributes:
        title: What it is.
        unit: Of its values.
        lines: Of train and eval.
        phases: Of the training; only where there are several.
        kept_x: Where the epoch stands whose weights were kept; None if unknown.
        kept_epoch: Its number.
        lowest: Value at the bottom.
        highest: Value at the top.
        top: Height at which the highest value stands.
        bottom: Height at which the lowest value stands.
        epochs: How many there were.
        words: What is seen in it.
    """

    title: str
    unit: str
    lines: tuple[Line, ...]
    phases: tuple[PhaseMark, ...]
    kept_x: float | None
    kept_epoch: int
    lowest: float
    highest: float
    top: float
    bottom: float
    epochs: int
    words: str


MOST_DOTS = 40
"""Epochs above which points would hide the line."""


def make_curves(history: Mapping[str, Any]) -> tuple[CurveChart, ...]:
    """Draws loss and accuracy.

    Args:
        history: As `components.training_history` reads it.

    Returns:
        A chart for each of the two that has any values.
    """
    epochs: Mapping[str, Sequence[float]] = history.get("epochs", {})
    charts = []
    for key, title, unit in KINDS:
        series = {"train": epochs.get(key, ()), "eval": epochs.get(f"val_{key}", ())}
        known = [value for values in series.values() for value in values if math.isfinite(value)]
        if known:
            charts.append(_make_chart(title, unit, series, history))
    return tuple(charts)


def _make_chart(
    title: str, unit: str, series: Mapping[str, Sequence[float]], history: Mapping[str, Any]
) -> CurveChart:
    known = [value for values in series.values() for value in values if math.isfinite(value)]
    lowest, highest = min(known), max(known)
    count = max(len(values) for values in series.values())
    lines = tuple(
        _make_line(name, values, count, (lowest, highest))
        for name, values in series.items()
        if values
    )
    kept = int(history.get("kept_epoch", 0))
    ends = " and ".join(f"{line.last:.4f} on {line.name}" for line in lines)
    return CurveChart(
        title=title,
        unit=unit,
        lines=lines,
        phases=_make_phases(history, count),
        kept_x=_x(kept - 1, count) if 0 < kept <= count else None,
        kept_epoch=kept,
        lowest=lowest,
        highest=highest,
        top=_y(highest, (lowest, highest)),
        bottom=_y(lowest, (lowest, highest)),
        epochs=count,
        words=f"{title} over {count} {'epoch' if count == 1 else 'epochs'}, in the end {ends}",
    )


def _make_line(name: str, values: Sequence[float], count: int, ends: tuple[float, float]) -> Line:
    places = [
        (_x(position, count), _y(value, ends))
        for position, value in enumerate(values)
        if math.isfinite(value)
    ]
    return Line(
        name=name,
        points=" ".join(f"{x},{y}" for x, y in places),
        dots=tuple(places) if len(places) <= MOST_DOTS else (),
        last=values[-1],
    )


def _make_phases(history: Mapping[str, Any], count: int) -> tuple[PhaseMark, ...]:
    phases = history.get("phases", ())
    if len(phases) < 2:
        return ()
    marks, start = [], 0
    for phase in phases:
        marks.append(PhaseMark(str(phase["name"]), _x(start, count)))
        start += int(phase["epochs"])
    return tuple(marks)


def _x(position: int, count: int) -> float:
    inner = WIDTH - 2 * MARGIN
    return round(MARGIN + inner * position / (count - 1), 1) if count > 1 else WIDTH / 2


def _y(value: float, ends: tuple[float, float]) -> float:
    lowest, highest = ends
    share = (value - lowest) / (highest - lowest) if highest > lowest else 0.5
    return round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 1)
