import math

import numpy as np
import pytest

from components.release.intervals import calibration_error
from components.reporting.measuring.calibration import measure_calibration


def test_bins_by_hand():
    confidences = np.array([0.95, 0.97, 1.0, 0.35])
    is_right = np.array([True, False, True, False])
    found = measure_calibration(confidences, is_right, 0.95)
    assert len(found.bins) == 15
    full = {bin_.start: bin_ for bin_ in found.bins if bin_.accuracy.trials}
    assert sorted(full) == pytest.approx([5 / 15, 14 / 15])
    highest = found.bins[14]
    assert (highest.accuracy.successes, highest.accuracy.trials) == (2, 3)
    assert highest.mean_confidence == pytest.approx(2.92 / 3)
    assert found.mean_confidence == pytest.approx(3.27 / 4)
    # |2.92 - 2| / 4 + |0.35 - 0| / 4
    assert found.error == pytest.approx(0.3175)


def test_the_bins_add_up_to_the_error_that_the_gate_judges():
    dice = np.random.RandomState(0)
    confidences, is_right = dice.rand(500), dice.rand(500) < 0.6
    found = measure_calibration(confidences, is_right, 0.95)
    gaps = [
        each.accuracy.trials * abs(each.mean_confidence - each.accuracy.value)
        for each in found.bins
        if each.accuracy.trials
    ]
    assert sum(gaps) / 500 == pytest.approx(calibration_error(confidences, is_right))


def test_an_edge_belongs_to_the_bin_below():
    found = measure_calibration(np.array([1 / 15]), np.array([True]), 0.95)
    assert [each.accuracy.trials for each in found.bins][:2] == [1, 0]


def test_no_images():
    found = measure_calibration(np.array([]), np.array([], bool), 0.95)
    assert math.isnan(found.error)
    assert math.isnan(found.mean_confidence)
