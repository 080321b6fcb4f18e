"""The profile of a data folder, on Beam.

Each bundle is summed up on the spot, so that an image costs a few microseconds and only sums travel
between workers.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from components.audit import Finding
from components.ingestion.image_record import Rejection
from components.ingestion.packing import windowed
from components.ingestion.profile import DataProfile, PlacedImage

PLACED = "placed"
REJECTIONS = "rejections"
FINDINGS = "findings"
IMAGES_AT_ONCE = 1024


class ProfileImages(beam.PTransform):
    """Makes the audit of a data folder.

    Its input is a mapping of three collections: "placed" with lists of (split, ImageRecord), of
    each used image, "rejections" with each `Rejection`, "findings" with each `Finding` about
    several files. A finding of duplicates names or counts the one that is used and those that are
    left out.
    """

    def __init__(self, data_folder: str, found: int, classes: Sequence[str] = ()):
        """Prepares; arguments as of `DataProfile.audit`."""
        super().__init__()
        self._known = data_folder, found, tuple(classes)

    # Beam takes a hint of a mapping for one of its own, and warns.
    def expand(self, collections: Any) -> beam.PCollection:
        """Returns a collection of one `Audit`.

        Raises:
            RuntimeError: While it runs: files were lost or counted twice, a defect.
        """
        profiles = [
            collections[name] | f"Profile[{name}]" >> beam.ParDo(ProfileBundle())
            for name in (PLACED, REJECTIONS, FINDINGS)
        ]
        return (
            profiles
            | "AllProfiles" >> beam.Flatten()
            | "Merge" >> beam.CombineGlobally(MergeProfiles())
            | "Audit" >> beam.Map(lambda profile, known: profile.audit(*known), self._known)
        )


class ProfileBundle(beam.DoFn):
    """Turns a bundle into one `DataProfile`."""

    def start_bundle(self) -> None:
        """Begins anew."""
        self._profile = DataProfile()
        self._images: list[PlacedImage] = []

    def process(self, element: Sequence[PlacedImage] | Rejection | Finding) -> None:
        """Takes a list of images, one rejection or one finding."""
        if isinstance(element, Rejection):
            self._profile.add_rejection(element)
        elif isinstance(element, Finding):
            self._profile.add_finding(element)
        else:
            self._images += element
            if len(self._images) >= IMAGES_AT_ONCE:
                self._add_images()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Yields what is known now."""
        self._add_images()
        yield windowed(self._profile)

    def _add_images(self) -> None:
        if self._images:
            self._profile.add_images(self._images)
            self._images = []


class MergeProfiles(beam.CombineFn):
    """Merges the profiles of all bundles into that of the data folder."""

    def create_accumulator(self, *args: Any, **kwargs: Any) -> DataProfile:
        """Knows nothing yet."""
        return DataProfile()

    def add_input(
        self, accumulator: DataProfile, element: DataProfile, *args: Any, **kwargs: Any
    ) -> DataProfile:
        """Takes the profile of one bundle."""
        accumulator.merge(element)
        return accumulator

    def merge_accumulators(
        self, accumulators: Iterable[DataProfile], *args: Any, **kwargs: Any
    ) -> DataProfile:
        """Takes the profiles of other workers."""
        merged = DataProfile()
        for accumulator in accumulators:
            merged.merge(accumulator)
        return merged

    def extract_output(self, accumulator: DataProfile, *args: Any, **kwargs: Any) -> DataProfile:
        """Returns all that is known."""
        return accumulator
