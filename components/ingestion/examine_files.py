"""Files -> records of images and rejections, on Beam."""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam

from components.ingestion import examine
from components.ingestion.examine import Item, finish, look_at_file, read_image
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.ingestion_rules import IngestionRules
from components.ingestion.packing import pack, unpack, windowed
from components.normalization.normalization_rules import ImageRules
from components.progress import Progress
from components.sandbox import Sandbox, check_machine, warm_up
from components.storage import is_local

BATCH = 1_024
"""Files in one element: what Beam does for an element costs as much as a small image."""
REJECTED = "rejected"


class ExamineFiles(beam.DoFn):
    """Turns batches of files into lists of records; rejections in an output of their own."""

    def __init__(self, root: str, rules: IngestionRules, total: int):
        """Starts what its workers are copies of: that takes as long as Beam takes to begin.

        Raises:
            PipelineError: This machine does not let workers start.
        """
        super().__init__()
        check_machine(rules.limits.memory)
        warm_up(examine.__name__)
        self._root = root
        self._rules = rules
        self._total = total

    def setup(self) -> None:
        """Prepares the workers and the progress of this process."""
        self._progress = Progress("images read", self._total)
        self._sandbox = Sandbox(
            functools.partial(look_at_file, self._rules.image),
            _reject,
            preload=examine.__name__,
            limits=self._rules.limits,
            finish=finish,
        )

    def teardown(self) -> None:
        """Ends the workers."""
        self._sandbox.close()

    def start_bundle(self) -> None:
        """Forgets the files of the bundle before."""
        self._images: list[ImageRecord] = []

    def process(self, batch: bytes) -> None:
        """Takes one of `batches`.

        The workers get those of all batches in one go, as they would wait for one another at the
        end of each.
        """
        self._images.extend(ImageRecord(*place) for place in unpack(batch))

    def finish_bundle(self) -> Iterator[Any]:
        """Yields one outcome for each file."""
        examined: list[ImageRecord] = []
        items = (item_of(self._root, self._rules.image, image) for image in self._images)
        for outcome in self._sandbox.map(items):
            self._progress.advance()
            if isinstance(outcome, Rejection):
                yield windowed(beam.pvalue.TaggedOutput(REJECTED, outcome))
                continue
            examined.append(outcome)
            if len(examined) == BATCH:
                yield windowed(examined)
                examined = []
        yield windowed(examined)
        # The steps behind need the memory.
        self._sandbox.close()


def item_of(root: str, rules: ImageRules, image: ImageRecord) -> Item:
    """What a worker is given of a file: it would have to load TensorFlow to read one far away."""
    return root, image, None if is_local(root) else read_image(root, rules, image)


def batches(files: Sequence[ImageRecord]) -> list[bytes]:
    """The files in elements for Beam, with nothing but what is known of them.

    Compressed by `pack`, since Beam compresses what is not yet before it runs a pipeline, with
    bzip2, which takes many times as long.
    """
    places = [(file.filename, file.class_text, file.given_split) for file in files]
    return [pack(places[start : start + BATCH]) for start in range(0, len(places), BATCH)]


def _reject(item: Item, reason: str, detail: str) -> Rejection:
    return item[1].rejected(reason, detail)
