"""Images to look at, as CSV that spreadsheets open without harm.

Programs should go by `sha256`, which names the file whatever it is called.
"""

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO

from components.predictions import Predictions
from components.text import to_cell

MISTAKES_HEADER = ("filename", "sha256", "class", "answer", "probability", "probability_of_class")
LABEL_ERRORS_HEADER = (
    "filename",
    "sha256",
    "class",
    "suggested_class",
    "probability_of_class",
    "probability_of_suggested_class",
)


def write_mistakes(file: TextIO, predictions: Predictions, rows: Iterable[int]) -> None:
    """Writes the wrong answers.

    Args:
        file: Opened for UTF-8, with its line ends left alone.
        predictions: Of the test images.
        rows: Of the mistakes, in the order in which they are written.
    """
    lines = (
        (*_names(predictions, row), _answer(predictions, row), *_probabilities(predictions, row))
        for row in rows
    )
    _write(file, MISTAKES_HEADER, lines)


def write_label_errors(file: TextIO, predictions: Predictions, rows: Iterable[int]) -> None:
    """Writes the images whose label is suspected; arguments as of `write_mistakes`."""
    lines = (
        (
            *_names(predictions, row),
            _answer(predictions, row),
            *reversed(_probabilities(predictions, row)),
        )
        for row in rows
    )
    _write(file, LABEL_ERRORS_HEADER, lines)


def _names(predictions: Predictions, row: int) -> tuple[str, str, str]:
    filename, sha256 = str(predictions.filenames[row]), str(predictions.sha256s[row])
    return filename, sha256, str(predictions.class_texts[row])


def _answer(predictions: Predictions, row: int) -> str:
    return predictions.model.class_names[int(predictions.model.top_classes[row])]


def _probabilities(predictions: Predictions, row: int) -> tuple[str, str]:
    """Of the answer, and of the image's own class; empty for one that the model does not know."""
    model = predictions.model
    own = ""
    if predictions.class_texts[row] in model.class_names:
        position = model.class_names.index(predictions.class_texts[row])
        own = f"{model.probabilities[row, position]:.6f}"
    return f"{model.confidences[row]:.6f}", own


def _write(file: TextIO, header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(map(to_cell, line) for line in lines)
