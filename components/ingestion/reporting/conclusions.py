"""The facts of a whole data folder -> its audit."""

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from components.features import SPLITS
from components.ingestion.data_folder import IGNORED
from components.ingestion.examining.quality import ODD_ASPECT_FACTOR, ODD_SIZE_FACTOR
from components.ingestion.reporting.audit import Audit, FindingsOfKind
from components.ingestion.reporting.balance import check_balance
from components.ingestion.reporting.distributions import (
    STEPS_AN_OCTAVE,
    Distribution,
)
from components.ingestion.reporting.facts import (
    ELONGATION,
    MOST_EXAMPLES,
    QUALITIES,
    SIDE,
    SIZES,
    Facts,
    Tally,
)
from components.ingestion.reporting.findings import (
    CLASS_BALANCE,
    DUPLICATE,
    IGNORED_FILE,
    KINDS,
    ODD_ASPECT,
    ODD_SIZE,
    REJECTED,
)


def conclude(facts: Facts, data_folder: str, found: int, classes: Sequence[str] = ()) -> Audit:
    """Makes the audit; judges what can be judged only when all images are known.

    Args:
        facts: Of all images, rejections and findings.
        data_folder: As its user wrote it.
        found: Files below the folder, also those that are ignored.
        classes: All class names; without them, those of the used images.

    Raises:
        RuntimeError: Files were lost or counted twice, a defect of this package.
    """
    images = _images_by_split(facts.images, classes)
    duplicates = facts.findings.get(DUPLICATE, Tally())
    reasons = _counts(facts.reasons)
    ignored = sum(reasons.pop(reason, 0) for reason in IGNORED)
    return Audit(
        data_folder=data_folder,
        found=found - ignored,
        used=facts.images.total(),
        rejected=sum(reasons.values()),
        duplicates=duplicates.files - duplicates.count,
        images=images,
        reasons=_most_frequent_first(reasons),
        formats=_most_frequent_first(facts.formats),
        treatments=_most_frequent_first(facts.treatments),
        sizes=_distributions(facts, SIZES),
        quality=_distributions(facts, QUALITIES),
        findings=_all_findings(facts, images),
        ignored=ignored,
    )


def _images_by_split(
    images: Mapping[tuple[str, str], int], classes: Sequence[str]
) -> dict[str, dict[str, int]]:
    names = sorted({*classes, *(name for _, name in images)})
    return {split: {name: images.get((split, name), 0) for name in names} for split in SPLITS}


def _most_frequent_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _distributions(facts: Facts, names: Iterable[str]) -> dict[str, Distribution]:
    summaries = {name: facts.histograms[name].summarize() for name in names}
    return {name: summary for name, summary in summaries.items() if summary is not None}


def _all_findings(
    facts: Facts, images: Mapping[str, Mapping[str, int]]
) -> dict[str, FindingsOfKind]:
    balance = Tally()
    for finding in check_balance(images):
        balance.add(finding)
    tallies = {
        **facts.findings,
        **_set_aside(facts.reasons),
        CLASS_BALANCE: balance,
        ODD_SIZE: _odd_sizes(facts),
        ODD_ASPECT: _odd_aspects(facts),
    }
    return {
        kind: FindingsOfKind(tallies[kind].count, tallies[kind].files, tuple(tallies[kind].worst()))
        for kind in KINDS
        if kind in tallies and tallies[kind].count
    }


def _set_aside(reasons: Mapping[str, Tally]) -> dict[str, Tally]:
    kinds: dict[str, dict[str, Tally]] = {REJECTED: {}, IGNORED_FILE: {}}
    for reason, tally in reasons.items():
        kinds[IGNORED_FILE if reason in IGNORED else REJECTED][reason] = tally
    return {kind: _in_turn(kind, tallies) for kind, tallies in kinds.items()}


def _in_turn(kind: str, reasons: Mapping[str, Tally]) -> Tally:
    """Examples of every reason in turn, so that none is hidden by a more frequent one."""
    count = sum(tally.count for tally in reasons.values())
    by_reason = [reasons[reason].worst() for reason in _most_frequent_first(_counts(reasons))]
    turns = itertools.zip_longest(*by_reason)
    in_turn = [finding for turn in turns for finding in turn if finding is not None]
    scored = [
        dataclasses.replace(finding, kind=kind, score=-position)
        for position, finding in enumerate(in_turn[:MOST_EXAMPLES])
    ]
    return Tally(count, count, scored)


def _counts(tallies: Mapping[str, Tally]) -> Counter[str]:
    return Counter({name: tally.count for name, tally in tallies.items()})


def _odd_sizes(facts: Facts) -> Tally:
    large = _beyond(facts, SIDE, ODD_SIZE_FACTOR, facts.findings.get(ODD_SIZE, Tally()), "larger")
    small = _beyond(facts, SIDE, 1 / ODD_SIZE_FACTOR, facts.smallest, "smaller")
    large.merge(small)
    return large


def _odd_aspects(facts: Facts) -> Tally:
    candidates = facts.findings.get(ODD_ASPECT, Tally())
    return _beyond(facts, ELONGATION, ODD_ASPECT_FACTOR, candidates, "more elongated")


def _beyond(facts: Facts, name: str, factor: float, candidates: Tally, word: str) -> Tally:
    """Those whose figure is beyond so many times the median, counted in bins of one percent.

    Args:
        facts: Of all images.
        name: Of the figure, which is the score of the candidates, or the negative of it.
        factor: Above 1 for those above, below 1 for those below.
        candidates: The images that stand out most.
        word: "larger", "smaller" and so on.
    """
    histogram = facts.histograms[name]
    if not histogram.counts.any():
        return Tally()
    limit = histogram.bin_of_quantile(0.5) + round(STEPS_AN_OCTAVE * math.log2(factor))
    beyond = histogram.counts[limit + 1 :] if factor > 1 else histogram.counts[: max(limit, 0)]
    count = int(beyond.sum())
    median = histogram.quantile(0.5)
    examples = []
    # They are sorted, and the bins are the same as in the count.
    for finding in candidates.worst()[:count]:
        distance = max(abs(finding.score) / median, median / abs(finding.score))
        detail = f"{finding.detail}, {distance:.1f} times {word} than usual"
        examples.append(dataclasses.replace(finding, detail=detail, score=math.log2(distance)))
    return Tally(count, count, examples)
