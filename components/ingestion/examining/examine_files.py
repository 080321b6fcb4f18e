"""Files -> examinations and rejections, on Beam."""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam

from components.ingestion.data_folder import ImageFile, Rejection
from components.ingestion.examining import examination
from components.ingestion.examining.examination import (
    Content,
    Examination,
    Place,
    finish,
    look_at_file,
    read_or_reject,
)
from components.ingestion.gathering import pack, unpack, windowed
from components.ingestion.rules import IngestionRules
from components.progress import Progress
from components.storage import is_local
from components.worker_pool import Sandbox, check_machine, warm_up

BATCH = 1_024
"""Files in one element: what Beam does for an element costs as much as a small image."""
REJECTED = "rejected"


class ExamineFiles(beam.DoFn):
    """Turns batches of files into lists of examinations; rejections in an output of their own."""

    def __init__(self, root: str, rules: IngestionRules, total: int):
        """Starts what its workers are copies of: that takes as long as Beam takes to begin.

        Raises:
            PipelineError: This machine does not let workers start.
        """
        super().__init__()
        check_machine(rules.limits.memory)
        warm_up(examination.__name__)
        self._root = root
        self._rules = rules
        self._total = total

    def setup(self) -> None:
        """Prepares the workers and the progress of this process."""
        self._progress = Progress("images read", self._total)
        self._sandbox = Sandbox(
            functools.partial(look_at_file, self._root, self._rules.image),
            _reject,
            preload=examination.__name__,
            limits=self._rules.limits,
            finish=finish,
        )

    def teardown(self) -> None:
        """Ends the workers."""
        self._sandbox.close()

    def start_bundle(self) -> None:
        """Has nothing to do yet."""
        self._places: list[Place] = []

    def process(self, batch: bytes) -> None:
        """Takes one of `batches`.

        The workers get those of all batches in one go, as they would wait for one another at the
        end of each.
        """
        self._places.extend(unpack(batch))

    def finish_bundle(self) -> Iterator[Any]:
        """Yields one outcome for each file."""
        examined: list[Examination] = []
        for outcome in self._sandbox.map(map(self._with_content, self._places)):
            self._progress.advance()
            if isinstance(outcome, Rejection):
                yield windowed(beam.pvalue.TaggedOutput(REJECTED, outcome))
                continue
            examined.append(outcome)
            if len(examined) == BATCH:
                yield windowed(examined)
                examined = []
        yield windowed(examined)
        self._places = []
        self._sandbox.close()

    def _with_content(self, place: Place) -> tuple[Place, Content]:
        if is_local(self._root):
            return place, None
        # A worker would have to load TensorFlow to read it.
        return place, read_or_reject(self._root, ImageFile(*place), self._rules.image)


def batches(files: Sequence[ImageFile]) -> list[bytes]:
    """The files in elements for Beam.

    Compressed by `pack`, since Beam compresses what is not yet before it runs a pipeline, with
    bzip2, which takes many times as long.
    """
    places: list[Place] = [(file.filename, file.class_text, file.given_split) for file in files]
    return [pack(places[start : start + BATCH]) for start in range(0, len(places), BATCH)]


def _reject(item: tuple[Place, Content], reason: str, detail: str) -> Rejection:
    (filename, class_text, _), _ = item
    return Rejection(filename, class_text, reason, detail)
