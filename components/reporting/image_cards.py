"""Test images -> small pictures with their class and what models predict."""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Set

from components import features
from components.errors import PipelineError
from components.pages.thumbnails import MOST_CHARACTERS, SIDE, thumbnail_workers
from components.predictions import ModelPredictions, Predictions
from components.split_records import find_images

SMALL_SIDE = 96
"""Pixels of pictures that are shown by the hundred: 2 kB each."""

PictureKey = tuple[str, int]
"""SHA-256 of the file, and pixels of the longer side."""


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a model predicts for an image.

    Attributes:
        label: Which model, or what is to be made of it.
        class_text: The class.
        probability: 0 to 1.
        is_correct: Whether it is the image's class.
    """

    label: str
    class_text: str
    probability: float
    is_correct: bool


@dataclasses.dataclass(frozen=True)
class Card:
    """One test image.

    Attributes:
        filename: Path below the data folder.
        sha256: Of the file.
        class_text: The class that it lies in.
        predictions: Of one model or two.
        side: Pixels of the picture.
    """

    filename: str
    sha256: str
    class_text: str
    predictions: tuple[Prediction, ...]
    side: int = SIDE


def make_cards(
    predictions: Predictions,
    rows: Iterable[int],
    models: Mapping[str, ModelPredictions],
    side: int = SIDE,
) -> tuple[Card, ...]:
    """Makes the cards of some images.

    Args:
        predictions: For the test images.
        rows: Which of them.
        models: Whose predictions are told of each, by label.
        side: Pixels of the pictures.
    """
    return tuple(
        Card(
            filename=str(predictions.filenames[row]),
            sha256=str(predictions.sha256s[row]),
            class_text=(class_text := str(predictions.class_texts[row])),
            predictions=tuple(
                Prediction(
                    label,
                    name := model.predicted_class(row),
                    float(model.confidences[row]),
                    name == class_text,
                )
                for label, model in models.items()
            ),
            side=side,
        )
        for row in rows
    )


class Album:
    """Hands out pictures until the page is full."""

    def __init__(self, pictures: Mapping[PictureKey, str]):
        """Takes the pictures, as data URIs."""
        self._pictures = pictures
        self._characters = 0

    def show(self, sha256: str, side: int) -> str:
        """A picture for one place of the page; each place costs its length again.

        Args:
            sha256: Of the file.
            side: Pixels of the longer side.

        Returns:
            A data URI; empty if there is no such picture, or the page is full.
        """
        source = self._pictures.get((sha256, side), "")
        if self._characters + len(source) > MOST_CHARACTERS:
            return ""
        self._characters += len(source)
        return source


def read_pictures(folders: Iterable[str], wanted: Set[PictureKey]) -> dict[PictureKey, str]:
    """Reads the test images once and makes small pictures of some.

    Images are told apart by their content: files of two spans may have the same path, and no image
    is used twice.

    Args:
        folders: Of the records of each span.
        wanted: The pictures that are needed.

    Returns:
        Data URIs. One that cannot be made is missing, since it is not worth a report.
    """
    sides: dict[str, list[int]] = {}
    for sha256, side in wanted:
        sides.setdefault(sha256, []).append(side)
    splits = [f"{folder}/Split-{features.TEST_SPLIT}" for folder in folders]
    found, again = itertools.tee(find_images(splits, sides.keys()))
    pictures: dict[PictureKey, str] = {}
    # Raised where no worker can be started.
    with contextlib.suppress(PipelineError), thumbnail_workers() as workers:
        made = workers.map((encoded, tuple(sides[sha256])) for sha256, encoded in found)
        for (sha256, _), sources in zip(again, made, strict=True):
            pictures |= {
                (sha256, side): source for side, source in zip(sides[sha256], sources, strict=False)
            }
    return pictures
