"""What was found out about the images, what comes of it, and what can be done about it.

Without TensorFlow, so that reports and summaries read a verdict at once.
"""

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from components.errors import command
from components.validation.validation_rules import (
    DRIFT,
    GRAYSCALE,
    IGNORE,
    NEW_CLASS,
    NEW_FORMAT,
    OUT_OF_RANGE,
    SCHEMA,
    SKEW,
    SMALL_CLASS,
    STOP,
    VANISHED_CLASS,
    WARN,
    ValidationRules,
)

VERDICT_FILE = "verdict.json"
MOST_VALUES = 10
"""Names that one anomaly lists; ten thousand would bury all others."""
FOUND = "; found"
"""Where the text of an anomaly goes on from what is expected to what is there."""
LONGEST_NAME = 60
"""Characters of a name that an anomaly shows."""
FROZEN = (NEW_CLASS, VANISHED_CLASS, NEW_FORMAT, OUT_OF_RANGE)
"""Kinds of which a new schema takes over what the images are like."""
_ACCEPT: Mapping[str, str] = MappingProxyType(
    {
        SCHEMA: "It breaks a rule of the schema file, which freezing keeps: change it there",
        VANISHED_CLASS: "The schema cannot help a class that has images, but none to train on: "
        "move some into train",
        SMALL_CLASS: "No schema counts images: add some, set --validate.min-images-per-class to "
        "fewer",
        GRAYSCALE: "No schema counts gray images: set --validate.max-gray-share to more",
        DRIFT: "It is measured against the images of the model that was pushed last, so that no "
        "new schema changes it; once a model of these images is pushed, later runs are compared "
        "with these. Set --validate.smallest-class-shift or --validate.smallest-feature-shift to "
        "more (or, where the schema file has a drift_comparator, its threshold)",
        SKEW: "It is measured against train, so that no new schema changes it. Divide the images "
        "anew, set --validate.smallest-class-shift or --validate.smallest-feature-shift to more "
        "(or, where the schema file has a skew_comparator, its threshold)",
    }
)


