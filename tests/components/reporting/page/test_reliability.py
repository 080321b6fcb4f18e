import numpy as np

from components.reporting.measuring.calibration import measure_calibration
from components.reporting.page.reliability import make_reliability


def test_bars_of_the_bins_that_have_images():
    confidences = np.array([0.4, 0.4, 1.0, 1.0, 1.0, 1.0])
    is_right = np.array([True, False, True, True, True, True])
    diagram = make_reliability(measure_calibration(confidences, is_right, 0.95))
    lower, higher = diagram.bars
    assert (lower.range, lower.count, lower.accuracy) == ("0.33 to 0.40", 2, "0.5000")
    assert (lower.accuracy_y, lower.confidence_y, lower.count_height) == (150.0, 180.0, 30.0)
    assert (higher.x, higher.width, higher.middle) == (281.0, 18.0, 290.0)
    assert (higher.accuracy_y, higher.high_y, higher.count_height) == (0.0, 0.0, 60.0)
    # (2 * 0.1 + 4 * 0) / 6
    assert diagram.error == "0.0333"
    assert diagram.words == (
        "Share of right answers by probability. 0.33 to 0.40: 0.5000 right; "
        "0.93 to 1.00: 1.0000 right"
    )


def test_without_images_it_is_empty():
    diagram = make_reliability(measure_calibration(np.array([]), np.array([], bool), 0.95))
    assert (diagram.bars, diagram.error) == ((), "unknown")
