"""The summary of a run, in words."""

import os

from rich.table import Table
from rich.text import Text

from components.errors import command
from components.release.verdict import FAILED, NOT_ENOUGH_EVIDENCE, PASSED
from pipeline.runs.finished import RunFinished

UNCHANGED = (
    "Nothing changed: every step was taken from the cache, and nothing was pushed. "
    "The verdict of the earlier run stands: "
)
OUTCOME_STYLES = {PASSED: "green", FAILED: "red", NOT_ENOUGH_EVIDENCE: "yellow"}


def split_table(finished: RunFinished) -> Table:
    """Images and accuracy by split."""
    table = Table("split", "images", "accuracy")
    for column in table.columns[1:]:
        column.justify = "right"
    for split, size in finished.split_sizes.items():
        table.add_row(split, f"{size:,}", f"{finished.accuracies[split]:.4f}")
    return table


def account_lines(finished: RunFinished) -> list[Text]:
    """What became of all files, what was found among them, and where to read on."""
    used = sum(finished.split_sizes.values())
    rejects = f": see {finished.rejects_file}" if finished.rejected else ""
    ignored = f" (and {finished.ignored:,} ignored)" if finished.ignored else ""
    counted = (
        f"{finished.found:,} files found: {used:,} used, {finished.duplicates:,} duplicates, "
        f"{finished.rejected:,} rejected{ignored}{rejects}"
    )
    findings = [f"{title}: {count:,}" for title, count in finished.findings.items()]
    warnings = [Text.assemble(("warning", "yellow"), f" {text}") for text in finished.warnings]
    shown = [Text(f"Found: {'; '.join(findings)}")] if findings else []
    spans = [Text(f"Of {', '.join(finished.spans)}")] if finished.spans else []
    newest = f" of {finished.spans[-1]}" if finished.spans else ""
    report = Text(f"Report on the images{newest}: {finished.report}")
    return [Text(counted), *spans, *shown, *warnings, report]


def verdict_lines(finished: RunFinished) -> list[Text]:
    """The checks with what was measured, the verdict, and what to do next."""
    lines = [_check_line(outcome, words) for outcome, words in finished.checks]
    lines += [Text(note) for note in finished.notes]
    lines.append(_verdict_line(finished))
    lines.append(Text(f"Report on the model: {finished.model_report}"))
    if finished.model:
        lines.append(Text(f"Ask it: {predict_command(os.path.dirname(finished.model))}"))
    return lines


def predict_command(model_folder: str) -> str:
    """What to type to ask a model.

    Args:
        model_folder: `<serving>/<name>`.
    """
    return f"{command('pipeline.predict', '--model', model_folder)} IMAGE..."


def _check_line(outcome: str, words: str) -> Text:
    return Text.assemble((f"{outcome:20}", OUTCOME_STYLES[outcome]), f" {words}")


def _verdict_line(finished: RunFinished) -> Text:
    verdict = (finished.verdict, f"bold {'green' if finished.model else 'red'}")
    before = UNCHANGED if finished.is_unchanged else ""
    if not finished.model:
        return Text.assemble(before, verdict, " The model is not pushed.")
    version = os.path.basename(finished.model)
    pushed = f"Version {version}{', pushed then' if finished.is_unchanged else ''}"
    return Text.assemble(before, verdict, f" {pushed}: {finished.model}")
