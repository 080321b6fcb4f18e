"""Chosen images -> sharded TFRecords whose bytes depend on the images alone.

Beam's own TFRecord sink writes in the order in which bundles happen to arrive. Here an image's
digest decides its shard and its place in the shard, as TensorFlow Datasets does it, so that the
same folder gives the same files on any runner with any number of workers, already shuffled.

Only what is known of an image travels through Beam. Its file is read again where its record is
written: that costs less than to carry it, and memory does not grow with the photos.
"""

import itertools
import os
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import tensorflow as tf

from components.ingestion.examining.examination import Examination
from components.ingestion.gathering import Gather, part_of, unpack_all
from components.ingestion.listing.folder import Rejection
from components.ingestion.writing.manifest import Row
from components.ingestion.writing.record_maker import Made, RecordMaker
from components.normalisation.rules import ImageRules
from components.progress import Progress

SHARD_SIZE = 2_000
"""Records a shard on average; what is known of the images of one shard is sorted in memory."""
SAMPLE = 8
SAMPLE_BYTES = 65_536
"""Of so many records, and of so many bytes, to find out whether compression is worth it."""
REJECTED = "rejected"
ROWS = "rows"
WRITTEN = "written"

_COMPRESSION = 1
_WORTH_IT = 0.9
"""Share of the size that has to remain at most."""


class WriteShards(beam.PTransform):
    """Writes (split, Examination) as `Split-<split>/data_tfrecord-<shard>-of-<shards>.gz`.

    Returns three PCollections: the pairs that are written, their rows of the manifest, and
    rejections of files that are not any more what was examined.
    """

    def __init__(self, root: str, folder: str, rules: ImageRules, most_records: int):
        """Describes what to write.

        Args:
            root: The data folder.
            folder: Where the folders of the splits are.
            rules: What becomes of an image.
            most_records: How many there may be.
        """
        super().__init__()
        self._shards = max(1, round(most_records / SHARD_SIZE))
        self._writer = WriteShard(root, folder, rules, self._shards, most_records)

    def expand(self, placed: beam.PCollection) -> Any:
        """Groups by shard, then writes each."""
        return (
            placed
            | "KeyByShard"
            >> beam.MapTuple(
                lambda split, image: ((split, part_of(image.sha256, self._shards)), image)
            )
            | "GatherByShard" >> beam.ParDo(Gather())
            | "GroupByShard" >> beam.GroupByKey()
            | "WriteShard" >> beam.ParDo(self._writer).with_outputs(WRITTEN, REJECTED, main=ROWS)
        )


class WriteShard(beam.DoFn):
    """Writes one shard: ((split, shard), packed images)."""

    def __init__(self, root: str, folder: str, rules: ImageRules, shards: int, total: int):
        super().__init__()
        self._root = root
        self._folder = folder
        self._rules = rules
        self._shards = shards
        self._total = total

    def setup(self) -> None:
        """Starts the progress of this process."""
        self._progress = Progress("images written", self._total)
        self._maker = RecordMaker(self._root, self._rules)

    def teardown(self) -> None:
        """Ends the threads."""
        self._maker.close()

    def process(self, element: tuple[tuple[str, int], Iterable[bytes]]) -> Iterator[Any]:
        """Yields a row and the pair itself for each record, or a rejection."""
        (split, shard), gathered = element
        chosen: list[Examination] = sorted(unpack_all(gathered), key=lambda image: image.sha256)
        made = self._maker.make(chosen)
        first = list(itertools.islice(made, SAMPLE))
        with tf.io.TFRecordWriter(self._path(split, shard), _options(first)) as writer:
            for image, outcome in itertools.chain(first, made):
                self._progress.advance()
                if isinstance(outcome, Rejection):
                    yield beam.pvalue.TaggedOutput(REJECTED, outcome)
                else:
                    record, treatment = outcome
                    writer.write(record)
                    yield beam.pvalue.TaggedOutput(WRITTEN, (split, image))
                    yield Row(image.filename, image.sha256, image.class_text, split, treatment)

    def _path(self, split: str, shard: int) -> str:
        folder = os.path.join(self._folder, f"Split-{split}")
        tf.io.gfile.makedirs(folder)
        return os.path.join(folder, f"data_tfrecord-{shard:05d}-of-{self._shards:05d}.gz")


def _options(made: Iterable[Made]) -> tf.io.TFRecordOptions:
    """Compresses what wins by it.

    Photos are compressed already: to try it again takes longer than all the rest. Of a small
    image's record, a half is names.
    """
    records = b"".join(outcome[0] for _, outcome in made if not isinstance(outcome, Rejection))
    records = records[:SAMPLE_BYTES]
    is_worth_it = len(zlib.compress(records, _COMPRESSION)) < _WORTH_IT * len(records)
    return tf.io.TFRecordOptions(
        compression_type="GZIP", compression_level=_COMPRESSION if is_worth_it else 0
    )
