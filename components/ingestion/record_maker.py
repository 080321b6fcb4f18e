"""Examined images -> their records, where TensorFlow has to be asked."""

import concurrent.futures
import functools
import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from components import images
from components.features import AS_FOUND
from components.ingestion import shard
from components.ingestion.examine import read_image
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.parts import map_parts
from components.ingestion.shard import Outcome, Transcoding, transcode
from components.ingestion.tf_example import serialize_record
from components.normalization.normalization_rules import ImageRules
from components.sandbox import DEFAULT_SECONDS, Limits, Sandbox
from components.storage import is_local

PART_SIZE = 16
"""Images that one thread looks at in a row, if threads do."""
AT_ONCE = 32
"""Images whose records wait for the workers that transcode some of them."""
MOST_STRUCTURES = 10_000
"""Of JPEGs and PNGs that TensorFlow decodes; most folders have ten or fewer."""

Made: TypeAlias = tuple[ImageRecord, Outcome]


class RecordMaker:
    """Makes records; it remembers what TensorFlow decodes, and has threads and workers to close.

    What is transcoded is decoded in a sandbox, with the limits of the examination. TensorFlow sees
    files that were decoded there before, one at a time: its memory is that of one image.
    """

    def __init__(self, root: str, rules: ImageRules, max_seconds: float = DEFAULT_SECONDS):
        """Starts neither a thread nor a process yet.

        Args:
            root: The data folder.
            rules: What becomes of an image.
            max_seconds: What transcoding one image may take.
        """
        self._root = root
        self._rules = rules
        self._decoded: set[bytes] = set()
        self._threads = concurrent.futures.ThreadPoolExecutor()
        self._one_at_a_time = threading.Lock()
        self._sandbox = Sandbox(
            functools.partial(transcode, rules),
            lambda task, *why: task.image.rejected(*why),
            preload=shard.__name__,
            limits=Limits(rules.max_megapixels, max_seconds),
        )

    def close(self) -> None:
        """Ends the threads and the workers."""
        self._threads.shutdown()
        self._sandbox.close()

    def is_needed(self, image: ImageRecord) -> bool:
        """Whether an image may need more than to be copied: it is transcoded, or of a new kind."""
        is_known = image.structure in self._decoded and not image.has_metadata
        return bool(image.treatment) or not is_known

    def make(self, chosen: Iterable[ImageRecord]) -> Iterator[Made]:
        """Yields the outcome of each image, in their order."""
        looked_at = map_parts(self._look_at_all, chosen, PART_SIZE, self._threads)
        while part := list(itertools.islice(looked_at, AT_ONCE)):
            tasks = [outcome for _, outcome in part if isinstance(outcome, Transcoding)]
            transcoded = self._sandbox.map(tasks)
            for image, outcome in part:
                yield image, next(transcoded) if isinstance(outcome, Transcoding) else outcome

    def _look_at_all(
        self, chosen: Sequence[ImageRecord]
    ) -> list[tuple[ImageRecord, Outcome | Transcoding]]:
        return [(image, self._look_at(image)) for image in chosen]

    def _look_at(self, image: ImageRecord) -> Outcome | Transcoding:
        """The record of an image that stays as it is, or what is to be done to it."""
        is_local_folder = is_local(self._root)
        if image.treatment and is_local_folder:
            return Transcoding((self._root, image, None), is_refused=False)
        found = read_image(self._root, self._rules, image)
        if isinstance(found, Rejection):
            return found
        # What the examination found need not be found again: these are the same bytes.
        if not image.treatment and self._decodes_as_found(image, found):
            return serialize_record(image, found, AS_FOUND), AS_FOUND
        # A worker would have to load TensorFlow to read what is far away.
        content = None if is_local_folder else found
        return Transcoding((self._root, image, content), is_refused=not image.treatment)

    def _decodes_as_found(self, image: ImageRecord, found: bytes) -> bool:
        """TensorFlow's verdict, on this file or on another that it cannot tell from this one."""
        if not images.is_plain(found, self._rules.channels):
            return False
        if image.structure in self._decoded:
            return True
        decodes = self._decodes(found)
        if decodes and image.structure and len(self._decoded) < MOST_STRUCTURES:
            self._decoded.add(image.structure)
        return decodes

    def _decodes(self, encoded: bytes) -> bool:
        with self._one_at_a_time:
            return images.decodes(encoded, self._rules.channels)
