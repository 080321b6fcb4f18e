"""What predictions are worth: by hand, and golden values of the papers that functions name."""

import math

import numpy as np
import pytest

from components.metrics import (
    CALIBRATION_BINS,
    ConfusionMatrix,
    Metrics,
    Proportion,
    calibration_error,
    calibration_interval,
    mcnemar,
    median_interval,
    paired_difference,
    wilson,
)
from components.predictions import ModelPredictions, Predictions
from tests.components.release.made_up import make_model, make_predictions


def measure(texts, chosen, class_names=("cat", "dog"), baseline=None):
    return Metrics(make_predictions(texts, chosen, class_names, baseline), 0.95)


def measure_probabilities(texts, probabilities, names=("cat", "dog")):
    array = np.array(texts, object)
    model = ModelPredictions(names, np.array(probabilities, np.float32))
    return Metrics(Predictions(array, array, array, model), 0.95)


def test_accuracy_has_an_interval():
    accuracy = measure(["cat"] * 10, ["cat"] * 8 + ["dog"] * 2).accuracy
    assert accuracy.value == 0.8
    # Brown, Cai and DasGupta, 2001, by hand: (8 + 1.9208 -+ 1.96 sqrt(1.6 + 0.9604)) / 13.8416.
    assert (accuracy.low, accuracy.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_of_no_images_nothing_is_known():
    metrics = measure([], [], tuple("abcd"))
    assert (metrics.accuracy.low, metrics.accuracy.high, metrics.accuracy.trials) == (0.0, 1.0, 0)
    unknown = [
        metrics.accuracy.value,
        metrics.top_3_accuracy,
        metrics.loss,
        metrics.calibration.error,
        metrics.calibration.mean_confidence,
        calibration_error(np.zeros(0), np.zeros(0, bool)),
        Proportion.of(0, 0, 0.95).value,
    ]
    assert all(map(math.isnan, unknown))
    assert metrics.mistakes == ()


def test_top_3_accuracy_and_loss_by_hand():
    probabilities = [[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.0, 0.5, 0.3, 0.2]]
    metrics = measure_probabilities(["a", "c", "a"], probabilities, tuple("abcd"))
    assert metrics.top_3_accuracy == pytest.approx(2 / 3)
    expected = -(math.log(0.4) + math.log(0.3) + math.log(1e-7)) / 3
    assert metrics.loss == pytest.approx(expected, rel=1e-6)


def test_what_a_model_does_not_know_it_never_finds():
    metrics = measure(["fox", "a"], ["a", "a"], tuple("abcd"))
    assert (metrics.top_3_accuracy, metrics.accuracy.value) == (0.5, 0.5)
    assert metrics.loss == pytest.approx(-(math.log(1e-7) + math.log(0.9)) / 2, rel=1e-6)


def test_images_by_class_and_predicted_class():
    metrics = measure(["cat", "cat", "dog", "cat"], ["cat", "dog", "dog", "dog"])
    found = metrics.confusion
    assert found.names == ("cat", "dog")
    assert found.images == {(0, 0): (0,), (0, 1): (1, 3), (1, 1): (2,)}
    assert (found.supports, found.predicted) == ((3, 1), (1, 3))
    assert found.count((1, 0)) == 0


def test_the_most_confident_come_first():
    probabilities = [[0.6, 0.4], [0.9, 0.1], [0.7, 0.3]]
    metrics = measure_probabilities(["dog", "dog", "dog"], probabilities)
    assert metrics.confusion.images == {(1, 0): (1, 2, 0)}
    assert metrics.mistakes == (1, 2, 0)


def test_a_class_that_the_model_does_not_know_stands_last():
    found = measure(["bird", "cat"], ["dog", "cat"]).confusion
    assert found.names == ("cat", "dog", "bird")
    assert found.images == {(0, 0): (1,), (2, 1): (0,)}


def test_the_most_frequent_mistakes_come_first():
    images = {(0, 0): (1,), (0, 1): (2,), (1, 2): (3, 4), (2, 0): (5,)}
    assert ConfusionMatrix(("a", "b", "c"), images).mistaken == ((1, 2), (0, 1), (2, 0))


def test_recall_precision_and_support():
    texts, chosen = ["cat"] * 4 + ["dog"] * 2, ["cat"] * 3 + ["dog"] * 2 + ["cat"]
    cat, dog, bird = measure(texts, chosen, ("cat", "dog", "bird")).classes
    assert (cat.name, cat.support) == ("cat", 4)
    assert (cat.recall.successes, cat.recall.trials) == (3, 4)
    assert (cat.precision.successes, cat.precision.trials) == (3, 4)
    assert (dog.recall.value, dog.precision.value) == (0.5, 0.5)
    assert math.isnan(bird.recall.value)
    assert math.isnan(bird.precision.value)


TEXTS = ["cat", "cat", "dog", "dog", "dog"]


def test_gains_and_losses_add_up():
    before = make_model(["cat", "dog"], ["cat", "dog", "dog", "cat", "cat"])
    found = measure(TEXTS, ["cat", "cat", "cat", "dog", "cat"], baseline=before).comparison
    assert found is not None
    assert (found.gained, found.lost) == ((1, 3), (2,))
    assert (found.both_right, found.both_wrong, found.images) == (1, 1, 5)
    assert (found.only_new, found.only_old, found.unknown_images) == ((), (), 0)
    assert measure(TEXTS, TEXTS).comparison is None


def test_classes_are_compared_by_name_and_not_by_place():
    found = measure(TEXTS, TEXTS, baseline=make_model(["dog", "cat"], TEXTS)).comparison
    assert (found.both_right, found.images) == (5, 5)


def test_a_serving_model_of_other_classes():
    before = make_model(["bird", "cat"], ["cat", "bird", "bird", "bird", "cat"])
    found = measure(TEXTS, TEXTS, baseline=before).comparison
    assert (found.only_new, found.only_old) == (("dog",), ("bird",))
    assert found.unknown_images == 3
    assert (found.gained, found.gained_known) == ((1, 2, 3, 4), 1)


def test_calibration_bins_by_hand():
    probabilities = [[0.95, 0.05], [0.97, 0.03], [1.0, 0.0], [0.6, 0.4]]
    found = measure_probabilities(["cat", "dog", "cat", "dog"], probabilities).calibration
    assert len(found.bins) == CALIBRATION_BINS == 15
    full = {each.start: each for each in found.bins if each.accuracy.trials}
    assert sorted(full) == pytest.approx([9 / 15, 14 / 15])
    highest = found.bins[14]
    assert (highest.accuracy.successes, highest.accuracy.trials) == (2, 3)
    assert highest.mean_confidence == pytest.approx(2.92 / 3)
    assert found.mean_confidence == pytest.approx(3.52 / 4)
    assert found.error == pytest.approx(abs(2.92 - 2) / 4 + 0.6 / 4)


def test_the_bins_add_up_to_the_error_that_the_gate_judges():
    dice = np.random.RandomState(0)
    sure = 0.5 + dice.rand(500) / 2
    texts = np.where(dice.rand(500) < 0.6, "cat", "dog")
    metrics = measure_probabilities(texts, np.stack([sure, 1 - sure], axis=1))
    gaps = [
        each.accuracy.trials * abs(each.mean_confidence - each.accuracy.value)
        for each in metrics.calibration.bins
        if each.accuracy.trials
    ]
    assert sum(gaps) / 500 == pytest.approx(metrics.calibration.error)


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [
        # The last digits are those of the formula, by hand.
        (154, 186, (0.767224, 0.875417)),
        (10, 10, (0.722467, 1.0)),
        (0, 10, (0.0, 0.277533)),
        (0, 0, (0.0, 1.0)),
    ],
)
def test_wilson(successes, trials, expected):
    assert wilson(successes, trials, 0.95) == pytest.approx(expected, abs=1e-6)


