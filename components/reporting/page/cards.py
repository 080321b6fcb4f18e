"""Test images -> pictures with their class and what models answered."""

import dataclasses
from collections.abc import Callable, Iterable

from components.pages.thumbnails import SIDE
from components.predictions import Answers, Predictions
from components.reporting.wording import format_percent

SMALL_SIDE = 96
"""Pixels of pictures that are shown by the hundred: 2 kB each."""
MOST_CARDS = 24

ANSWER = "answer"
SUGGESTED = "perhaps"
NOW = "now"
BEFORE = "before"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a model said of an image.

    Attributes:
        label: Which answer it is.
        class_text: The class.
        probability: In words.
        is_right: Whether it is the image's class.
    """

    label: str
    class_text: str
    probability: str
    is_right: bool


@dataclasses.dataclass(frozen=True)
class Card:
    """One test image.

    Attributes:
        filename: Path below the data folder.
        sha256: Of the file.
        class_text: The class that it lies in.
        answers: Of one model or two.
        side: Pixels of the picture.
    """

    filename: str
    sha256: str
    class_text: str
    answers: tuple[Answer, ...]
    side: int = SIDE


MakeAnswers = Callable[[Predictions, int], tuple[Answer, ...]]


def make_cards(
    predictions: Predictions,
    rows: Iterable[int],
    answers: MakeAnswers,
    side: int = SIDE,
) -> tuple[Card, ...]:
    """Makes the cards of some images.

    Args:
        predictions: Of the test images.
        rows: Which of them.
        answers: What is told of each.
        side: Pixels of the pictures.
    """
    return tuple(
        Card(
            filename=str(predictions.filenames[row]),
            sha256=str(predictions.sha256s[row]),
            class_text=str(predictions.class_texts[row]),
            answers=answers(predictions, row),
            side=side,
        )
        for row in rows
    )


def own_answer(predictions: Predictions, row: int) -> tuple[Answer, ...]:
    """What the new model says."""
    return (_make_answer(ANSWER, predictions, predictions.model, row),)


def suggestion(predictions: Predictions, row: int) -> tuple[Answer, ...]:
    """The same, as what the label should perhaps be."""
    return (_make_answer(SUGGESTED, predictions, predictions.model, row),)


def both_answers(predictions: Predictions, row: int) -> tuple[Answer, ...]:
    """What the serving model said, and what the new one says."""
    if predictions.baseline is None:
        return own_answer(predictions, row)
    return (
        _make_answer(BEFORE, predictions, predictions.baseline, row),
        _make_answer(NOW, predictions, predictions.model, row),
    )


def _make_answer(label: str, predictions: Predictions, answers: Answers, row: int) -> Answer:
    name = answers.class_names[int(answers.top_classes[row])]
    return Answer(
        label=label,
        class_text=name,
        probability=format_percent(float(answers.confidences[row])),
        is_right=name == predictions.class_texts[row],
    )
