"""The summary of a run, in words."""

import os
import shlex
import sys

from rich.table import Table
from rich.text import Text

from pipeline.local.events import RunFinished

ROUNDING = 1e-6
"""As of `components.evaluation.thresholds`, whose import would take seconds."""


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
    counted = (
        f"{finished.found:,} files found: {used:,} used, {finished.duplicates:,} duplicates, "
        f"{finished.rejected:,} rejected{rejects}"
    )
    findings = [f"{title}: {count:,}" for title, count in finished.findings.items()]
    warnings = [Text.assemble(("warning", "yellow"), f" {text}") for text in finished.warnings]
    shown = [Text(f"Found: {'; '.join(findings)}")] if findings else []
    spans = [Text(f"Of {', '.join(finished.spans)}")] if finished.spans else []
    newest = f" of {finished.spans[-1]}" if finished.spans else ""
    report = Text(f"Report on the images{newest}: {finished.report}")
    return [Text(counted), *spans, *shown, *warnings, report]


def verdict_lines(finished: RunFinished) -> list[Text]:
    """The thresholds with what was measured, the verdict, and what to do next."""
    rules = [_accuracy_rule(finished)]
    if finished.baseline_accuracy is not None:
        rules.append(_baseline_rule(finished, finished.baseline_accuracy))
    if not finished.is_blessed:
        return [*rules, Text.assemble(("Refused", "bold red"), ": the model is not pushed.")]
    folder, version = os.path.split(finished.model)
    blessed = Text.assemble(
        ("Blessed", "bold green"), f" and pushed as version {version}: {finished.model}"
    )
    return [*rules, blessed, Text(f"Ask it: {predict_command(folder)}")]


def predict_command(model_folder: str) -> str:
    """What to type to ask a model.

    Args:
        model_folder: `<serving>/<name>`.
    """
    python = os.path.relpath(sys.executable)
    # An interpreter somewhere else is easier to read by its whole path.
    command = [sys.executable if python.startswith("..") else python, "-m", "pipeline.predict"]
    return f"{shlex.join([*command, '--model', model_folder])} IMAGE..."


def _accuracy_rule(finished: RunFinished) -> Text:
    accuracy = finished.accuracies["test"]
    return _rule(
        f"test accuracy {accuracy:.4f}, at least {finished.min_accuracy:.4f}",
        accuracy >= finished.min_accuracy - ROUNDING,
    )


def _baseline_rule(finished: RunFinished, baseline_accuracy: float) -> Text:
    change = finished.accuracies["test"] - baseline_accuracy
    return _rule(
        f"{change:+.4f} against the last blessed model's {baseline_accuracy:.4f} on the same "
        f"images, at most {finished.max_accuracy_loss:.4f} lost",
        change >= -finished.max_accuracy_loss - ROUNDING,
    )


def _rule(text: str, is_kept: bool) -> Text:
    mark = ("kept", "green") if is_kept else ("broken", "red")
    return Text.assemble(mark, " " * (8 - len(mark[0])), text)
