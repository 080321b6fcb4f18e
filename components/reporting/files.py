"""Facts of a run -> all files of its report."""

import os
from collections.abc import Sequence

from components.reporting.album import Album, read_pictures
from components.reporting.facts import RunFacts
from components.reporting.lists import write_label_errors, write_mistakes
from components.reporting.measuring.measures import measure
from components.reporting.metrics_file import metrics_to_json
from components.reporting.model_card import write_card
from components.reporting.page.sections import make_sections
from components.reporting.page.writer import render_report
from components.storage import open_text

REPORT_FILE = "report.html"
METRICS_FILE = "metrics.json"
CARD_FILE = "model_card.md"
MISTAKES_FILE = "mistakes.csv"
LABEL_ERRORS_FILE = "suspected_label_errors.csv"


def write_report_files(facts: RunFacts, record_folders: Sequence[str], folder: str) -> None:
    """Writes the report.

    Args:
        facts: Of the run.
        record_folders: Of the records of each span, from which pictures are made.
        folder: The artifact's.
    """
    measures = measure(facts.predictions, facts.verdict.confidence)
    sections = make_sections(facts, measures)
    album = Album(read_pictures(record_folders, sections.pictures()))
    texts = {
        REPORT_FILE: render_report(facts, measures, sections, album),
        METRICS_FILE: metrics_to_json(facts, measures),
        CARD_FILE: write_card(facts, measures),
    }
    for name, text in texts.items():
        with open_text(os.path.join(folder, name), "w") as file:
            file.write(text)
    with open_text(os.path.join(folder, MISTAKES_FILE), "w") as file:
        write_mistakes(file, facts.predictions, measures.mistakes)
    with open_text(os.path.join(folder, LABEL_ERRORS_FILE), "w") as file:
        write_label_errors(file, facts.predictions, measures.label_errors.rows)
