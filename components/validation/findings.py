"""What was found out about the images, and what comes of it: the verdict.

Without TensorFlow, so that reports and summaries read a verdict at once.
"""

import dataclasses
import json
import os
from collections.abc import Iterable, Sequence

from components.validation.validation_rules import IGNORE, STOP, WARN, ValidationRules

VERDICT_FILE = "verdict.json"
MOST_VALUES = 10
"""Names that one finding lists; ten thousand would bury all others."""
FOUND = "; found"
"""Where the text of a finding goes on from what is expected to what is there."""
LONGEST_NAME = 60
"""Characters of a name that a finding shows."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        kind: One of `rules.KINDS`.
        split: "train", "eval" or "test"; empty for all splits together. Where there are several
            spans, with the span: "train of span-3".
        feature: Key of the feature; empty for the records as such.
        text: What is expected and what was found, without the name of feature and split.
    """

    kind: str
    split: str
    feature: str
    text: str

    def __str__(self) -> str:
        """One line: feature, split, text."""
        where = " in ".join(part for part in (self.feature, self.split) if part)
        return f"{where or 'all images'}: {self.text}"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The gate's word on a set of images.

    Attributes:
        stops: Why the run stops; empty where it goes on.
        warnings: What its user should know.
        has_baseline: Whether there were images of an earlier pushed model to compare with.
    """

    stops: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    has_baseline: bool = False


def judge(findings: Iterable[Finding], rules: ValidationRules, has_baseline: bool) -> Verdict:
    """Sorts findings by what the rules say about their kinds; drops the ignored ones."""
    by_level: dict[str, list[Finding]] = {STOP: [], WARN: [], IGNORE: []}
    for finding in findings:
        by_level[rules.level(finding.kind)].append(finding)
    return Verdict(tuple(by_level[STOP]), tuple(by_level[WARN]), has_baseline)


def merge_splits(findings: Iterable[Finding]) -> list[Finding]:
    """One finding where several splits, or spans, have the same to say of a feature."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        expected = finding.text.rpartition(FOUND)[0]
        groups.setdefault((finding.kind, finding.feature, expected), []).append(finding)
    return [_merge(group, expected) for (_, _, expected), group in groups.items()]


def _merge(group: Sequence[Finding], expected: str) -> Finding:
    first, *others = group
    if all(finding.text == first.text for finding in others):
        return dataclasses.replace(first, split=list_some(finding.split for finding in group))
    if not expected:
        also = list_some(finding.split for finding in others)
        return dataclasses.replace(first, text=f"{first.text}; also in {also}")
    found = list_some(f"in {each.split}{each.text.rpartition(FOUND)[2]}" for each in group)
    return dataclasses.replace(first, split="", text=f"{expected}{FOUND} {found}")


def verdict_to_json(verdict: Verdict) -> str:
    """A verdict as the text of `verdict.json`: all findings, with the level of each."""
    findings = [
        {"level": level, **dataclasses.asdict(finding)}
        for level, found in ((STOP, verdict.stops), (WARN, verdict.warnings))
        for finding in found
    ]
    content = {"has_baseline": verdict.has_baseline, "findings": findings}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read_verdict(folder: str) -> Verdict:
    """Reads the verdict in an artifact of DataGate.

    Args:
        folder: The artifact's folder, on this machine.

    Raises:
        OSError: There is none.
    """
    with open(os.path.join(folder, VERDICT_FILE), encoding="utf-8") as file:
        content = json.load(file)
    by_level: dict[str, list[Finding]] = {STOP: [], WARN: []}
    for values in content["findings"]:
        by_level[values.pop("level")].append(Finding(**values))
    return Verdict(tuple(by_level[STOP]), tuple(by_level[WARN]), content["has_baseline"])


def quote(name: str) -> str:
    """A name in quotes, on one line, of bounded length: folders may be called anything."""
    return repr(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}...")


def list_some(items: Iterable[str]) -> str:
    """The first items, and how many more there are: "a, b and 3 more"."""
    listed = list(items)
    more = len(listed) - MOST_VALUES
    return ", ".join(listed[:MOST_VALUES]) + (f" and {more:,} more" if more > 0 else "")
