"""What a run came to, and that in words. Light: no TFX."""

import dataclasses
import os
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.errors import command
from components.release.release_verdict import FAILED, NOT_ENOUGH_EVIDENCE, PASSED
from pipeline.terminal import print_plain

UNCHANGED = (
    "Nothing changed: every step was taken from the cache, and nothing was pushed. "
    "The verdict of the earlier run stands: "
)
OUTCOME_STYLES = {PASSED: "green", FAILED: "red", NOT_ENOUGH_EVIDENCE: "yellow"}


@dataclasses.dataclass(frozen=True)
class RunSummary:
    """What a run came to whose steps are all done.

    Attributes:
        found: Files below the data folder, without those that are ignored.
        duplicates: Exact copies, which are left out.
        rejected: Files that could not be used.
        rejects_file: The list of these; several, with commas between, of several spans.
        findings: What else was found among the images: how many times, by its title.
        warnings: What the validation found and let pass.
        report: The page about the images; about those of the newest span.
        split_sizes: Images used by split.
        accuracies: Accuracy by split, 0 to 1.
        checks: What was asked of the model: outcome and words of each check. Of those of single
            classes, the ones that did not pass.
        verdict: Why it was released or refused, in one sentence.
        notes: What else to know about the verdict, such as why there is no comparison.
        model_report: The page about the model.
        model: Folder of the pushed version; empty if none was pushed.
        spans: Names of the spans used, the oldest first; none for a folder without spans.
        is_unchanged: Whether an earlier run did all this, so that its verdict stands.
        ignored: Files that are hidden, or left by other programs.
    """

    found: int
    duplicates: int
    rejected: int
    rejects_file: str
    findings: Mapping[str, int]
    warnings: Sequence[str]
    report: str
    split_sizes: Mapping[str, int]
    accuracies: Mapping[str, float]
    checks: Sequence[Sequence[str]]
    verdict: str
    notes: Sequence[str]
    model_report: str
    model: str
    spans: Sequence[str] = ()
    is_unchanged: bool = False
    ignored: int = 0


def print_summary(console: Console, summary: RunSummary) -> None:
    """Prints the images and the accuracy by split, the account of all files, and the verdict."""
    console.print(_split_table(summary))
    for line in (*_account_lines(summary), *_verdict_lines(summary)):
        print_plain(console, line)


def _split_table(summary: RunSummary) -> Table:
    """Images and accuracy by split."""
    table = Table("split", "images", "accuracy")
    for column in table.columns[1:]:
        column.justify = "right"
    for split, size in summary.split_sizes.items():
        table.add_row(split, f"{size:,}", f"{summary.accuracies[split]:.4f}")
    return table


def _account_lines(summary: RunSummary) -> list[Text]:
    """What became of all files, what was found among them, and where to read on."""
    used = sum(summary.split_sizes.values())
    rejects = f": see {summary.rejects_file}" if summary.rejected else ""
    ignored = f" (and {summary.ignored:,} ignored)" if summary.ignored else ""
    counted = (
        f"{summary.found:,} files found: {used:,} used, {summary.duplicates:,} duplicates, "
        f"{summary.rejected:,} rejected{ignored}{rejects}"
    )
    findings = [f"{title}: {count:,}" for title, count in summary.findings.items()]
    warnings = [Text.assemble(("warning", "yellow"), f" {text}") for text in summary.warnings]
    shown = [Text(f"Found: {'; '.join(findings)}")] if findings else []
    spans = [Text(f"Of {', '.join(summary.spans)}")] if summary.spans else []
    newest = f" of {summary.spans[-1]}" if summary.spans else ""
    report = Text(f"Report on the images{newest}: {summary.report}")
    return [Text(counted), *spans, *shown, *warnings, report]


def _verdict_lines(summary: RunSummary) -> list[Text]:
    """The checks with what was measured, the verdict, and what to do next."""
    lines = [_check_line(outcome, words) for outcome, words in summary.checks]
    lines += [Text(note) for note in summary.notes]
    lines.append(_verdict_line(summary))
    lines.append(Text(f"Report on the model: {summary.model_report}"))
    if summary.model:
        lines.append(Text(f"Predict: {predict_command(os.path.dirname(summary.model))}"))
    return lines


def predict_command(model_folder: str) -> str:
    """What to type for predictions of a model.

    Args:
        model_folder: `<serving>/<name>`.
    """
    return f"{command('pipeline.predict', '--model', model_folder)} IMAGE..."


def _check_line(outcome: str, words: str) -> Text:
    return Text.assemble((f"{outcome:20}", OUTCOME_STYLES[outcome]), f" {words}")


def _verdict_line(summary: RunSummary) -> Text:
    verdict = (summary.verdict, f"bold {'green' if summary.model else 'red'}")
    before = UNCHANGED if summary.is_unchanged else ""
    if not summary.model:
        return Text.assemble(before, verdict, " The model is not pushed.")
    version = os.path.basename(summary.model)
    pushed = f"Version {version}{', pushed then' if summary.is_unchanged else ''}"
    return Text.assemble(before, verdict, f" {pushed}: {summary.model}")
