"""Exports against the SavedModel, image by image: whether a file may be handed out."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.stats import binomtest

from components.serving.exports.converters import Classifier
from components.serving.exports.export_formats import LEAST_AGREEMENT

CONFIDENCE = 0.95
TIE = 1e-4
"""Classes whose probabilities in the SavedModel differ by less are equally good predictions."""


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How an export predicts, compared with the SavedModel.

    Attributes:
        images: How many both predicted.
        top_1_agreement: Proportion of the images for which the export's class is the SavedModel's.
        largest_difference: Of the probabilities of one class of one image, absolute.
        mean_difference: Of all probabilities, absolute.
        accuracy: Proportion of the images for which the export's class is the label.
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
) -> dict[str, Agreement]:
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


def find_problem(name: str, agreement: Agreement | None) -> str:
    """Says why a file may not be handed out.

    Few images show little: an export is left out where it is shown to be unlike, which is where the
    whole interval of its agreement is below the bound.

    Args:
        name: Of the format.
        agreement: What was measured; None if nothing was.

    Returns:
        A sentence; empty if there is no reason.
    """
    if agreement is None:
        return (
            "Exports are checked on the evaluation images, of which there must be one or "
            "more. Received: none. Give the evaluation split a proportion of the images."
        )
    if not math.isfinite(agreement.largest_difference):
        return (
            "The probabilities must be finite numbers, as the SavedModel's are. Received: "
            "a value that is not, for an evaluation image. Train with a smaller learning rate, "
            "which keeps the weights small."
        )
    least, (low, high) = LEAST_AGREEMENT[name], agreement.agreement_interval
    if high >= least:
        return ""
    return (
        f"It must choose the SavedModel's class for a proportion of {least} or more of "
        f"the evaluation images. Received: {agreement.top_1_agreement:.4f} ({low:.4f} to "
        f"{high:.4f}) of {agreement.images:,} images, accuracy {agreement.accuracy:.4f} "
        f"against {agreement.saved_model_accuracy:.4f}, probabilities up to "
        f"{agreement.largest_difference:.4f} apart. Train longer, which makes predictions "
        "more decided, or choose another trainer."
    )


def _measure(expected: np.ndarray, received: np.ndarray, labels: Any) -> np.ndarray:
    """float64 [5, batch]: agreement, largest and mean difference, and who is right."""
    differences = np.abs(received.astype(np.float64) - expected)
    chosen = received.argmax(axis=1)
    agrees = expected[np.arange(len(chosen)), chosen] >= expected.max(axis=1) - TIE
    largest, mean = differences.max(axis=1), differences.mean(axis=1)
    correct = (chosen == labels, expected.argmax(axis=1) == labels)
    return np.stack([agrees, largest, mean, *correct]).astype(np.float64)


def _summarize(batches: list[np.ndarray]) -> Agreement:
    agrees, largest, mean, correct, expected_correct = np.concatenate(batches, axis=1)
    interval = binomtest(int(agrees.sum()), len(agrees)).proportion_ci(CONFIDENCE, "wilson")
    return Agreement(
        images=len(agrees),
        top_1_agreement=float(agrees.mean()),
        largest_difference=float(largest.max()),
        mean_difference=float(mean.mean()),
        accuracy=float(correct.mean()),
        saved_model_accuracy=float(expected_correct.mean()),
        agreement_interval=(float(interval.low), float(interval.high)),
    )
