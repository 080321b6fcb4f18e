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
import os
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from components.ingestion.data_folder import Rejection
from components.ingestion.examining.examination import Examination
from components.ingestion.gathering import Gather, part_of, unpack_all, windowed
from components.ingestion.writing.manifest import Row
from components.ingestion.writing.shard_workers import Begun, ShardWorkers
from components.normalization.normalization_rules import ImageRules
from components.progress import Progress
from components.resources import cores
from components.storage import make_folder, put_in_place
from components.worker_pool import DEFAULT_SECONDS

SHARD_SIZE = 2_000
"""Records a shard on average; what is known of the images of one shard is sorted in memory."""
SHARDS_AT_ONCE = 2
"""For each worker: the one that it writes, and the next."""
REJECTED = "rejected"
ROWS = "rows"
WRITTEN = "written"
_FILES = "files"


class WriteShards(beam.PTransform):
    """Writes (split, Examination) as `Split-<split>/data_tfrecord-<shard>-of-<shards>.gz`.

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

    def _shard_of(self, pair: tuple[str, Examination]) -> tuple[str, int]:
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
        """Has begun nothing yet."""
        self._begun: collections.deque[tuple[str, Begun]] = collections.deque()

    def process(self, element: tuple[tuple[str, int], Iterable[bytes]]) -> Iterator[Any]:
        """Begins one shard; yields rows, pairs and rejections of those that were begun before."""
        (split, number), gathered = element
        images: Iterator[Examination] = (image for _, image in unpack_all(gathered))
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
