"""Wrong answers, the most confident first."""

import numpy as np

from components.predictions import Predictions


def find_mistakes(predictions: Predictions) -> tuple[int, ...]:
    """Rows of the images whose answers are wrong, the most confident first."""
    wrong = np.flatnonzero(~predictions.model.is_right(predictions.class_texts))
    order = np.argsort(-predictions.model.confidences[wrong], kind="stable")
    return tuple(wrong[order].tolist())