@dataclasses.dataclass(frozen=True)
class Anomaly:
    """One thing that is not as it should be.

    Attributes:
        kind: One of `validation_rules.KINDS`.
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
class ValidationResult:
    """The gate's word on a set of images.

    Attributes:
        stops: Why the run stops; empty where it goes on.
        warnings: What its user should know.
        has_baseline: Whether there were images of an earlier pushed model to compare with.
    """

    stops: tuple[Anomaly, ...] = ()
    warnings: tuple[Anomaly, ...] = ()
    has_baseline: bool = False


def judge(
    anomalies: Iterable[Anomaly], rules: ValidationRules, has_baseline: bool
) -> ValidationResult:
    """Sorts anomalies by what the rules say about their kinds; drops the ignored ones."""
    by_level: dict[str, list[Anomaly]] = {STOP: [], WARN: [], IGNORE: []}
    for anomaly in anomalies:
        by_level[rules.level(anomaly.kind)].append(anomaly)
    return ValidationResult(tuple(by_level[STOP]), tuple(by_level[WARN]), has_baseline)


def merge_splits(anomalies: Iterable[Anomaly]) -> list[Anomaly]:
    """One anomaly where several splits, or spans, have the same to say of a feature."""
    groups: dict[tuple[str, str, str], list[Anomaly]] = {}
    for anomaly in anomalies:
        expected = anomaly.text.rpartition(FOUND)[0]
        groups.setdefault((anomaly.kind, anomaly.feature, expected), []).append(anomaly)
    return [_merge(group, expected) for (_, _, expected), group in groups.items()]


def _merge(group: Sequence[Anomaly], expected: str) -> Anomaly:
    first, *others = group
    if all(anomaly.text == first.text for anomaly in others):
        return dataclasses.replace(first, split=list_some(anomaly.split for anomaly in group))
    if not expected:
        also = list_some(anomaly.split for anomaly in others)
        return dataclasses.replace(first, text=f"{first.text}; also in {also}")
    found = list_some(f"in {each.split}{each.text.rpartition(FOUND)[2]}" for each in group)
    return dataclasses.replace(first, split="", text=f"{expected}{FOUND} {found}")


def verdict_to_json(verdict: ValidationResult) -> str:
    """A verdict as the text of `verdict.json`: all anomalies, with the level of each."""
    anomalies = [
        {"level": level, **dataclasses.asdict(anomaly)}
        for level, found in ((STOP, verdict.stops), (WARN, verdict.warnings))
        for anomaly in found
    ]
    content = {"has_baseline": verdict.has_baseline, "findings": anomalies}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read_verdict(folder: str) -> ValidationResult:
    """Reads the verdict in an artifact of DataGate.

    Args:
        folder: The artifact's folder, on this machine.

    Raises:
        OSError: There is none.
    """
    with open(os.path.join(folder, VERDICT_FILE), encoding="utf-8") as file:
        content = json.load(file)
    by_level: dict[str, list[Anomaly]] = {STOP: [], WARN: []}
    for values in content["findings"]:
        by_level[values.pop("level")].append(Anomaly(**values))
    return ValidationResult(tuple(by_level[STOP]), tuple(by_level[WARN]), content["has_baseline"])


def quote(name: str) -> str:
    """A name in quotes, on one line, of bounded length: folders may be called anything."""
    return repr(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}...")


def list_some(items: Iterable[str]) -> str:
    """The first items, and how many more there are: "a, b and 3 more"."""
    listed = list(items)
    more = len(listed) - MOST_VALUES
    return ", ".join(listed[:MOST_VALUES]) + (f" and {more:,} more" if more > 0 else "")


def stop_message(
    verdict: ValidationResult, statistics: Sequence[str], freeze: Sequence[str]
) -> str:
    """All that was found, and for each kind what to do if the images are right.

    Args:
        verdict: With something on which the rules say stop.
        statistics: Folders of the statistics that were judged.
        freeze: Arguments of `pipeline.schema freeze` that say which pipeline this is.
    """
    advice = "\n".join(f"  - {line}" for line in _advise(verdict.stops, statistics, freeze))
    also = (
        f"Found as well, which alone would not stop the run:\n{_listed(verdict.warnings)}\n"
        if verdict.warnings
        else ""
    )
    return (
        f"The images must be as expected. Received:\n{_listed(verdict.stops)}\n{also}"
        f"Fix the data folder; or, if the images are right:\n{advice}"
    )


def _listed(anomalies: Sequence[Anomaly]) -> str:
    return "\n".join(f"  - {anomaly}" for anomaly in merge_splits(anomalies))


def _advise(
    stops: Sequence[Anomaly], statistics: Sequence[str], freeze: Sequence[str]
) -> Iterator[str]:
    frozen = [anomaly for anomaly in stops if _can_be_frozen(anomaly)]
    if frozen:
        folders = [f"--statistics={folder}" for folder in statistics]
        yield (
            f"{_kinds(frozen)}: review the change, take it over into the schema, and run again:\n"
            f"    {command('pipeline.schema', 'freeze', *freeze, *folders)}"
        )
    others = dict.fromkeys(anomaly.kind for anomaly in stops if not _can_be_frozen(anomaly))
    for kind in others:
        flag = f"--validate.{kind.replace('_', '-')}"
        yield f"{kind}: {_ACCEPT[kind]}; or let it pass with {flag} warn."


def _can_be_frozen(anomaly: Anomaly) -> bool:
    # Of a class that is gone from train alone the schema still says the truth.
    return anomaly.kind in FROZEN and not (anomaly.kind == VANISHED_CLASS and anomaly.split)


def _kinds(anomalies: Sequence[Anomaly]) -> str:
    return list_some(dict.fromkeys(anomaly.kind for anomaly in anomalies))
