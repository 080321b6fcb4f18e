"""Records -> sharded TFRecords whose bytes depend on the records alone.

Beam's own TFRecord sink writes in the order in which bundles happen to arrive. Here a record's
digest decides its shard and its place in the shard, as TensorFlow Datasets does it, so that the
same folder gives the same files on any runner with any number of workers, already shuffled.
"""

import os
from collections.abc import Iterable, Iterator

import apache_beam as beam
import tensorflow as tf

SHARD_SIZE = 2_000
"""Records a shard on average: one shard is sorted in memory, about 200 MB of ordinary photos."""


class WriteShards(beam.PTransform):
    """Writes (digest, serialized record) pairs as `data_tfrecord-<shard>-of-<shards>.gz`."""

    def __init__(self, folder: str, records_expected: int):
        super().__init__()
        self._folder = folder
        self._shards = max(1, round(records_expected / SHARD_SIZE))

    def expand(self, records: beam.PCollection) -> beam.PCollection:
        """Returns the paths of the files, when they are written."""
        return (
            records
            | "KeyByShard" >> beam.Map(lambda record: (shard_of(record[0], self._shards), record))
            | "GroupByShard" >> beam.GroupByKey()
            | "WriteShard" >> beam.MapTuple(self._write)
        )

    def _write(self, shard: int, records: Iterable[tuple[str, bytes]]) -> str:
        name = f"data_tfrecord-{shard:05d}-of-{self._shards:05d}.gz"
        path = os.path.join(self._folder, name)
        tf.io.gfile.makedirs(self._folder)
        with tf.io.TFRecordWriter(path, "GZIP") as writer:
            for _, record in sorted(records):
                writer.write(record)
        return path


def shard_of(sha256: str, shards: int) -> int:
    """The shard of a record: by digits of its digest that do not decide its split as well."""
    return int(sha256[:8], 16) * shards >> 32


def read_records(folder: str) -> Iterator[tf.train.Example]:
    """Reads what `WriteShards` wrote, in the order of the files."""
    paths = sorted(tf.io.gfile.glob(os.path.join(folder, "*.gz")))
    for serialized in tf.data.TFRecordDataset(paths, "GZIP").as_numpy_iterator():
        yield tf.train.Example.FromString(serialized)
