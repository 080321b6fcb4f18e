"""Shards -> worker processes that write them, with what only this process can make for them."""

import concurrent.futures
import dataclasses
import os
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import TypeAlias

import pebble

from components.errors import PipelineError
from components.ingestion.data_folder import Rejection
from components.ingestion.examining.examination import Examination
from components.ingestion.writing import shard
from components.ingestion.writing.record_maker import RecordMaker
from components.ingestion.writing.shard import Shard, write_records, write_shard
from components.ingestion.writing.store import Stored, store
from components.normalization.normalization_rules import ImageRules
from components.progress import Progress
from components.resources import cores
from components.storage import is_local, make_folder, unfinished_name
from components.worker_pool import DEFAULT_SECONDS, end_pool, result_of, worker_context

Results: TypeAlias = list[str | Rejection]
"""Of each image its treatment, or why it has no record."""


@dataclasses.dataclass(frozen=True)
class Begun:
    """A shard that a worker writes.

    Attributes:
        path: Of its file.
        unfinished: Where it is written, to be put in its place: another attempt at the same shard
            has another, whose images may have had another fate.
        images: In the order of their records.
        left: How many of these the worker has to read.
        future: Of their results.
    """

    path: str
    unfinished: str
    images: Sequence[Examination]
    left: int
    future: "concurrent.futures.Future[Results]"


class ShardWorkers:
    """Writes shards, as many at once as there are cores; has processes and threads to close."""

    def __init__(
        self,
        root: str,
        work_folder: str,
        rules: ImageRules,
        progress: Progress,
        max_seconds: float = DEFAULT_SECONDS,
    ):
        """Starts no process yet.

        Args:
            root: The data folder.
            work_folder: For records that wait for a worker.
            rules: What becomes of an image.
            progress: Counts the images.
            max_seconds: What transcoding one image may take.
        """
        self._root = root
        self._work_folder = work_folder
        self._rules = rules
        self._progress = progress
        self._maker = RecordMaker(root, rules, max_seconds)
        self._pool = pebble.ProcessPool(cores(), context=worker_context(shard.__name__))

    def close(self) -> None:
        """Ends the processes and the threads."""
        end_pool(self._pool)
        self._maker.close()

    def begin(self, path: str, images: Sequence[Examination]) -> Begun:
        """Begins the file of a shard, whose folder must be there."""
        unfinished = unfinished_name(path)
        if not is_local(self._root) or not is_local(path):
            return self._write_here(path, unfinished, images)
        make_folder(self._work_folder)
        waiting = os.path.join(self._work_folder, os.path.basename(unfinished))
        stored = self._store(waiting, images)
        task = Shard(unfinished, self._root, self._rules, images, waiting, stored)
        future = self._pool.schedule(write_shard, args=(task,))
        return Begun(path, unfinished, images, len(images) - len(stored), future)

    def finish(self, begun: Begun) -> Results:
        """Waits until a shard is written, under the name of what is unfinished.

        Raises:
            PipelineError: Its worker was ended.
            OSError: It cannot be written.
        """
        try:
            results = result_of(begun.future, self._pool)
        except (pebble.ProcessExpired, BrokenProcessPool) as error:
            status = getattr(error, "exitcode", "unknown")
            raise PipelineError(
                "The processes that write records must not be ended by others. Received: status "
                f"{status} of the one that wrote {begun.path}. -9 most often means that memory ran "
                "out: end other work on this machine, then run again."
            ) from error
        self._progress.advance(units=begun.left)
        return results

    def _write_here(self, path: str, unfinished: str, images: Sequence[Examination]) -> Begun:
        """Writes a shard at once: a worker would have to load TensorFlow, which reaches the files.

        Their records are made by threads, since these files are far away.
        """
        done: concurrent.futures.Future[Results] = concurrent.futures.Future()
        outcomes = (outcome for _, outcome in self._maker.make(images))
        done.set_result(write_records(unfinished, outcomes))
        return Begun(path, unfinished, images, len(images), done)

    def _store(self, path: str, images: Sequence[Examination]) -> dict[str, Stored | Rejection]:
        """Makes the records that a worker cannot make."""
        # Asked one by one: a record that is made tells of others that need not be.
        needed = (image for image in images if self._maker.is_needed(image))
        stored = {}
        for image, outcome in self._maker.make(needed):
            stored[image.filename] = store(path, outcome)
            self._progress.advance()
        return stored
