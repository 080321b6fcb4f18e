"""What became of all files -> one audit, in one pass and in bounded memory.

Profiles of parts of a data folder can be merged in any order, with the same result.
"""

import collections
import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from components.audit import (
    BLURRY,
    BRIGHT,
    CLASS_BALANCE,
    DARK,
    DUPLICATE,
    IGNORED_FILE,
    KINDS,
    LOW_INFORMATION,
    MOST_CHARACTERS_OF_DETAIL,
    ODD_ASPECT,
    ODD_SIZE,
    REJECTED,
    Audit,
    Distribution,
    Finding,
    FindingsOfKind,
)
from components.features import SPLITS
from components.ingestion.class_balance import check_balance
from components.ingestion.data_folder import IGNORED
from components.ingestion.finding_tally import MOST_EXAMPLES, Tally, take_turns
from components.ingestion.histogram import (
    STEPS_AN_OCTAVE,
    Histogram,
    even_edges,
    ratio_edges,
    whole_number_edges,
)
from components.ingestion.image_record import Rejection
from components.ingestion.quality import (
    ODD_ASPECT_FACTOR,
    ODD_SIZE_FACTOR,
    Figures,
    blur,
    darkness,
    emptiness,
    glare,
)

if TYPE_CHECKING:
    # Examining needs libraries for pictures, which summing up does not.
    from components.ingestion.image_record import ImageRecord

MOST_EXAMPLES_A_REASON = 10
"""Of rejections, so that the most frequent reason does not hide the others."""

SIZES = ("width", "height", "bytes")
QUALITIES = ("brightness", "contrast", "sharpness", "entropy")
SIDE = "side"
ELONGATION = "elongation"


PlacedImage = tuple[str, "ImageRecord"]
Values = npt.NDArray[np.float64]


class DataProfile:
    """Everything that is known of some of the images of a folder.

    Attributes:
        images: Number of used images by (split, class).
        formats: Number of used images by format.
        treatments: Number of used images by treatment, without those that need none.
        histograms: By name: `SIZES`, `QUALITIES`, "side" of a square of the same area in pixels,
            and "elongation", the longer side divided by the shorter.
        reasons: Rejections by reason.
        findings: By kind; of what stands out among the others only the images that do so most, each
            with its side or elongation as score.
        smallest: The images with the smallest side; the score is its negative.
    """

    def __init__(self) -> None:
        """Knows nothing yet."""
        self.images: collections.Counter[tuple[str, str]] = collections.Counter()
        self.formats: collections.Counter[str] = collections.Counter()
        self.treatments: collections.Counter[str] = collections.Counter()
        self.histograms = {
            **{name: Histogram(whole_number_edges()) for name in (*SIZES, "sharpness")},
            "brightness": Histogram(even_edges(1.0)),
            "contrast": Histogram(even_edges(0.5)),
            "entropy": Histogram(even_edges(8.0)),
            SIDE: Histogram(ratio_edges()),
            ELONGATION: Histogram(ratio_edges()),
        }
        self.reasons: dict[str, Tally] = {}
        self.findings: dict[str, Tally] = {}
        self.smallest = Tally()

    def add_finding(self, finding: Finding) -> None:
        """Takes a finding about several files."""
        self.findings.setdefault(finding.kind, Tally()).add(finding)

    def add_rejection(self, rejection: Rejection) -> None:
        """Takes a file that is rejected or ignored."""
        tally = self.reasons.setdefault(rejection.reason, Tally(most=MOST_EXAMPLES_A_REASON))
        detail = f": {rejection.detail}" if rejection.detail else ""
        tally.add(
            Finding(
                kind=REJECTED,
                filenames=(rejection.filename,),
                class_texts=(rejection.class_text,),
                splits=(),
                detail=f"{rejection.reason}{detail}"[:MOST_CHARACTERS_OF_DETAIL],
                score=0.0,
            )
        )

    def add_images(self, images: Sequence[PlacedImage]) -> None:
        """Takes images that are used; a thousand at once cost a few microseconds each."""
        self.images.update((split, image.class_text) for split, image in images)
        self.formats.update(image.format for _, image in images)
        self.treatments.update(image.treatment for _, image in images if image.treatment)
        values = _values(images)
        values[SIDE] = np.sqrt(values["width"] * values["height"])
        longer = np.maximum(values["width"], values["height"])
        values[ELONGATION] = longer / np.minimum(values["width"], values["height"])
        for name, histogram in self.histograms.items():
            histogram.add(values[name])
        self._find_poor(images, values)
        self._keep_odd(images, values)

    def _find_poor(self, images: Sequence[PlacedImage], values: dict[str, Values]) -> None:
        figures = Figures(**{name: values[name] for name in QUALITIES})
        for kind, judge in _JUDGES:
            scores = judge(figures)
            count = int(np.count_nonzero(scores > 0))
            if count:
                tally = self.findings.setdefault(kind, Tally())
                tally.count += count
                tally.files += count
                tally.keep(_worst(kind, images, scores, min(count, MOST_EXAMPLES)))

    def _keep_odd(self, images: Sequence[PlacedImage], values: dict[str, Values]) -> None:
        """What is odd is known only when all sizes are."""
        most = MOST_EXAMPLES
        for kind, name in ((ODD_SIZE, SIDE), (ODD_ASPECT, ELONGATION)):
            tally = self.findings.setdefault(kind, Tally())
            tally.keep(_worst(kind, images, values[name], most))
        self.smallest.keep(_worst(ODD_SIZE, images, -values[SIDE], most))

    def merge(self, other: "DataProfile") -> None:
        """Takes all that another one knows."""
        self.images.update(other.images)
        self.formats.update(other.formats)
        self.treatments.update(other.treatments)
        for name, histogram in self.histograms.items():
            histogram.merge(other.histograms[name])
        for reason, tally in other.reasons.items():
            self.reasons.setdefault(reason, Tally(most=tally.most)).merge(tally)
        for kind, tally in other.findings.items():
            self.findings.setdefault(kind, Tally()).merge(tally)
        self.smallest.merge(other.smallest)

    def audit(self, data_folder: str, found: int, classes: Sequence[str] = ()) -> Audit:
        """Judges what can be judged only when all images are known.

        Args:
            data_folder: As its user wrote it.
            found: Files below the folder, also those that are ignored.
            classes: All class names; without them, those of the used images.

        Raises:
            RuntimeError: Files were lost or counted twice, a defect of this package.
        """
        images = _images_by_split(self.images, classes)
        duplicates = self.findings.get(DUPLICATE, Tally())
        reasons = _counts(self.reasons)
        ignored = sum(reasons.pop(reason, 0) for reason in IGNORED)
        return Audit(
            data_folder=data_folder,
            found=found - ignored,
            used=self.images.total(),
            rejected=sum(reasons.values()),
            duplicates=duplicates.files - duplicates.count,
            images=images,
            reasons=_most_frequent_first(reasons),
            formats=_most_frequent_first(self.formats),
            treatments=_most_frequent_first(self.treatments),
            sizes=self._distributions(SIZES),
            quality=self._distributions(QUALITIES),
            findings=_all_findings(self, images),
            ignored=ignored,
        )

    def _distributions(self, names: Iterable[str]) -> dict[str, Distribution]:
        summaries = {name: self.histograms[name].summarize() for name in names}
        return {name: summary for name, summary in summaries.items() if summary is not None}


