"""Used images, rejections and findings -> one audit, on Beam, in one pass.

Each bundle is summed up on the spot, so that an image costs a few microseconds and only sums
travel between workers.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from components.ingestion.data_folder import Rejection
from components.ingestion.gathering import windowed
from components.ingestion.reporting.conclusions import conclude
from components.ingestion.reporting.facts import Facts, PlacedImage
from components.ingestion.reporting.findings import Finding

PLACED = "placed"
REJECTIONS = "rejections"
FINDINGS = "findings"
IMAGES_AT_ONCE = 1024


class Summarize(beam.PTransform):
    """Sums up a data folder.

    Its input is a mapping of three collections: "placed" with lists of (split, Examination), of
    each used image, "rejections" with each `Rejection`, "findings" with each `Finding` about
    several files. A finding of duplicates names or counts the one that is used and those that are
    left out.
    """

    def __init__(self, data_folder: str, found: int, classes: Sequence[str] = ()):
        """Prepares.

        Args:
            data_folder: As its user wrote it.
            found: Files below the folder.
            classes: All class names; without them, those of the used images.
        """
        super().__init__()
        self._data_folder = data_folder
        self._found = found
        self._classes = tuple(classes)

    # Beam takes a hint of a mapping for one of its own, and warns.
    def expand(self, collections: Any) -> beam.PCollection:
        """Returns a collection of one `Audit`.

        Raises:
            RuntimeError: While it runs: files were lost or counted twice, a defect.
        """
        sums = [
            collections[name] | f"SumUp[{name}]" >> beam.ParDo(SumUp())
            for name in (PLACED, REJECTIONS, FINDINGS)
        ]
        return (
            sums
            | "AllSums" >> beam.Flatten()
            | "Merge" >> beam.CombineGlobally(MergeFacts())
            | "Conclude" >> beam.Map(conclude, self._data_folder, self._found, self._classes)
        )


class SumUp(beam.DoFn):
    """Turns a bundle into one `Facts`."""

    def start_bundle(self) -> None:
        """Knows nothing yet."""
        self._facts = Facts()
        self._images: list[PlacedImage] = []

    def process(self, element: Sequence[PlacedImage] | Rejection | Finding) -> None:
        """Takes a list of images, one rejection or one finding."""
        if isinstance(element, Rejection):
            self._facts.add_rejection(element)
        elif isinstance(element, Finding):
            self._facts.add_finding(element)
        else:
            self._images += element
            if len(self._images) >= IMAGES_AT_ONCE:
                self._add_images()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Yields what is known now."""
        self._add_images()
        yield windowed(self._facts)

    def _add_images(self) -> None:
        if self._images:
            self._facts.add_images(self._images)
            self._images = []


class MergeFacts(beam.CombineFn):
    """Merges the facts of all bundles into those of the data folder."""

    def create_accumulator(self, *args: Any, **kwargs: Any) -> Facts:
        """Knows nothing yet."""
        return Facts()

    def add_input(self, accumulator: Facts, element: Facts, *args: Any, **kwargs: Any) -> Facts:
        """Takes the facts of one bundle."""
        accumulator.merge(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Facts], *args: Any, **kwargs: Any) -> Facts:
        """Takes the facts of other workers."""
        merged = Facts()
        for accumulator in accumulators:
            merged.merge(accumulator)
        return merged

    def extract_output(self, accumulator: Facts, *args: Any, **kwargs: Any) -> Facts:
        """Returns all that is known."""
        return accumulator
