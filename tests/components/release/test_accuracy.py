import math

import pytest

from components.release.accuracy import check_accuracy, compare_with_baseline
from components.release.rules import ReleaseRules
from components.release.verdict import FAILED, NOT_ENOUGH_EVIDENCE, PASSED
from tests.components.release.made_up import make_answers, make_mistakes, make_predictions


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
    check = check_accuracy(make_mistakes(images, mistakes), ReleaseRules(min_accuracy=bound))
    assert (check.value, check.outcome) == ((images - mistakes) / images, outcome)
    assert check.low <= check.value <= check.high
    assert check.detail == f"{images - mistakes:,} of {images:,} test images are right."


def test_accuracy_without_images_is_unknown():
    check = check_accuracy(make_predictions([], []), ReleaseRules())
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
    check = compare_with_baseline(make_mistakes(10_000, mistakes, before), ReleaseRules()).check
    assert check is not None
    assert check.value == pytest.approx((before - mistakes) / 10_000)
    assert check.outcome == outcome


def test_change_says_what_changed():
    comparison = compare_with_baseline(make_mistakes(100, 2, 5), ReleaseRules())
    assert comparison.note == ""
    assert comparison.check is not None
    assert comparison.check.detail == (
        "Of 100 images, 5 became right and 2 became wrong; the serving model's accuracy on them is "
        "0.9500; McNemar's test: p = 0.453."
    )


def test_equal_models_on_few_images_are_not_enough_evidence():
    check = compare_with_baseline(make_mistakes(186, 30, 30), ReleaseRules()).check
    assert check is not None
    assert check.outcome == NOT_ENOUGH_EVIDENCE


def test_without_baseline():
    comparison = compare_with_baseline(make_mistakes(10, 0), ReleaseRules())
    assert comparison.check is None
    assert comparison.note == "No model was serving that could be compared with."


def test_baseline_of_other_classes_is_compared_by_name():
    baseline = make_answers(["bird", "cat"], ["cat", "cat", "bird", "cat"])
    predictions = make_predictions(
        ["cat", "cat", "dog", "dog"], ["cat", "dog", "dog", "dog"], baseline=baseline
    )
    comparison = compare_with_baseline(predictions, ReleaseRules())
    assert comparison.check is not None
    # On the two cats: one became wrong.
    assert comparison.check.value == -0.5
    assert comparison.note == (
        "The serving model does not know dog and also knows bird: compared on the 2 of 4 test "
        "images whose class both know."
    )


def test_baseline_without_a_common_class():
    baseline = make_answers([f"<{number}>\n" for number in range(7)], ["<1>\n", "<2>\n"])
    comparison = compare_with_baseline(
        make_predictions(["cat", "dog"], ["cat", "dog"], baseline=baseline), ReleaseRules()
    )
    assert comparison.check is None
    assert comparison.note == (
        "The serving model does not know cat, dog and also knows <0>\\n, <1>\\n, <2>\\n, <3>\\n, "
        "<4>\\n and 2 more classes: compared on the 0 of 2 test images whose class both know."
    )
