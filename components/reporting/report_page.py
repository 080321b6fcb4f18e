"""What is known of a run -> one HTML file that needs nothing else, not even a network."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from components.metrics import ClassMetrics
from components.pages.class_table import make_class_table
from components.pages.finding_kinds import FINDING_KINDS
from components.pages.page import render_page
from components.pages.thumbnails import SIDE
from components.release.release_verdict import (
    FAILED,
    NOT_ENOUGH_EVIDENCE,
    PASSED,
    Check,
    ModelVerdict,
    format_value,
)
from components.reporting.confusion_view import ConfusionView, view_confusion
from components.reporting.report_charts import (
    draw_check,
    draw_proportion,
    make_curves,
)
from components.reporting.report_pictures import Album, PictureKey, read_pictures
from components.reporting.run_facts import RunFacts
from components.text import (
    escape_unprintable,
    format_bytes,
    format_percent,
    format_ratio,
    format_seconds,
)

MOST_CARDS = 24
SMALL_SIDE = 96
"""Pixels of pictures that are shown by the hundred: 2 kB each."""
MOST_CHECKS_SHOWN = 12
MOST_VIOLATED_SHOWN = 60
"""Of a thousand classes with one image each, all lack evidence: the rest is folded away too."""
MOST_CLASSES_SHOWN = 30
WORST = 15
MOST_CLASSES_LISTED = 2_000
"""1 MB of page; all of them are in the JSON."""
OUTCOMES = (FAILED, NOT_ENOUGH_EVIDENCE, PASSED)
"""By what a reader must know first."""


def render_report(facts: RunFacts, record_folders: Sequence[str]) -> str:
    """The report as HTML: one file below 10 MB.

    Args:
        facts: Of the run.
        record_folders: Of the records of each span, from which pictures are made.
    """
    view = view_confusion(facts.metrics.confusion)
    pictures = read_pictures(record_folders, _wanted_pictures(facts, view))
    checks, folded_checks = choose_checks(facts.verdict)
    classes, listed_classes = choose_classes(facts.metrics.classes)
    return render_page(
        "components.reporting",
        "report.html",
        facts=facts,
        verdict=facts.verdict,
        metrics=facts.metrics,
        audit=facts.audit,
        predictions=facts.metrics.predictions,
        label_errors=facts.label_errors,
        checks=checks,
        folded_checks=folded_checks,
        classes=classes,
        listed_classes=listed_classes,
        view=view,
        curves=make_curves(facts.history),
        images=make_class_table(facts.audit),
        album=Album(pictures),
        most_cards=MOST_CARDS,
        side=SIDE,
        small_side=SMALL_SIDE,
        kinds=FINDING_KINDS,
        configuration=show_configuration(facts.configuration),
        outcomes=OUTCOMES,
        **FUNCTIONS,
    )


def choose_checks(verdict: ModelVerdict) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
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


def explain_check(check: Check) -> str:
    """How the interval was made, and what else is known, in sentences; may be empty."""
    parts = filter(None, (check.method, check.detail))
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts)


def show_configuration(configuration: Mapping[str, Any]) -> str:
    """Settings as their user would write them, in YAML, with whatever is not seen made visible."""
    text = yaml.safe_dump(dict(configuration), sort_keys=False, allow_unicode=True)
    return "\n".join(map(escape_unprintable, text.rstrip().split("\n")))


def _wanted_pictures(facts: RunFacts, view: ConfusionView) -> set[PictureKey]:
    metrics, sha256s = facts.metrics, facts.metrics.predictions.sha256s
    comparison = metrics.comparison
    lists = [metrics.mistakes, facts.label_errors.rows]
    lists += [comparison.gained, comparison.lost] if comparison else []
    wanted = {(str(sha256s[row]), SIDE) for rows in lists for row in rows[:MOST_CARDS]}
    small = {(str(sha256s[row]), SMALL_SIDE) for rows in view.rows.values() for row in rows}
    return wanted | small


def _badness(metrics: ClassMetrics) -> tuple[float, float, str]:
    """Classes without images last: nothing is known of them."""
    recall, precision = metrics.recall.value, metrics.precision.value
    return (
        2.0 if math.isnan(recall) else recall,
        2.0 if math.isnan(precision) else precision,
        metrics.name,
    )


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "explain": explain_check,
    "draw_check": draw_check,
    "draw_proportion": draw_proportion,
    "ratio": format_ratio,
    "percent": format_percent,
    "size": format_bytes,
    "seconds": format_seconds,
    "measure": format_value,
}
"""What templates call."""
