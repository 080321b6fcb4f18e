"""What became better and worse against the serving model, on the same images.

Answers are compared by the names of classes, since the two models may know different ones.
"""

import dataclasses

import numpy as np

from components.predictions import Answers, Predictions


@dataclasses.dataclass(frozen=True)
class Changes:
    """Two models side by side.

    Attributes:
        gained: Rows of the images that only the new model is right on, its most confident answers
            first.
        lost: Rows of those that only the serving model is right on, the new model's most confident
            answers first.
        both_right: How many images both are right on.
        both_wrong: How many both are wrong on.
        only_new: Classes that only the new model knows.
        only_old: Classes that only the serving model knows.
        unknown_images: Test images of classes that the serving model does not know; it is wrong on
            all of them.
    """

    gained: tuple[int, ...]
    lost: tuple[int, ...]
    both_right: int
    both_wrong: int
    only_new: tuple[str, ...]
    only_old: tuple[str, ...]
    unknown_images: int

    @property
    def images(self) -> int:
        """All images that were compared."""
        return len(self.gained) + len(self.lost) + self.both_right + self.both_wrong


def find_changes(predictions: Predictions) -> Changes | None:
    """Compares the new model with the serving one; None if there is none."""
    old = predictions.baseline
    if old is None:
        return None
    classes = predictions.class_texts
    is_right, was_right = predictions.model.is_right(classes), old.is_right(classes)
    return Changes(
        gained=_rows(is_right & ~was_right, predictions.model),
        lost=_rows(~is_right & was_right, predictions.model),
        both_right=int((is_right & was_right).sum()),
        both_wrong=int((~is_right & ~was_right).sum()),
        only_new=_missing(predictions.model, old),
        only_old=_missing(old, predictions.model),
        unknown_images=int((old.positions_of(classes) < 0).sum()),
    )


def _rows(mask: np.ndarray, answers: Answers) -> tuple[int, ...]:
    rows = np.flatnonzero(mask)
    return tuple(rows[np.argsort(-answers.confidences[rows], kind="stable")].tolist())


def _missing(answers: Answers, other: Answers) -> tuple[str, ...]:
    return tuple(sorted(set(answers.class_names) - set(other.class_names)))
