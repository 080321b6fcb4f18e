"""How many test images the model recognizes, and how many less than the serving model."""

import dataclasses

from components.predictions import Answers, Predictions
from components.release.intervals import AGRESTI_MIN, WILSON, mcnemar, paired_difference, wilson
from components.release.outcomes import check_at_least
from components.release.rules import ReleaseRules
from components.release.verdict import Check
from components.text import escape_unprintable

MOST_CLASSES_NAMED = 5


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The new model against the serving one.

    Attributes:
        check: What came out; None if there is nothing to compare on.
        note: Why there is none, or on which images alone it was made; empty if on all.
    """

    check: Check | None
    note: str = ""


def check_accuracy(predictions: Predictions, rules: ReleaseRules) -> Check:
    """The share of test images whose top class is right, against its minimum."""
    right = int(predictions.model.is_right(predictions.class_texts).sum())
    images = len(predictions)
    return check_at_least(
        "accuracy",
        "Accuracy",
        right / images if images else float("nan"),
        wilson(right, images, rules.confidence),
        rules.min_accuracy,
        WILSON,
        f"{right:,} of {images:,} test images are right.",
    )


def compare_with_baseline(predictions: Predictions, rules: ReleaseRules) -> Comparison:
    """The change of accuracy against the serving model, image by image, against the allowed loss.

    Models whose classes differ are compared by the names of the classes, on the images whose class
    both know.

    Args:
        predictions: Of the test images.
        rules: With `max_accuracy_loss`.
    """
    baseline = predictions.baseline
    if baseline is None:
        return Comparison(None, "No model was serving that could be compared with.")
    known = baseline.positions_of(predictions.class_texts) >= 0
    note = _class_changes(predictions.model, baseline, int(known.sum()), len(predictions))
    if not known.any():
        return Comparison(None, note or "There are no test images.")
    new = predictions.model.is_right(predictions.class_texts)[known]
    old = baseline.is_right(predictions.class_texts)[known]
    gained, lost = int((new & ~old).sum()), int((old & ~new).sum())
    return Comparison(check_change(gained, lost, len(new), float(old.mean()), rules), note)


def check_change(
    gained: int, lost: int, images: int, accuracy_before: float, rules: ReleaseRules
) -> Check:
    """The change of accuracy on the same images.

    Args:
        gained: Images on which only the new model is right.
        lost: Images on which only the serving model is right.
        images: All of them, 1 or more.
        accuracy_before: The serving model's on them, 0 to 1.
        rules: With `max_accuracy_loss`.
    """
    return check_at_least(
        "accuracy_change",
        "Change of accuracy against the serving model",
        (gained - lost) / images,
        paired_difference(gained, lost, images, rules.confidence),
        -rules.max_accuracy_loss,
        AGRESTI_MIN,
        f"Of {images:,} images, {gained:,} became right and {lost:,} became wrong; the serving "
        f"model's accuracy on them is {accuracy_before:.4f}; McNemar's test: p = "
        f"{mcnemar(gained, lost):.3g}.",
    )


def _class_changes(model: Answers, baseline: Answers, compared: int, images: int) -> str:
    """What is to be said of other classes; empty if they are the same."""
    added = sorted(set(model.class_names) - set(baseline.class_names))
    gone = sorted(set(baseline.class_names) - set(model.class_names))
    if not added and not gone:
        return ""
    parts = [
        f"{verb} {_list_names(names)}"
        for verb, names in (("does not know", added), ("also knows", gone))
        if names
    ]
    return (
        f"The serving model {' and '.join(parts)}: compared on the {compared:,} of {images:,} test "
        "images whose class both know."
    )


def _list_names(names: list[str]) -> str:
    shown = ", ".join(escape_unprintable(name) for name in names[:MOST_CLASSES_NAMED])
    more = len(names) - MOST_CLASSES_NAMED
    return f"{shown} and {more:,} more classes" if more > 0 else shown
