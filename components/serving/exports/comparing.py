"""Exports against the SavedModel, image by image."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.stats import binomtest

Classifier = Callable[[np.ndarray], np.ndarray]
"""From uint8 [batch, height, width, channels] to float [batch, classes]."""

CONFIDENCE = 0.95
TIE = 1e-4
"""Classes whose probabilities in the SavedModel differ by less are equally good answers."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How an export answers, compared with the SavedModel.

    Attributes:
        images: How many both were asked about.
        top_1_agreement: Share of the images for which the export's class is the SavedModel's.
        largest_difference: Of the probabilities of one class of one image, absolute.
        mean_difference: Of all probabilities, absolute.
        accuracy: Share of the images for which the export's class is the label.
        saved_model_accuracy: The same of the SavedModel.
        agreement_interval: Of `top_1_agreement`, by Wilson's method, at 95% confidence.
    """

    images: int
    top_1_agreement: float
    largest_difference: float
    mean_difference: float
    accuracy: float
    saved_model_accuracy: float
    agreement_interval: tuple[float, float]


def compare(
    saved_model: Classifier, exports: Mapping[str, Classifier], evaluation: tf.data.Dataset
) -> dict[str, Comparison]:
    """Asks all of them about each image, once.

    Args:
        saved_model: The one that is right.
        exports: The others, by name.
        evaluation: Batches of uint8 [batch, height, width, channels] and int64 [batch].

    Returns:
        What was found, by the names in `exports`; nothing if there are no images. The differences
        are not finite where a probability is not.
    """
    measured: dict[str, list[np.ndarray]] = {name: [] for name in exports}
    for pixels, labels in evaluation.as_numpy_iterator():
        expected = saved_model(pixels)
        for name, export in exports.items():
            measured[name].append(_measure(expected, export(pixels), labels))
    return {name: _summarize(batches) for name, batches in measured.items() if batches}


def _measure(expected: np.ndarray, received: np.ndarray, labels: Any) -> np.ndarray:
    """float64 [5, batch]: agreement, largest and mean difference, and who is right."""
    differences = np.abs(received.astype(np.float64) - expected)
    chosen = received.argmax(axis=1)
    agrees = expected[np.arange(len(chosen)), chosen] >= expected.max(axis=1) - TIE
    largest, mean = differences.max(axis=1), differences.mean(axis=1)
    correct = (chosen == labels, expected.argmax(axis=1) == labels)
    return np.stack([agrees, largest, mean, *correct]).astype(np.float64)


def _summarize(batches: list[np.ndarray]) -> Comparison:
    agrees, largest, mean, correct, expected_correct = np.concatenate(batches, axis=1)
    interval = binomtest(int(agrees.sum()), len(agrees)).proportion_ci(CONFIDENCE, "wilson")
    return Comparison(
        images=len(agrees),
        top_1_agreement=float(agrees.mean()),
        largest_difference=float(largest.max()),
        mean_difference=float(mean.mean()),
        accuracy=float(correct.mean()),
        saved_model_accuracy=float(expected_correct.mean()),
        agreement_interval=(float(interval.low), float(interval.high)),
    )
