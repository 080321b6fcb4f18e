"""What is known of a run -> one HTML file that needs nothing else, not even a network."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from components.metrics import ClassMetrics
from components.pages.class_table import ClassTable, make_class_table
from components.pages.finding_kinds import FINDING_KINDS
from components.pages.page import render_page
from components.release.release_verdict import (
    FAILED,
    NOT_ENOUGH_EVIDENCE,
    PASSED,
    Check,
    Verdict,
    format_value,
)
from components.reporting.confusion_view import ConfusionView, view_confusion
from components.reporting.image_cards import Album, Card, PictureKey, make_cards
from components.reporting.label_errors import LabelErrors
from components.reporting.report_charts import (
    CurveChart,
    draw_check,
    draw_proportion,
    make_curves,
)
from components.reporting.run_facts import RunFacts
from components.text import (
    escape_unprintable,
    format_bytes,
    format_percent,
    format_ratio,
    format_seconds,
)
from components.validation.findings import merge_splits

MOST_CARDS = 24
MOST_CHECKS_SHOWN = 12
MOST_VIOLATED_SHOWN = 60
"""Of a thousand classes with one image each, all lack evidence: the rest is folded away too."""
MOST_CLASSES_SHOWN = 30
WORST = 15
MOST_CLASSES_LISTED = 2_000
"""1 MB of page; all of them are in the JSON."""
OUTCOMES = (FAILED, NOT_ENOUGH_EVIDENCE, PASSED)
"""By what a reader must know first."""


@dataclasses.dataclass(frozen=True)
class Sections:
    """What the page shows besides facts and metrics, from top to bottom.

    Attributes:
        checks: Those that matter most: all of a few; of many those that were not passed, and those
            of the model as a whole.
        folded_checks: The others.
        classes: The worst, by recall; all of a few.
        listed_classes: All of many by name, at most 2,000; empty where `classes` has all.
        confusion: The matrix.
        mistakes: The most confident ones.
        label_errors: The most suspicious images.
        gained: Images on which the new model is correct, and the serving one was not.
        lost: The other way around.
        curves: Of the training.
        images: By class and split.
    """

    checks: tuple[Check, ...]
    folded_checks: tuple[Check, ...]
    classes: tuple[ClassMetrics, ...]
    listed_classes: tuple[ClassMetrics, ...]
    confusion: ConfusionView
    mistakes: tuple[Card, ...]
    label_errors: tuple[Card, ...]
    gained: tuple[Card, ...]
    lost: tuple[Card, ...]
    curves: tuple[CurveChart, ...]
    images: ClassTable

    def pictures(self) -> frozenset[PictureKey]:
        """All pictures that are needed."""
        return frozenset((card.sha256, card.side) for card in self._cards())

    def _cards(self) -> Iterator[Card]:
        of_pairs = self.confusion.cards.values()
        for cards in (self.mistakes, self.label_errors, self.gained, self.lost, *of_pairs):
            yield from cards


def choose_sections(facts: RunFacts, label_errors: LabelErrors) -> Sections:
    """Chooses what is shown of a run."""
    metrics = facts.metrics
    predictions, model, comparison = (
        metrics.predictions,
        metrics.predictions.model,
        metrics.comparison,
    )
    both = {"before": predictions.baseline or model, "now": model}
    gained, lost = (comparison.gained, comparison.lost) if comparison else ((), ())
    checks, folded = choose_checks(facts.verdict)
    classes, listed = choose_classes(metrics.classes)
    return Sections(
        checks=checks,
        folded_checks=folded,
        classes=classes,
        listed_classes=listed,
        confusion=view_confusion(metrics),
        mistakes=make_cards(predictions, metrics.mistakes[:MOST_CARDS], {"predicted": model}),
        label_errors=make_cards(predictions, label_errors.rows[:MOST_CARDS], {"perhaps": model}),
        gained=make_cards(predictions, gained[:MOST_CARDS], both),
        lost=make_cards(predictions, lost[:MOST_CARDS], both),
        curves=make_curves(facts.history),
        images=make_class_table(facts.data.audit),
    )


def choose_checks(verdict: Verdict) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """Sorts the checks by what their reader must know first; those shown, and those folded away."""
    checks = sorted(
        verdict.checks, key=lambda check: (check.is_of_class, OUTCOMES.index(check.outcome))
    )
    if len(checks) <= MOST_CHECKS_SHOWN:
        return tuple(checks), ()
    important = [each for each in checks if each.outcome != PASSED or not each.is_of_class]
    shown = important[:MOST_VIOLATED_SHOWN]
    names = {check.name for check in shown}
    return tuple(shown), tuple(check for check in checks if check.name not in names)


def choose_classes(
    classes: Sequence[ClassMetrics],
) -> tuple[tuple[ClassMetrics, ...], tuple[ClassMetrics, ...]]:
    """Chooses the classes that are shown, the worst first, and those that are listed by name."""
    by_recall = sorted(classes, key=_badness)
    if len(by_recall) <= MOST_CLASSES_SHOWN:
        return tuple(by_recall), ()
    by_name = sorted(by_recall, key=lambda each: each.name)
    return tuple(by_recall[:WORST]), tuple(by_name[:MOST_CLASSES_LISTED])


def render_report(
    facts: RunFacts, label_errors: LabelErrors, sections: Sections, album: Album
) -> str:
    """The report as HTML: one file below 10 MB.

    Args:
        facts: Of the run.
        label_errors: Among its test images.
        sections: What is shown of both.
        album: With the pictures that the sections need.
    """
    return render_page(
        "components.reporting",
        "report.html",
        facts=facts,
        verdict=facts.verdict,
        metrics=facts.metrics,
        label_errors=label_errors,
        warnings=merge_splits(facts.data.verdict.warnings),
        sections=sections,
        album=album,
        kinds=FINDING_KINDS,
        configuration=show_configuration(facts.configuration),
        outcomes=OUTCOMES,
        explain=explain_check,
        draw_check=draw_check,
        draw_proportion=draw_proportion,
        ratio=format_ratio,
        percent=format_percent,
        size=format_bytes,
        seconds=format_seconds,
        measure=format_value,
    )


def explain_check(check: Check) -> str:
    """How the interval was made, and what else is known, in sentences; may be empty."""
    parts = filter(None, (check.method, check.detail))
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts)


def show_configuration(configuration: Mapping[str, Any]) -> str:
    """Settings as their user would write them, in YAML, with whatever is not seen made visible."""
    text = yaml.safe_dump(dict(configuration), sort_keys=False, allow_unicode=True)
    return "\n".join(map(escape_unprintable, text.rstrip().split("\n")))


def _badness(metrics: ClassMetrics) -> tuple[float, float, str]:
    """Classes without images last: nothing is known of them."""
    recall, precision = metrics.recall.value, metrics.precision.value
    return (
        2.0 if math.isnan(recall) else recall,
        2.0 if math.isnan(precision) else precision,
        metrics.name,
    )
