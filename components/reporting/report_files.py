"""Facts of a run -> all files of its report."""

import csv
import os
from collections.abc import Iterable, Mapping, Sequence

from components.predictions import Predictions
from components.reporting.metrics_json import metrics_to_json
from components.reporting.model_card import write_card
from components.reporting.report_page import render_report
from components.reporting.run_facts import RunFacts
from components.storage import open_text
from components.text import to_cell

REPORT_FILE = "report.html"
METRICS_FILE = "metrics.json"
CARD_FILE = "model_card.md"
MISTAKES_FILE = "mistakes.csv"
LABEL_ERRORS_FILE = "suspected_label_errors.csv"

MISTAKES_COLUMNS = {
    "filename": "filename",
    "sha256": "sha256",
    "class": "class",
    "answer": "predicted",
    "probability": "of_predicted",
    "probability_of_class": "of_class",
}
"""What stands in each; the names are read by other programs."""
LABEL_ERRORS_COLUMNS = {
    "filename": "filename",
    "sha256": "sha256",
    "class": "class",
    "suggested_class": "predicted",
    "probability_of_class": "of_class",
    "probability_of_suggested_class": "of_predicted",
}


def write_report_files(facts: RunFacts, record_folders: Sequence[str], folder: str) -> None:
    """Writes the report.

    Args:
        facts: Of the run.
        record_folders: Of the records of each span, from which pictures are made.
        folder: The artifact's.
    """
    predictions = facts.metrics.predictions
    texts = {
        REPORT_FILE: render_report(facts, record_folders),
        METRICS_FILE: metrics_to_json(facts),
        CARD_FILE: write_card(facts),
    }
    for name, text in texts.items():
        with open_text(os.path.join(folder, name), "w") as file:
            file.write(text)
    mistakes = os.path.join(folder, MISTAKES_FILE)
    write_images(mistakes, MISTAKES_COLUMNS, predictions, facts.metrics.mistakes)
    suspected = os.path.join(folder, LABEL_ERRORS_FILE)
    write_images(suspected, LABEL_ERRORS_COLUMNS, predictions, facts.label_errors.rows)


def write_images(
    path: str, columns: Mapping[str, str], predictions: Predictions, rows: Iterable[int]
) -> None:
    """Writes images to look at, as CSV that spreadsheets open without harm.

    Programs should go by `sha256`, which names the file whatever it is called.

    Args:
        path: Of the file.
        columns: By name, what stands in them: a key of `_describe`.
        predictions: For the test images.
        rows: Of the images, in the order in which they are written.
    """
    with open_text(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        for row in rows:
            values = _describe(predictions, row)
            writer.writerow(to_cell(values[key]) for key in columns.values())


def _describe(predictions: Predictions, row: int) -> dict[str, str]:
    model, class_text = predictions.model, str(predictions.class_texts[row])
    of_class = ""
    # The model may not know the image's own class.
    if class_text in model.class_names:
        of_class = f"{model.probabilities[row, model.class_names.index(class_text)]:.6f}"
    return {
        "filename": str(predictions.filenames[row]),
        "sha256": str(predictions.sha256s[row]),
        "class": class_text,
        "predicted": model.predicted_class(row),
        "of_predicted": f"{model.confidences[row]:.6f}",
        "of_class": of_class,
    }
