"""Which classes are taken for which.

Kept by pairs that occur: a full matrix of 20,000 classes would take 3 GB.
"""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from components.predictions import Predictions


@dataclasses.dataclass(frozen=True)
class Confusion:
    """The test images by class and answer.

    Attributes:
        names: Of the classes: the model's, then those of images that it does not know.
        images: For each pair (class, answer) of positions in `names` that occurs, the rows of its
            images in the predictions, the most confident first.
    """

    names: tuple[str, ...]
    images: Mapping[tuple[int, int], tuple[int, ...]]

    def count(self, pair: tuple[int, int]) -> int:
        """Images of a pair."""
        return len(self.images.get(pair, ()))

    @functools.cached_property
    def supports(self) -> tuple[int, ...]:
        """Images of each class."""
        return self._sums(0)

    @functools.cached_property
    def answers(self) -> tuple[int, ...]:
        """How often each class was the answer."""
        return self._sums(1)

    @functools.cached_property
    def mistaken(self) -> tuple[tuple[int, int], ...]:
        """Pairs of different classes, the most frequent first."""
        wrong = (pair for pair in self.images if pair[0] != pair[1])
        return tuple(sorted(wrong, key=lambda pair: (-self.count(pair), pair)))

    def _sums(self, side: int) -> tuple[int, ...]:
        sums = [0] * len(self.names)
        for pair, rows in self.images.items():
            sums[pair[side]] += len(rows)
        return tuple(sums)


def find_confusion(predictions: Predictions) -> Confusion:
    """Sorts the test images by class and answer."""
    known = predictions.model.class_names
    names = (*known, *sorted(set(predictions.class_texts) - set(known)))
    positions = {name: position for position, name in enumerate(names)}
    classes = [positions[name] for name in predictions.class_texts]
    answers = predictions.model.top_classes.tolist()
    images: dict[tuple[int, int], list[int]] = {}
    for row in np.argsort(-predictions.model.confidences, kind="stable").tolist():
        images.setdefault((classes[row], answers[row]), []).append(row)
    return Confusion(names, {pair: tuple(images[pair]) for pair in sorted(images)})


def most_confused(confusion: Confusion, most: int) -> tuple[int, ...]:
    """Chooses the classes of a matrix that can be read.

    Args:
        confusion: Of all classes.
        most: How many at most, 2 or more.

    Returns:
        Positions, ascending: of all classes if they are few enough, else of those of the most
        frequent pairs.
    """
    if len(confusion.names) <= most:
        return tuple(range(len(confusion.names)))
    chosen: set[int] = set()
    for pair in confusion.mistaken:
        if len(chosen | set(pair)) <= most:
            chosen |= set(pair)
    by_support = sorted(range(len(confusion.names)), key=lambda each: -confusion.supports[each])
    for position in by_support:
        if len(chosen) < most:
            chosen.add(position)
    return tuple(sorted(chosen))
