"""Images whose label is probably wrong, by confident learning.

Northcutt, Jiang and Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, 2021, as
cleanlab has it. The model must not have been trained on the images, and so these are test images.
"""

import dataclasses
import warnings

import numpy as np

from components.errors import first_line
from components.pages.page import plural
from components.predictions import Predictions

FEWEST_CLASSES = 2
FEWEST_IMAGES = 5
"""Of a class, for its mean probability to mean something."""


@dataclasses.dataclass(frozen=True)
class LabelErrors:
    """What was found.

    Attributes:
        rows: Of images whose label is probably wrong, the most suspicious first.
        note: Why nothing could be searched, or not everywhere, in a sentence; may be empty.
    """

    rows: tuple[int, ...]
    note: str = ""


def find_label_errors(predictions: Predictions) -> LabelErrors:
    """Searches the test images for wrong labels.

    Returns:
        What was found; where the method does not work, a sentence instead of an error.
    """
    labels = predictions.model.positions_of(predictions.class_texts)
    known = np.flatnonzero(labels >= 0)
    found = len(set(labels[known].tolist()))
    if found < FEWEST_CLASSES:
        return LabelErrors(
            (),
            "Confident learning compares classes with each other and needs test images of two "
            f"classes at least. Here there are images of {found}.",
        )
    try:
        rows = _search(labels[known], predictions.model.probabilities[known])
    except Exception as error:
        # Its many checks of small or one-sided sets end in errors of all kinds; a report must not.
        return LabelErrors((), f"Confident learning failed on these images: {first_line(error)}.")
    counts = np.bincount(labels[known], minlength=len(predictions.model.class_names))
    return LabelErrors(tuple(known[rows].tolist()), _note(counts))


def _search(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    # Not above: it takes eight seconds to load, whichever part of it is asked for.
    from cleanlab.filter import find_label_issues

    with warnings.catch_warnings():
        # One for each class with few images; `_note` says it in one sentence.
        warnings.simplefilter("ignore")
        rows = find_label_issues(
            labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1
        )
    return np.asarray(rows, np.int64)


def _note(counts: np.ndarray) -> str:
    """What cannot be known, by the number of images of each class: int64 [classes]."""
    missing = int((counts == 0).sum())
    few = int((counts < FEWEST_IMAGES).sum()) - missing
    sentences = []
    if missing:
        sentences.append(
            f"{plural(missing, 'class has', 'classes have')} no test images: no image can be "
            "suspected to belong there."
        )
    if few:
        sentences.append(
            f"{plural(few, 'class has', 'classes have')} fewer than {FEWEST_IMAGES} test images: "
            "little can be said about their labels."
        )
    return " ".join(sentences)
