"""Images that look alike -> equal ones are settled, the others are named.

Whether two files hold the same pixels is only asked of those that look alike: to ask it of all
would mean to decode every photo in full.
"""

import collections
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam

from components.audit import LOOK_ALIKE, NEAR_DUPLICATE, Finding
from components.ingestion.comparing.copies import (
    CONTESTED,
    SAME_PIXELS,
    Settlement,
    find_leaks,
    name_images,
    settle,
    settle_contested,
)
from components.ingestion.examining import pixel_digest
from components.ingestion.examining.examination import Examination
from components.ingestion.examining.pixel_digest import digest_pixels
from components.ingestion.gathering import windowed
from components.ingestion.rules import IngestionRules
from components.worker_pool import Sandbox

DUPLICATES = "duplicates"
CONFLICTS = "conflicts"
FINDINGS = "findings"
AT_ONCE = 1_000
"""Images that are decoded in one go; what is known of them is held in memory."""


class SettleLookAlikes(beam.DoFn):
    """Takes (component, images that look alike) apart.

    Yields the images that stay; duplicates, conflicts and findings in outputs of their own. The
    images of many components are decoded in one go: most have two, and to wait for these alone
    takes five milliseconds.
    """

    def __init__(self, root: str, rules: IngestionRules):
        super().__init__()
        self._root = root
        self._rules = rules

    def setup(self) -> None:
        """Prepares the workers."""
        self._sandbox = Sandbox(
            functools.partial(digest_pixels, self._root, self._rules.image),
            lambda *_: "",
            preload=pixel_digest.__name__,
            limits=self._rules.limits,
        )

    def teardown(self) -> None:
        """Ends the workers."""
        self._sandbox.close()

    def start_bundle(self) -> None:
        """Has nothing to do yet."""
        self._waiting: list[list[Examination]] = []

    def process(self, element: tuple[str, Iterable[Examination]]) -> Iterator[Any]:
        """Takes one component; yields the outcomes of all that wait, once they are enough."""
        self._waiting.append(sorted(element[1], key=lambda image: image.filename))
        if sum(map(len, self._waiting)) >= AT_ONCE:
            yield from self._settle()
            self.start_bundle()

    def finish_bundle(self) -> Iterator[Any]:
        """Yields the outcomes of the rest."""
        yield from map(windowed, self._settle())
        self._sandbox.close()

    def _settle(self) -> Iterator[Any]:
        candidates = [image for images in self._waiting for image in _of_shared_sizes(images)]
        digests = dict(
            zip(
                (image.sha256 for image in candidates),
                self._sandbox.map(candidates),
                strict=True,
            )
        )
        for images in self._waiting:
            yield from _outcomes(images, digests)


def _of_shared_sizes(images: Sequence[Examination]) -> list[Examination]:
    """Without those of a size of their own: these have no equal, and need not be decoded."""
    sizes = collections.Counter((image.width, image.height) for image in images)
    return [image for image in images if sizes[image.width, image.height] > 1]


def _outcomes(images: Sequence[Examination], digests: Mapping[str, str]) -> Iterator[Any]:
    """What becomes of the images of one component, whose pixels have these digests."""
    groups = collections.defaultdict(list)
    for image in images:
        groups[digests.get(image.sha256) or image.sha256].append(image)
    settlements = [_settle_pixels(copies) for copies in groups.values()]
    staying = [settlement.kept for settlement in settlements if settlement.kept]
    yield from staying
    for settlement in settlements:
        yield from settlement_outputs(settlement)
    for finding in _findings(staying):
        yield beam.pvalue.TaggedOutput(FINDINGS, finding)


def _settle_pixels(copies: Sequence[Examination]) -> Settlement:
    if any(copy.class_text == CONTESTED for copy in copies):
        return settle_contested(copies)
    return settle(copies, SAME_PIXELS)


def settlement_outputs(settlement: Settlement) -> Iterator[beam.pvalue.TaggedOutput]:
    """What a settlement means beside the image that is kept, as outputs of a DoFn."""
    for duplicate in settlement.duplicates:
        yield beam.pvalue.TaggedOutput(DUPLICATES, duplicate)
    for conflict in settlement.conflicts:
        yield beam.pvalue.TaggedOutput(CONFLICTS, conflict)
    for finding in settlement.findings:
        yield beam.pvalue.TaggedOutput(FINDINGS, finding)


def _findings(staying: Sequence[Examination]) -> Iterator[Finding]:
    if len(staying) > 1:
        yield name_images(NEAR_DUPLICATE, staying, "nearly the same")
    if len({image.class_text for image in staying}) > 1:
        yield name_images(LOOK_ALIKE, staying, "in more than one class")
    yield from find_leaks(staying, "nearly the same")
