"""What was measured, held to the rules: one check for each thing that is asked of a model.

No correction is made for the number of checks: all of them must pass, and a model that violates one
threshold passes with no more than the probability that this one interval misses. That is the
intersection-union test: Berger, Multiparameter Hypothesis Testing and Acceptance Sampling, 1982.
"""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from components.errors import PipelineError
from components.metrics import (
    AGRESTI_MIN,
    BOOTSTRAP,
    ORDER_STATISTICS,
    WILSON,
    Metrics,
    Proportion,
    calibration_interval,
    mcnemar,
    median_interval,
    paired_difference,
)
from components.release.release_rules import ReleaseRules
from components.release.release_verdict import AT_LEAST, COUNT, Check, make_check
from components.serving.serving_facts import ServingFacts
from components.text import did_you_mean, escape_unprintable

MEGABYTE = 1_000_000
MOST_CLASSES_NAMED = 5
EVALUATOR_REFUSALS = "evaluator_refusals"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What the gate judges by.

    Attributes:
        metrics: Of the new model, and of the serving one beside it.
        is_blessed: The Evaluator's verdict.
        serving: What InfraValidator found.
        rollbacks: Sentences that say when, by whom and why this very model was rolled back.
        export_problems: Why there is no export of each required format; empty if there is one.
    """

    metrics: Metrics
    is_blessed: bool
    serving: ServingFacts
    rollbacks: tuple[str, ...] = ()
    export_problems: Mapping[str, str] = dataclasses.field(default_factory=dict)


def check_model(evidence: Evidence, rules: ReleaseRules) -> Iterator[Check]:
    """Yields all checks of a model; what no model can violate is no check.

    Args:
        evidence: What was measured.
        rules: What it is held to.

    Raises:
        PipelineError: A rule is for a class that the model does not know.
    """
    metrics = evidence.metrics
    if rules.min_accuracy > 0:
        yield _check_accuracy(metrics, rules)
    if compared_images(metrics) and rules.max_accuracy_loss < 1:
        yield _check_accuracy_change(metrics, rules)
    if rules.max_calibration_error < 1:
        yield _check_calibration(metrics, rules)
    yield from _check_serving(evidence.serving, rules)
    for name, problem in evidence.export_problems.items():
        yield _check_count(
            f"export/{name}",
            f"Problems with the required export {name}",
            1 if problem else 0,
            problem,
        )
    yield _check_count(
        EVALUATOR_REFUSALS,
        "Refusals by the Evaluator",
        0 if evidence.is_blessed else 1,
        "Its thresholds are the same minimum and the same allowed loss, without intervals.",
    )
    yield _check_count(
        "withdrawals",
        "Times that this very model was rolled back",
        len(evidence.rollbacks),
        " ".join(evidence.rollbacks),
    )
    yield from _check_classes(metrics, rules)


def compared_images(metrics: Metrics) -> int:
    """On how many images the new model is compared with the serving one: whose class both know."""
    comparison = metrics.comparison
    return comparison.images - comparison.unknown_images if comparison else 0


def comparison_note(metrics: Metrics) -> str:
    """Why there is no comparison, or on which images alone it was made; empty if on all."""
    comparison = metrics.comparison
    if comparison is None:
        return "No other model was serving to compare with."
    compared, images = compared_images(metrics), comparison.images
    parts = [
        f"{verb} {_list_names(names)}"
        for verb, names in (
            ("does not know", comparison.only_new),
            ("also knows", comparison.only_old),
        )
        if names
    ]
    if parts:
        return (
            f"The serving model {' and '.join(parts)}: compared on the {compared:,} of {images:,} "
            "test images whose class both know."
        )
    return "" if compared else "There are no test images."


def check_change(
    gained: int, lost: int, images: int, accuracy_before: float, rules: ReleaseRules
) -> Check:
    """The change of accuracy on the same images.

    Args:
        gained: Images on which only the new model is correct.
        lost: Images on which only the serving model is correct.
        images: All of them, 1 or more.
        accuracy_before: The serving model's on them, 0 to 1.
        rules: With `max_accuracy_loss`.
    """
    return make_check(
        "accuracy_change",
        "Change of accuracy against the serving model",
        (gained - lost) / images,
        -rules.max_accuracy_loss,
        direction=AT_LEAST,
        interval=paired_difference(gained, lost, images, rules.confidence),
        method=AGRESTI_MIN,
        detail=f"Of {images:,} images, {gained:,} became right and {lost:,} became wrong; the "
        f"serving model's accuracy on them is {accuracy_before:.4f}; McNemar's test: p = "
        f"{mcnemar(gained, lost):.3g}.",
    )


def _check_accuracy(metrics: Metrics, rules: ReleaseRules) -> Check:
    accuracy = metrics.accuracy
    detail = f"{accuracy.successes:,} of {accuracy.trials:,} test images are right."
    return _check_proportion("accuracy", "Accuracy", accuracy, rules.min_accuracy, detail)


def _check_accuracy_change(metrics: Metrics, rules: ReleaseRules) -> Check:
    """Image by image, on those whose class both models know."""
    comparison, images = metrics.comparison, compared_images(metrics)
    assert comparison is not None
    lost = len(comparison.lost)
    before = (comparison.both_right + lost) / images
    return check_change(comparison.gained_known, lost, images, before, rules)


def _check_calibration(metrics: Metrics, rules: ReleaseRules) -> Check:
    confidences = metrics.predictions.model.confidences
    return make_check(
        "calibration_error",
        "Expected calibration error",
        metrics.calibration.error,
        rules.max_calibration_error,
        interval=calibration_interval(confidences, metrics.is_correct, rules.confidence),
        method=BOOTSTRAP,
        detail="How far its probabilities are from the accuracy that they promise.",
    )


def _check_serving(facts: ServingFacts, rules: ReleaseRules) -> Iterator[Check]:
    yield _check_count(
        "serving_problems",
        "Problems when it is loaded and asked in a fresh process",
        len(facts.problems),
        " ".join(facts.problems)
        or f"{len(facts.golden)} golden requests, and {facts.compared_images:,} test images "
        "predicted as in the evaluation.",
    )
    yield make_check(
        "model_size",
        "Size of the model",
        facts.model_bytes / MEGABYTE,
        rules.max_model_megabytes,
        unit="MB",
    )
    alone = np.array(facts.latencies.get("1", ()), np.float64)
    # A model that cannot be loaded has no latency, and a problem that says so.
    if len(alone):
        yield make_check(
            "latency",
            "Latency of one image, median",
            float(np.median(alone)),
            rules.max_latency_milliseconds,
            interval=median_interval(alone, rules.confidence),
            method=ORDER_STATISTICS,
            unit="ms",
            detail=f"{len(alone):,} calls of serving_default on this machine, after warming up.",
        )


def _check_classes(metrics: Metrics, rules: ReleaseRules) -> Iterator[Check]:
    """Recall, then precision, of all classes that have a minimum."""
    names = metrics.predictions.model.class_names
    for kind, unit in (
        ("recall", "images of the class"),
        ("precision", "predictions of the class"),
    ):
        minimum, minima = getattr(rules, f"min_{kind}"), getattr(rules, f"min_{kind}_of")
        _check_names(f"evaluate.min_{kind}_of", minima, names)
        bounds = {name: minima.get(name, minimum) for name in names}
        for measured in metrics.classes if any(bounds.values()) else ():
            if bounds.get(measured.name, 0) > 0:
                proportion: Proportion = getattr(measured, kind)
                yield _check_proportion(
                    f"{kind}/{measured.name}",
                    f"{kind.capitalize()} of {escape_unprintable(measured.name)}",
                    proportion,
                    bounds[measured.name],
                    f"{proportion.successes:,} of {proportion.trials:,} {unit} in the test split "
                    "are right.",
                )


def _check_proportion(
    name: str, title: str, measured: Proportion, bound: float, detail: str
) -> Check:
    return make_check(
        name,
        title,
        measured.value,
        bound,
        direction=AT_LEAST,
        interval=(measured.low, measured.high),
        method=WILSON,
        detail=detail,
    )


def _check_count(name: str, title: str, count: int, detail: str) -> Check:
    """Of something that must not be at all."""
    return make_check(name, title, count, 0, unit=COUNT, detail=detail)


def _check_names(setting: str, minima: Mapping[str, float], names: tuple[str, ...]) -> None:
    for name in minima:
        if name not in names:
            shown = ", ".join(escape_unprintable(known) for known in names[:20])
            raise PipelineError(
                f"{setting} must name classes of the model: {shown}"
                f"{', ...' if len(names) > 20 else ''}. Received: {escape_unprintable(name)!r}."
                f"{did_you_mean(name, names)} Change it in the configuration."
            )


def _list_names(names: tuple[str, ...]) -> str:
    shown = ", ".join(escape_unprintable(name) for name in names[:MOST_CLASSES_NAMED])
    more = len(names) - MOST_CLASSES_NAMED
    return f"{shown} and {more:,} more classes" if more > 0 else shown