Judge = Callable[[Figures], Values]
_JUDGES: tuple[tuple[str, Judge], ...] = (
    (DARK, darkness),
    (BRIGHT, glare),
    (BLURRY, blur),
    (LOW_INFORMATION, emptiness),
)


def _values(images: Sequence[PlacedImage]) -> dict[str, Values]:
    rows = [
        (
            image.width,
            image.height,
            image.size,
            image.brightness,
            image.contrast,
            image.sharpness,
            image.entropy,
        )
        for _, image in images
    ]
    columns = np.array(rows, dtype=np.float64).reshape(-1, len(SIZES + QUALITIES)).T
    return dict(zip(SIZES + QUALITIES, columns, strict=True))


def _worst(
    kind: str, images: Sequence[PlacedImage], scores: Values, most: int
) -> Iterator[Finding]:
    """The images with the highest scores; of equal ones, those first in the alphabet."""
    limit = np.partition(scores, -most)[-most] if most < len(scores) else -np.inf
    positions = np.flatnonzero(scores >= limit).tolist()
    positions.sort(key=lambda position: (-scores[position], images[position][1].filename))
    for position in positions[:most]:
        split, image = images[position]
        yield Finding(
            kind=kind,
            filenames=(image.filename,),
            class_texts=(image.class_text,),
            splits=(split,),
            detail=_describe(kind, image),
            score=float(scores[position]),
        )


def _describe(kind: str, image: "ImageRecord") -> str:
    if kind in (ODD_SIZE, ODD_ASPECT):
        return f"{image.width}x{image.height} pixels"
    if kind == BLURRY:
        return f"sharpness {image.sharpness:.0f}, contrast {image.contrast:.2f}"
    if kind == LOW_INFORMATION:
        return f"contrast {image.contrast:.3f}, entropy {image.entropy:.1f} bits"
    return f"brightness {image.brightness:.2f}, contrast {image.contrast:.2f}"


def _images_by_split(
    images: Mapping[tuple[str, str], int], classes: Sequence[str]
) -> dict[str, dict[str, int]]:
    names = sorted({*classes, *(name for _, name in images)})
    return {split: {name: images.get((split, name), 0) for name in names} for split in SPLITS}


def _most_frequent_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _all_findings(
    profile: DataProfile, images: Mapping[str, Mapping[str, int]]
) -> dict[str, FindingsOfKind]:
    balance = Tally()
    for finding in check_balance(images):
        balance.add(finding)
    tallies = {
        **profile.findings,
        **_set_aside(profile.reasons),
        CLASS_BALANCE: balance,
        ODD_SIZE: _odd_sizes(profile),
        ODD_ASPECT: _odd_aspects(profile),
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
    return {kind: take_turns(kind, tallies) for kind, tallies in kinds.items()}


def _counts(tallies: Mapping[str, Tally]) -> collections.Counter[str]:
    return collections.Counter({name: tally.count for name, tally in tallies.items()})


def _odd_sizes(profile: DataProfile) -> Tally:
    large = _beyond(
        profile, SIDE, ODD_SIZE_FACTOR, profile.findings.get(ODD_SIZE, Tally()), "larger"
    )
    small = _beyond(profile, SIDE, 1 / ODD_SIZE_FACTOR, profile.smallest, "smaller")
    large.merge(small)
    return large


def _odd_aspects(profile: DataProfile) -> Tally:
    candidates = profile.findings.get(ODD_ASPECT, Tally())
    return _beyond(profile, ELONGATION, ODD_ASPECT_FACTOR, candidates, "more elongated")


def _beyond(profile: DataProfile, name: str, factor: float, candidates: Tally, word: str) -> Tally:
    """Those whose number is beyond so many times the median, counted in bins of one percent.

    Args:
        profile: Of all images.
        name: Of the number, which is the score of the candidates, or the negative of it.
        factor: Above 1 for those above, below 1 for those below.
        candidates: The images that stand out most.
        word: "larger", "smaller" and so on.
    """
    histogram = profile.histograms[name]
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
