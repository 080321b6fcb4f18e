"""Why a run stops, and what can be done about it: in full, since TFX discards the rest."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from components.errors import command
from components.validation.findings import Finding, Verdict, list_some, merge_splits
from components.validation.validation_rules import (
    DRIFT,
    GRAYSCALE,
    NEW_CLASS,
    NEW_FORMAT,
    OUT_OF_RANGE,
    SCHEMA,
    SKEW,
    SMALL_CLASS,
    VANISHED_CLASS,
)

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


def stop_message(verdict: Verdict, statistics: Sequence[str], freeze: Sequence[str]) -> str:
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
        f"Mend the data folder; or, if the images are right:\n{advice}"
    )


def _listed(findings: Sequence[Finding]) -> str:
    return "\n".join(f"  - {finding}" for finding in merge_splits(findings))


def _advise(
    stops: Sequence[Finding], statistics: Sequence[str], freeze: Sequence[str]
) -> Iterator[str]:
    frozen = [finding for finding in stops if _can_be_frozen(finding)]
    if frozen:
        folders = [f"--statistics={folder}" for folder in statistics]
        yield (
            f"{_kinds(frozen)}: review the change, take it over into the schema, and run again:\n"
            f"    {command('pipeline.schema', 'freeze', *freeze, *folders)}"
        )
    others = dict.fromkeys(finding.kind for finding in stops if not _can_be_frozen(finding))
    for kind in others:
        flag = f"--validate.{kind.replace('_', '-')}"
        yield f"{kind}: {_ACCEPT[kind]}; or let it pass with {flag} warn."


def _can_be_frozen(finding: Finding) -> bool:
    # Of a class that is gone from train alone the schema still says the truth.
    return finding.kind in FROZEN and not (finding.kind == VANISHED_CLASS and finding.split)


def _kinds(findings: Sequence[Finding]) -> str:
    return list_some(dict.fromkeys(finding.kind for finding in findings))
