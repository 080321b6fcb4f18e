"""Whether a model is right as often as its probabilities promise."""

import dataclasses

import numpy as np

from components.release.intervals import CALIBRATION_BINS, calibration_error
from components.reporting.measuring.shares import Share, make_share


@dataclasses.dataclass(frozen=True)
class CalibrationBin:
    """The images whose answers have about the same probability.

    Attributes:
        start: Lowest probability, not included but for 0.
        end: Highest probability, included.
        mean_confidence: Mean probability of their answers; NaN without images.
        accuracy: Share of them whose answers are right.
    """

    start: float
    end: float
    mean_confidence: float
    accuracy: Share


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How far probabilities are from the shares that they promise.

    Attributes:
        error: The expected calibration error, 0 to 1; NaN without images.
        mean_confidence: Of all answers, 0 to 1; NaN without images.
        bins: 15 of equal width: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural
            Networks, 2017.
    """

    error: float
    mean_confidence: float
    bins: tuple[CalibrationBin, ...]


def measure_calibration(
    confidences: np.ndarray, is_right: np.ndarray, confidence: float
) -> Calibration:
    """Compares the probabilities of answers with how often they are right.

    Args:
        confidences: float [images], 0 to 1.
        is_right: bool [images].
        confidence: Of the intervals, such as 0.95.
    """
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    # As `calibration_error` sorts them, so that the bins explain its number.
    bins = np.searchsorted(edges[1:-1], confidences)
    made = []
    for number in range(CALIBRATION_BINS):
        inside = bins == number
        accuracy = make_share(int(is_right[inside].sum()), int(inside.sum()), confidence)
        mean = _mean(confidences[inside])
        made.append(CalibrationBin(float(edges[number]), float(edges[number + 1]), mean, accuracy))
    error = calibration_error(confidences, is_right)
    return Calibration(error, _mean(confidences), tuple(made))


def _mean(values: np.ndarray) -> float:
    return float(values.mean(dtype=np.float64)) if len(values) else float("nan")