def test_wilson_is_wider_with_more_confidence():
    low, high = wilson(90, 100, 0.95)
    lower, higher = wilson(90, 100, 0.99)
    assert lower < low < 0.9 < high < higher


def test_paired_difference_of_the_paper():
    # Agresti and Min 2005: 16 and 37 discordant pairs of 300.
    assert paired_difference(16, 37, 300, 0.95) == pytest.approx((-0.116578, -0.022494), abs=1e-6)


@pytest.mark.parametrize(
    ("gained", "lost", "images", "expected"),
    [
        (0, 0, 186, (-0.010425, 0.010425)),
        (5, 5, 1000, (-0.006487, 0.006487)),
        (0, 0, 0, (-0.979982, 0.979982)),
        (3, 0, 3, (0.018581, 1.0)),
    ],
)
def test_paired_difference(gained, lost, images, expected):
    assert paired_difference(gained, lost, images, 0.95) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("gained", "lost", "expected"), [(0, 0, 1.0), (1, 6, 0.125), (5, 5, 1.0), (0, 5, 0.0625)]
)
def test_mcnemar(gained, lost, expected):
    assert mcnemar(gained, lost) == pytest.approx(expected, abs=1e-9)


def test_calibration_error_by_hand():
    # Two images in the bin around 0.7, of which one is right; two in the last, both right.
    confidences = np.array([0.7, 0.7, 0.95, 0.99])
    is_right = np.array([True, False, True, True])
    expected = abs(0.7 + 0.7 - 1) / 4 + abs(0.95 + 0.99 - 2) / 4
    assert calibration_error(confidences, is_right) == pytest.approx(expected, abs=1e-12)


def test_calibration_interval_holds_the_value_and_is_repeatable():
    random = np.random.default_rng(0)
    confidences = random.uniform(0.2, 1, 2000)
    is_right = random.random(2000) < confidences - 0.1
    low, high = calibration_interval(confidences, is_right, 0.95)
    assert low < 0.1 < high
    assert high - low < 0.05
    assert low < calibration_error(confidences, is_right) < high
    assert (low, high) == calibration_interval(confidences, is_right, 0.95)


@pytest.mark.parametrize("images", [0, 1])
def test_calibration_interval_of_too_few_images(images):
    assert calibration_interval(np.ones(images), np.ones(images, bool), 0.95) == (0.0, 1.0)


def test_median_interval():
    # Of ten measurements, the second and the ninth: 0.979 by the binomial distribution.
    assert median_interval(np.arange(1.0, 11.0), 0.95) == (2.0, 9.0)


@pytest.mark.parametrize("values", [[], [1.0, 2.0]])
def test_median_interval_of_too_few_measurements(values):
    assert median_interval(np.array(values), 0.95) == (-math.inf, math.inf)
