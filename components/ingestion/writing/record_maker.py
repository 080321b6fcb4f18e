"""Examined images -> their records, where TensorFlow has to be asked."""

import concurrent.futures
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from components import images
from components.features import AS_FOUND
from components.ingestion.examining.examination import Examination
from components.ingestion.listing.folder import Rejection
from components.ingestion.parts import map_parts
from components.ingestion.writing.record import serialize_record
from components.ingestion.writing.rereading import read_again
from components.ingestion.writing.store import Outcome
from components.normalisation.normalise import Normalised, normalise
from components.normalisation.opening import UnusableImageError
from components.normalisation.rules import ImageRules

PART_SIZE = 16
"""Records that one thread makes in a row, if threads make them."""
MOST_STRUCTURES = 10_000
"""Of JPEGs and PNGs that TensorFlow decodes; most folders have ten or fewer."""

Made: TypeAlias = tuple[Examination, Outcome]


class RecordMaker:
    """Makes records; it remembers what TensorFlow decodes, and has threads to close."""

    def __init__(self, root: str, rules: ImageRules):
        """Starts no thread yet.

        Args:
            root: The data folder.
            rules: What becomes of an image.
        """
        self._root = root
        self._rules = rules
        self._decoded: set[bytes] = set()
        self._threads = concurrent.futures.ThreadPoolExecutor()

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown()

    def is_needed(self, image: Examination) -> bool:
        """Whether an image may need more than to be copied: it is transcoded, or of a new kind."""
        return bool(image.treatment) or image.structure not in self._decoded

    def make(self, chosen: Iterable[Examination]) -> Iterator[Made]:
        """Yields the outcome of each image, in their order."""
        return map_parts(self._make_all, chosen, PART_SIZE, self._threads)

    def _make_all(self, chosen: Sequence[Examination]) -> list[Made]:
        return [(image, self._make(image)) for image in chosen]

    def _make(self, image: Examination) -> Outcome:
        found = read_again(self._root, self._rules, image)
        if isinstance(found, Rejection):
            return found
        try:
            normalised = self._normalise(image, found)
        except UnusableImageError as error:
            return Rejection(image.filename, image.class_text, error.reason, error.detail)
        record = serialize_record(image, normalised.encoded, normalised.treatment)
        return record, normalised.treatment

    def _normalise(self, image: Examination, found: bytes) -> Normalised:
        # What the examination found need not be found again: these are the same bytes.
        if not image.treatment and self._decodes_as_found(image, found):
            return Normalised(found, AS_FOUND)
        return normalise(found, self._rules, self._decodes)

    def _decodes_as_found(self, image: Examination, found: bytes) -> bool:
        """TensorFlow's verdict, on this file or on another that it cannot tell from this one."""
        if image.structure in self._decoded:
            return True
        decodes = self._decodes(found)
        if decodes and image.structure and len(self._decoded) < MOST_STRUCTURES:
            self._decoded.add(image.structure)
        return decodes

    def _decodes(self, encoded: bytes) -> bool:
        return images.decodes(encoded, self._rules.channels)
