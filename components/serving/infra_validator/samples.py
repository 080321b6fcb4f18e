"""Test images as clients have them, with what the evaluation said of them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from components.predictions import Predictions
from components.split_records import find_images

MOST_IMAGES = 256
MOST_BYTES = 100_000_000
"""Of all chosen images together: they are held in memory, and sent through a pipe."""


@dataclasses.dataclass(frozen=True)
class Samples:
    """Chosen test images.

    Attributes:
        names: Their files.
        images: Their bytes, as they lie in the records.
        probabilities: float32 [images, classes], the evaluation's answers.
        class_names: In the order of the probabilities, as the evaluation read them.
    """

    names: tuple[str, ...]
    images: tuple[bytes, ...]
    probabilities: np.ndarray
    class_names: tuple[str, ...]


def choose_samples(predictions: Predictions, folders: Sequence[str]) -> Samples:
    """Chooses images of all classes in turn, the same ones each time.

    Args:
        predictions: Of the test split.
        folders: Of its records, one of each span.
    """
    rows = _choose(predictions.class_texts)
    wanted = {predictions.sha256s[row]: row for row in rows}
    found = dict(find_images(folders, set(wanted)))
    kept: list[int] = []
    size = 0
    for sha256, row in wanted.items():
        size += len(found[sha256])
        if kept and size > MOST_BYTES:
            break
        kept.append(row)
    return Samples(
        tuple(predictions.filenames[row] for row in kept),
        tuple(found[predictions.sha256s[row]] for row in kept),
        predictions.model.probabilities[np.array(kept, np.int64)],
        predictions.model.class_names,
    )


def _choose(class_texts: np.ndarray) -> list[int]:
    """Rows: the first image of each class, then the second, up to the limit."""
    seen: dict[str, int] = {}
    ranked = []
    for row, name in enumerate(class_texts):
        seen[name] = seen.get(name, 0) + 1
        ranked.append((seen[name], name, row))
    return [row for _, _, row in sorted(ranked)[:MOST_IMAGES]]
