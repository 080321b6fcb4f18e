"""Each check: what is asked, what was measured, and what is said of it."""

import math

import pytest

from components.errors import PipelineError
from components.metrics import Metrics
from components.release.release_checks import check_model, comparison_note
from components.release.release_rules import ReleaseRules
from components.release.release_verdict import FAILED, NOT_ENOUGH_EVIDENCE, PASSED
from tests.components.release.made_up import (
    make_evidence,
    make_mistakes,
    make_model,
    make_predictions,
)


def checks_of(predictions, **rules):
    """By name, without those of the model as it is served."""
    evidence = make_evidence(1, 0, metrics=Metrics(predictions, 0.95))
    return {check.name: check for check in check_model(evidence, ReleaseRules(**rules))}


def change_of(predictions):
    return checks_of(predictions)["accuracy_change"]


@pytest.mark.parametrize(
    ("images", "mistakes", "bound", "outcome"),
    [
        (1000, 100, 0.85, PASSED),
        (1000, 100, 0.90, NOT_ENOUGH_EVIDENCE),
        (1000, 100, 0.95, FAILED),
        (20, 2, 0.85, NOT_ENOUGH_EVIDENCE),
        (1, 0, 0.7, NOT_ENOUGH_EVIDENCE),
    ],
)
def test_accuracy(images, mistakes, bound, outcome):
    check = checks_of(make_mistakes(images, mistakes), min_accuracy=bound)["accuracy"]
    assert (check.value, check.outcome) == ((images - mistakes) / images, outcome)
    assert check.low <= check.value <= check.high
    assert check.detail == f"{images - mistakes:,} of {images:,} test images are right."


def test_accuracy_without_images_is_unknown():
    check = checks_of(make_predictions([], []))["accuracy"]
    assert math.isnan(check.value)
    assert (check.low, check.high, check.outcome) == (0.0, 1.0, NOT_ENOUGH_EVIDENCE)


@pytest.mark.parametrize(
    ("mistakes", "before", "outcome"),
    [
        (100, 100, PASSED),
        (50, 250, PASSED),
        (400, 100, FAILED),
        (180, 100, NOT_ENOUGH_EVIDENCE),
    ],
)
def test_change_on_ten_thousand_images(mistakes, before, outcome):
    check = change_of(make_mistakes(10_000, mistakes, before))
    assert check.value == pytest.approx((before - mistakes) / 10_000)
    assert check.outcome == outcome


def test_change_says_what_changed():
    predictions = make_mistakes(100, 2, 5)
    assert comparison_note(Metrics(predictions, 0.95)) == ""
    assert change_of(predictions).detail == (
        "Of 100 images, 5 became right and 2 became wrong; the serving model's accuracy on them is "
        "0.9500; McNemar's test: p = 0.453."
    )


def test_equal_models_on_few_images_are_not_enough_evidence():
    assert change_of(make_mistakes(186, 30, 30)).outcome == NOT_ENOUGH_EVIDENCE


def test_baseline_of_other_classes_is_compared_by_name():
    baseline = make_model(["bird", "cat"], ["cat", "cat", "bird", "cat"])
    predictions = make_predictions(
        ["cat", "cat", "dog", "dog"], ["cat", "dog", "dog", "dog"], baseline=baseline
    )
    # On the two cats: one became wrong.
    assert change_of(predictions).value == -0.5
    assert comparison_note(Metrics(predictions, 0.95)) == (
        "The serving model does not know dog and also knows bird: compared on the 2 of 4 test "
        "images whose class both know."
    )


@pytest.mark.parametrize(
    ("texts", "baseline", "note"),
    [
        (["cat"], None, "No other model was serving to compare with."),
        ([], make_model(["cat", "dog"], []), "There are no test images."),
        (
            ["cat", "dog"],
            make_model([f"<{number}>\n" for number in range(7)], ["<1>\n", "<2>\n"]),
            "The serving model does not know cat, dog and also knows <0>\\n, <1>\\n, <2>\\n, "
            "<3>\\n, <4>\\n and 2 more classes: compared on the 0 of 2 test images whose class "
            "both know.",
        ),
    ],
)
def test_why_there_is_no_comparison(texts, baseline, note):
    predictions = make_predictions(texts, texts, baseline=baseline)
    assert "accuracy_change" not in checks_of(predictions)
    assert comparison_note(Metrics(predictions, 0.95)) == note


TEXTS = ["cat"] * 100 + ["dog"] * 100
CHOSEN = ["cat"] * 95 + ["dog"] * 5 + ["dog"] * 60 + ["cat"] * 40


def outcomes(**rules):
    checks = checks_of(make_predictions(TEXTS, CHOSEN), **rules).values()
    return {
        check.name: (round(check.value, 4), check.outcome) for check in checks if check.is_of_class
    }


def test_no_minimum_is_no_check():
    assert outcomes() == {}


def test_recall_of_all():
    assert outcomes(min_recall=0.8) == {
        "recall/cat": (0.95, PASSED),
        "recall/dog": (0.6, FAILED),
    }


def test_precision_of_all():
    assert outcomes(min_precision=0.8) == {
        "precision/cat": (0.7037, FAILED),
        "precision/dog": (0.9231, PASSED),
    }


def test_minima_of_single_classes():
    assert outcomes(min_recall_of={"dog": 0.6}) == {"recall/dog": (0.6, NOT_ENOUGH_EVIDENCE)}
    assert outcomes(min_recall=0.8, min_recall_of={"dog": 0}) == {"recall/cat": (0.95, PASSED)}


def test_class_without_test_images():
    predictions = make_predictions(["cat"], ["cat"], class_names=("cat", "<b>dog"))
    check = checks_of(predictions, min_recall=0.1)["recall/<b>dog"]
    assert check.title == "Recall of <b>dog"
    assert math.isnan(check.value)
    assert (check.low, check.high, check.outcome) == (0.0, 1.0, NOT_ENOUGH_EVIDENCE)
    assert check.detail == "0 of 0 images of the class in the test split are right."


def test_unknown_class():
    with pytest.raises(PipelineError) as raised:
        outcomes(min_precision_of={"catt": 0.5})
    assert str(raised.value) == (
        "evaluate.min_precision_of must name classes of the model: cat, dog. Received: 'catt'. "
        "Did you mean 'cat'? Change it in the configuration."
    )


def test_calibration():
    # Sure by 0.9, and right half of the time.
    check = checks_of(make_mistakes(1000, 500), max_calibration_error=0.2)["calibration_error"]
    assert (check.outcome, round(check.value, 4)) == (FAILED, 0.4)


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        ({"max_calibration_error": 1.0}, "calibration_error"),
        ({"min_accuracy": 0.0}, "accuracy"),
        ({"max_accuracy_loss": 1.0}, "accuracy_change"),
    ],
)
def test_what_no_model_can_violate_is_no_check(rules, name):
    """Fault D14: a bound of 1 on the calibration error was shown as a check that was passed."""
    predictions = make_mistakes(1000, 50, 50)
    assert name in checks_of(predictions, max_calibration_error=0.99)
    assert name not in checks_of(predictions, **{"max_calibration_error": 0.99, **rules})
