"""Golden values, from the papers that the functions name where these have any."""

import math

import numpy as np
import pytest

from components.release.intervals import (
    calibration_error,
    calibration_interval,
    mcnemar,
    median_interval,
    paired_difference,
    wilson,
)


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


def test_calibration_error_without_images():
    assert math.isnan(calibration_error(np.zeros(0), np.zeros(0, bool)))


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
