"""Records as Transform writes them -> pixels and labels, for all who read them."""

from collections.abc import Iterable, Sequence

import tensorflow as tf

from components import features, images

COMPRESSION = "GZIP"
PARALLEL_FILES = 4
"""Files that are read at the same time, in a fixed turn."""


def find_files(patterns: Iterable[str]) -> list[str]:
    """The files of some patterns, sorted."""
    return sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))


def read_files(
    paths: Sequence[str] | tf.Tensor, parallel_files: int | None = None
) -> tf.data.Dataset:
    """The serialized records of some files."""
    return tf.data.TFRecordDataset(paths, COMPRESSION, num_parallel_reads=parallel_files)


def parse(records: tf.data.Dataset, dimensions: tuple[int, int, int]) -> tf.data.Dataset:
    """Serialized records -> uint8 [height, width, channels] and int64 scalar label."""

    def parse_one(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        record = tf.io.parse_single_example(
            serialized,
            {
                features.IMAGE_PIXELS: tf.io.FixedLenFeature([], tf.string),
                features.CLASS_LABEL: tf.io.FixedLenFeature([], tf.int64),
            },
        )
        pixels = images.deserialize(record[features.IMAGE_PIXELS], dimensions)
        return pixels, record[features.CLASS_LABEL]

    return records.map(parse_one, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
