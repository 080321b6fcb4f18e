import math

import pytest

from components.errors import PipelineError
from components.release.class_floors import check_classes
from components.release.rules import ReleaseRules
from components.release.verdict import FAILED, NOT_ENOUGH_EVIDENCE, PASSED
from tests.components.release.made_up import make_predictions

TEXTS = ["cat"] * 100 + ["dog"] * 100
CHOSEN = ["cat"] * 95 + ["dog"] * 5 + ["dog"] * 60 + ["cat"] * 40


def outcomes(**rules):
    checks = check_classes(make_predictions(TEXTS, CHOSEN), ReleaseRules(**rules))
    return {check.name: (round(check.value, 4), check.outcome) for check in checks}


def test_no_floor_is_no_check():
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


def test_floors_of_single_classes():
    assert outcomes(min_recall_of={"dog": 0.6}) == {"recall/dog": (0.6, NOT_ENOUGH_EVIDENCE)}
    assert outcomes(min_recall=0.8, min_recall_of={"dog": 0}) == {"recall/cat": (0.95, PASSED)}


def test_class_without_test_images():
    predictions = make_predictions(["cat"], ["cat"], class_names=("cat", "<b>dog"))
    [_, check] = check_classes(predictions, ReleaseRules(min_recall=0.1))
    assert (check.name, check.title) == ("recall/<b>dog", "Recall of <b>dog")
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
