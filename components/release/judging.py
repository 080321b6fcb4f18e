"""All that was measured -> the checks, and the verdict in one sentence."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from components.predictions import Predictions
from components.release.accuracy import check_accuracy, compare_with_baseline
from components.release.class_floors import check_classes
from components.release.intervals import BOOTSTRAP, calibration_error, calibration_interval
from components.release.outcomes import by_point_estimate, check_at_most, check_exact
from components.release.rules import POINT_ESTIMATE, ReleaseRules
from components.release.serving_limits import check_exports, check_serving
from components.release.verdict import COUNT, FAILED, NOT_ENOUGH_EVIDENCE, Check, Verdict
from components.release.wording import broken, images_needed, unsure
from components.serving.serving_facts import ServingFacts

MOST_NAMED = 3
EVALUATOR_REFUSALS = "evaluator_refusals"


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the gate judges by.

    Attributes:
        predictions: What the new model and the serving one say of the test images.
        evaluated_accuracy: The Evaluator's, 0 to 1.
        is_blessed: The Evaluator's verdict.
        serving: What InfraValidator found.
        withdrawals: Sentences that say when, by whom and why this very model was rolled back.
        export_problems: Why there is no export of each required format; empty if there is one.
    """

    predictions: Predictions
    evaluated_accuracy: float
    is_blessed: bool
    serving: ServingFacts
    withdrawals: tuple[str, ...] = ()
    export_problems: Mapping[str, str] = dataclasses.field(default_factory=dict)


def judge(
    facts: Facts,
    rules: ReleaseRules,
    baseline: str = "",
    reset_baseline: str = "",
    force_push: str = "",
) -> Verdict:
    """Asks everything of a model that there is to ask.

    Args:
        facts: What was measured.
        rules: What it is held to.
        baseline: The version that was serving; empty if none was.
        reset_baseline: The reason why the serving model is not compared with; empty if it is.
        force_push: The reason why the model is pushed whatever comes out; empty if it is not.

    Raises:
        PipelineError: A rule is for a class that there is not.
    """
    comparison = compare_with_baseline(facts.predictions, rules)
    note = f"The baseline was reset: {reset_baseline}" if reset_baseline else comparison.note
    # What no model can break is no rule.
    checks = [check_accuracy(facts.predictions, rules)] if rules.min_accuracy > 0 else []
    checks += [comparison.check] if comparison.check and rules.max_accuracy_loss < 1 else []
    if rules.max_calibration_error < 1:
        checks.append(_check_calibration(facts.predictions, rules))
    checks += [*check_serving(facts.serving, rules), *check_exports(facts.export_problems)]
    checks += [*_check_evaluator(facts), _check_withdrawals(facts.withdrawals)]
    checks += check_classes(facts.predictions, rules)
    is_released, sentence = _conclude(checks, rules.not_enough_evidence, len(facts.predictions))
    if force_push and not is_released:
        sentence = f"Pushed by force ({force_push}). Without that: {sentence}"
    return Verdict(
        is_released=is_released,
        sentence=sentence,
        checks=tuple(checks),
        test_images=len(facts.predictions),
        baseline=baseline if comparison.check else "",
        baseline_note=note,
        policy=rules.not_enough_evidence,
        confidence=rules.confidence,
        reset_baseline=reset_baseline,
        force_push=force_push,
    )


def _check_calibration(predictions: Predictions, rules: ReleaseRules) -> Check:
    is_right = predictions.model.is_right(predictions.class_texts)
    confidences = predictions.model.confidences
    return check_at_most(
        "calibration_error",
        "Expected calibration error",
        calibration_error(confidences, is_right),
        calibration_interval(confidences, is_right, rules.confidence),
        rules.max_calibration_error,
        BOOTSTRAP,
        "How far its probabilities are from the shares of right answers that they promise.",
    )


def _check_evaluator(facts: Facts) -> list[Check]:
    """Whether TFMA came to the same; if not, one of the two counts something else."""
    images = len(facts.predictions)
    right = facts.predictions.model.is_right(facts.predictions.class_texts).sum()
    difference = abs(right / images - facts.evaluated_accuracy) if images else 0.0
    return [
        check_exact(
            EVALUATOR_REFUSALS,
            "Refusals by the Evaluator",
            0 if facts.is_blessed else 1,
            0,
            "Its thresholds are the same minimum and the same allowed loss, without intervals.",
            COUNT,
        ),
        check_exact(
            "evaluator_disagreement",
            "Test images counted otherwise by the Evaluator",
            round(difference * images) if images else 0,
            0,
            f"The Evaluator found an accuracy of {facts.evaluated_accuracy:.4f}.",
            COUNT,
        ),
    ]


def _check_withdrawals(withdrawals: Sequence[str]) -> Check:
    return check_exact(
        "withdrawals",
        "Times that this very model was rolled back",
        len(withdrawals),
        0,
        " ".join(withdrawals),
        COUNT,
    )


def _conclude(checks: Sequence[Check], policy: str, images: int) -> tuple[bool, str]:
    """Whether all is well, and why or why not in one sentence."""
    failed = [check for check in checks if check.outcome == FAILED]
    unclear = [check for check in checks if check.outcome == NOT_ENOUGH_EVIDENCE]
    # The Evaluator refuses for reasons that have checks of their own here, which say more.
    telling = [check for check in failed if check.name != EVALUATOR_REFUSALS]
    if telling or (failed and not unclear):
        return False, f"Refused: {_join(map(broken, telling or failed))}."
    if not unclear:
        return True, f"Released: all {len(checks)} checks passed on {images:,} test images."
    if policy == POINT_ESTIMATE:
        return _conclude_by_values(checks, unclear, images)
    return False, (
        f"Refused: {images:,} test images are not enough evidence to tell whether "
        f"{_join(map(unsure, unclear))}{_advice(unclear, images)}."
    )


def _conclude_by_values(
    checks: Sequence[Check], unclear: Sequence[Check], images: int
) -> tuple[bool, str]:
    wrong = [check for check in unclear if not by_point_estimate(check)]
    if wrong:
        return False, f"Refused, by the measured values alone: {_join(map(broken, wrong))}."
    return True, (
        f"Released: {len(checks) - len(unclear)} of {len(checks)} checks passed on {images:,} test "
        f"images; for the other {len(unclear)} there is not enough evidence, and their measured "
        "values keep the bounds."
    )


def _join(clauses: Iterable[str]) -> str:
    named = list(clauses)
    more = len(named) - MOST_NAMED
    shown = "; ".join(named[:MOST_NAMED])
    return f"{shown}; and {more:,} more" if more > 0 else shown


def _advice(unclear: Sequence[Check], images: int) -> str:
    needed = [images_needed(check, images) for check in unclear]
    if any(count is None for count in needed):
        return ""
    return f" (about {max(count for count in needed if count is not None):,} would be)"
