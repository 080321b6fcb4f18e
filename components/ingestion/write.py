"""Chosen images -> sharded TFRecords whose bytes depend on the images alone.

Beam's own TFRecord sink writes in the order in which bundles happen to arrive. Here an image's
digest decides its shard and its place in the shard, as TensorFlow Datasets does it, so that the
same folder gives the same files on any runner with any number of workers, already shuffled.

Only what is known of an image travels through Beam. Its file is read again where its record is
written: that costs less than to carry it, and memory does not grow with the photos.

Shards are written by worker processes. Records for which TensorFlow has to be asked are made here,
where it is loaded, and wait in a file for the worker.

Beam may write a shard twice, also at the same time, and an image may have a record in one of the
two alone: it changed in between, or took too long. So each attempt writes a file of its own, and
that whose rows Beam went on with is given the shard's name.
"""

import collections
import concurrent.futures
import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeAlias

import apache_beam as beam
import pebble

from components.errors import PipelineError
from components.ingestion import shard
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.manifest import Row
from components.ingestion.packing import Gather, part_of, unpack_all, windowed
from components.ingestion.record_maker import RecordMaker
from components.ingestion.shard import Shard, Stored, store, write_records, write_shard
from components.normalization.normalization_rules import ImageRules
from components.progress import Progress
from components.resources import cores
from components.sandbox import DEFAULT_SECONDS, end_pool, result_of, worker_context
from components.storage import is_local, make_folder, put_in_place, unfinished_name

Results: TypeAlias = list[str | Rejection]
"""Of each image its treatment, or why it has no record."""
SHARD_SIZE = 2_000
"""Records a shard on average; what is known of the images of one shard is sorted in memory."""
SHARDS_AT_ONCE = 2
"""For each worker: the one that it writes, and the next."""
REJECTED = "rejected"
ROWS = "rows"
WRITTEN = "written"
_FILES = "files"


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
    images: Sequence[ImageRecord]
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

    def begin(self, path: str, images: Sequence[ImageRecord]) -> Begun:
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

    def _write_here(self, path: str, unfinished: str, images: Sequence[ImageRecord]) -> Begun:
        """Writes a shard at once: a worker would have to load TensorFlow, which reaches the files.

        Their records are made by threads, since these files are far away.
        """
        done: concurrent.futures.Future[Results] = concurrent.futures.Future()
        outcomes = (outcome for _, outcome in self._maker.make(images))
        done.set_result(write_records(unfinished, outcomes))
        return Begun(path, unfinished, images, len(images), done)

    def _store(self, path: str, images: Sequence[ImageRecord]) -> dict[str, Stored | Rejection]:
        """Makes the records that a worker cannot make."""
        # Asked one by one: a record that is made tells of others that need not be.
        needed = (image for image in images if self._maker.is_needed(image))
        stored = {}
        for image, outcome in self._maker.make(needed):
            stored[image.filename] = store(path, outcome)
            self._progress.advance()
        return stored


class WriteShards(beam.PTransform):
    """Writes (split, ImageRecord) as `Split-<split>/data_tfrecord-<shard>-of-<shards>.gz`.

    Takes lists of these pairs. Returns three PCollections: lists of the pairs that are written,
    lists of their rows of the manifest, and rejections of files that are not any more what was
    examined.
    """

    def __init__(
        self,
        root: str,
        folder: str,
        work_folder: str,
        rules: ImageRules,
        most_records: int,
        max_seconds: float = DEFAULT_SECONDS,
    ):
        """Describes what to write.

        Args:
            root: The data folder.
            folder: Where the folders of the splits are.
            work_folder: For records that wait to be written. It is made, and left to be removed.
            rules: What becomes of an image.
            most_records: How many there may be.
            max_seconds: What transcoding one image may take.
        """
        super().__init__()
        self._shards = max(1, round(most_records / SHARD_SIZE))
        self._writer = WriteShard(
            root, folder, work_folder, rules, self._shards, most_records, max_seconds
        )

    def expand(self, placed: beam.PCollection) -> Any:
        """Groups by shard, writes each, then gives it its name."""
        written = (
            placed
            | "GatherByShard" >> beam.ParDo(Gather(self._shard_of))
            | "GroupByShard" >> beam.GroupByKey()
            | "WriteShard"
            >> beam.ParDo(self._writer).with_outputs(WRITTEN, REJECTED, _FILES, main=ROWS)
        )
        # Between the two Beam settles which attempt counts.
        _ = written[_FILES] | beam.Reshuffle() | "PutInPlace" >> beam.MapTuple(put_in_place)
        return written

    def _shard_of(self, pair: tuple[str, ImageRecord]) -> tuple[str, int]:
        split, image = pair
        return split, part_of(image.sha256, self._shards)


class WriteShard(beam.DoFn):
    """Writes shards: ((split, shard), packed pairs of split and image) each."""

    def __init__(
        self,
        root: str,
        folder: str,
        work_folder: str,
        rules: ImageRules,
        shards: int,
        total: int,
        max_seconds: float,
    ):
        super().__init__()
        self._root = root
        self._folder = folder
        self._work_folder = work_folder
        self._rules = rules
        self._shards = shards
        self._total = total
        self._max_seconds = max_seconds

    def setup(self) -> None:
        """Starts the progress of this process, and prepares its workers."""
        progress = Progress("images written", self._total)
        self._workers = ShardWorkers(
            self._root, self._work_folder, self._rules, progress, self._max_seconds
        )

    def teardown(self) -> None:
        """Ends the workers."""
        self._workers.close()

    def start_bundle(self) -> None:
        """Forgets the shards of the bundle before."""
        self._begun: collections.deque[tuple[str, Begun]] = collections.deque()

    def process(self, element: tuple[tuple[str, int], Iterable[bytes]]) -> Iterator[Any]:
        """Begins one shard; yields rows, pairs and rejections of those that were begun before."""
        (split, number), gathered = element
        images: Iterator[ImageRecord] = (image for _, image in unpack_all(gathered))
        chosen = sorted(images, key=lambda image: image.sha256)
        self._begun.append((split, self._workers.begin(self._path(split, number), chosen)))
        if len(self._begun) > SHARDS_AT_ONCE * cores():
            yield from self._finish(*self._begun.popleft())

    def finish_bundle(self) -> Iterator[Any]:
        """Yields those of the rest."""
        while self._begun:
            yield from map(windowed, self._finish(*self._begun.popleft()))

    def _path(self, split: str, shard: int) -> str:
        folder = os.path.join(self._folder, f"Split-{split}")
        make_folder(folder)
        return os.path.join(folder, f"data_tfrecord-{shard:05d}-of-{self._shards:05d}.gz")

    def _finish(self, split: str, begun: Begun) -> Iterator[Any]:
        rows, written = [], []
        for image, result in zip(begun.images, self._workers.finish(begun), strict=True):
            if isinstance(result, Rejection):
                yield beam.pvalue.TaggedOutput(REJECTED, result)
            else:
                written.append((split, image))
                rows.append(Row(image.filename, image.sha256, image.class_text, split, result))
        yield beam.pvalue.TaggedOutput(_FILES, (begun.unfinished, begun.path))
        yield beam.pvalue.TaggedOutput(WRITTEN, written)
        yield rows
