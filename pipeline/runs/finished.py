"""What a run that went to its end came to."""

import dataclasses
from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True)
class RunFinished:
    """All steps are done.

    Attributes:
        found: Files below the data folder, without those that are ignored.
        duplicates: Copies left out.
        rejected: Files set aside.
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
