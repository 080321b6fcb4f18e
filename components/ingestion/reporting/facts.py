"""Images, rejections and findings -> counts, histograms and the worst examples, in bounded memory.

Facts of parts of a data folder can be merged in any order, with the same result.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from components.ingestion.data_folder import Rejection
from components.ingestion.examining.quality import Figures, blur, darkness, emptiness, glare
from components.ingestion.reporting.distributions import (
    Histogram,
    even_edges,
    ratio_edges,
    whole_number_edges,
)
from components.ingestion.reporting.findings import (
    BLURRY,
    BRIGHT,
    DARK,
    LOW_INFORMATION,
    MOST_CHARACTERS_OF_DETAIL,
    ODD_ASPECT,
    ODD_SIZE,
    REJECTED,
    Finding,
    badness,
)

if TYPE_CHECKING:
    # Examining needs libraries for pictures, which summing up does not.
    from components.ingestion.examining.examination import Examination

MOST_EXAMPLES = 30
MOST_EXAMPLES_A_REASON = 10
"""Of rejections, so that the most frequent reason does not hide the others."""

SIZES = ("width", "height", "bytes")
QUALITIES = ("brightness", "contrast", "sharpness", "entropy")
SIDE = "side"
ELONGATION = "elongation"

PlacedImage = tuple[str, "Examination"]
Values = npt.NDArray[np.float64]


@dataclasses.dataclass
class Tally:
    """Counts findings and keeps the worst.

    Attributes:
        count: Number of findings.
        files: Number of files that they are about.
        examples: Some of them, at most four times as many as are kept in the end.
        most: How many are kept in the end.
    """

    count: int = 0
    files: int = 0
    examples: list[Finding] = dataclasses.field(default_factory=list)
    most: int = MOST_EXAMPLES

    def add(self, finding: Finding) -> None:
        """Counts one finding."""
        self.count += 1
        self.files += finding.files
        self.keep([finding.shortened()])

    def keep(self, examples: Iterable[Finding]) -> None:
        """Takes more examples, without counting them."""
        self.examples.extend(examples)
        # Sorting seldom costs less than sorting always.
        if len(self.examples) > 4 * self.most:
            self.examples = self.worst()

    def merge(self, other: "Tally") -> None:
        """Counts what another tally has counted."""
        self.count += other.count
        self.files += other.files
        self.keep(other.examples)

    def worst(self) -> list[Finding]:
        """The worst of what was added, the worst first."""
        return sorted(self.examples, key=badness)[: self.most]


class Facts:
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
        """Takes a file that was set aside."""
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

    def merge(self, other: "Facts") -> None:
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


def _describe(kind: str, image: "Examination") -> str:
    if kind in (ODD_SIZE, ODD_ASPECT):
        return f"{image.width}x{image.height} pixels"
    if kind == BLURRY:
        return f"sharpness {image.sharpness:.0f}, contrast {image.contrast:.2f}"
    if kind == LOW_INFORMATION:
        return f"contrast {image.contrast:.3f}, entropy {image.entropy:.1f} bits"
    return f"brightness {image.brightness:.2f}, contrast {image.contrast:.2f}"
