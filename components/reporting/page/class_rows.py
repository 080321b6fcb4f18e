"""Metrics by class -> rows; of a thousand classes the worst, and all of them folded away."""

import dataclasses
import math
from collections.abc import Iterable

from components.reporting.measuring.class_metrics import ClassMetrics
from components.reporting.measuring.shares import Share
from components.reporting.page.intervals import Drawing, draw_share
from components.reporting.wording import format_ratio

MOST_CLASSES_SHOWN = 30
WORST = 15
MOST_CLASSES_LISTED = 2_000
"""1 MB of page; all of them are in the JSON."""


@dataclasses.dataclass(frozen=True)
class ShareCell:
    """A share in a table.

    Attributes:
        value: In figures; empty where there are no images.
        interval: In words.
        drawing: Of both, between 0 and 1.
    """

    value: str
    interval: str
    drawing: Drawing | None


@dataclasses.dataclass(frozen=True)
class ClassRow:
    """One class: its name, its number of test images, and how well it is known."""

    name: str
    support: int
    recall: ShareCell
    precision: ShareCell


@dataclasses.dataclass(frozen=True)
class ClassMetricsTable:
    """All classes.

    Attributes:
        number: Of classes.
        shown: The worst first, by recall; all of a few.
        listed: All of many by name, at most 2,000; empty where `shown` has all.
    """

    number: int
    shown: tuple[ClassRow, ...]
    listed: tuple[ClassRow, ...]


def make_class_metrics_table(classes: Iterable[ClassMetrics]) -> ClassMetricsTable:
    """Chooses which classes are shown."""
    by_recall = sorted(classes, key=_badness)
    if len(by_recall) <= MOST_CLASSES_SHOWN:
        return ClassMetricsTable(len(by_recall), tuple(map(_make_row, by_recall)), ())
    by_name = sorted(by_recall, key=lambda each: each.name)
    return ClassMetricsTable(
        number=len(by_recall),
        shown=tuple(map(_make_row, by_recall[:WORST])),
        listed=tuple(map(_make_row, by_name[:MOST_CLASSES_LISTED])),
    )


def _badness(metrics: ClassMetrics) -> tuple[float, float, str]:
    """Classes without images last: nothing is known of them."""
    recall, precision = metrics.recall.value, metrics.precision.value
    return (
        2.0 if math.isnan(recall) else recall,
        2.0 if math.isnan(precision) else precision,
        metrics.name,
    )


def _make_row(metrics: ClassMetrics) -> ClassRow:
    recall, precision = make_cell(metrics.recall), make_cell(metrics.precision)
    return ClassRow(metrics.name, metrics.support, recall, precision)


def make_cell(share: Share) -> ShareCell:
    """A share in words and as a drawing."""
    if not share.trials:
        return ShareCell("", "", None)
    return ShareCell(
        value=format_ratio(share.value),
        interval=f"{format_ratio(share.low)} to {format_ratio(share.high)}",
        drawing=draw_share(share.value, share.low, share.high),
    )
