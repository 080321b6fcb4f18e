"""The records of a split, as a dataset."""

import os
from collections.abc import Iterator, Sequence, Set

import tensorflow as tf

from components import features

BATCH_SIZE = 64
"""Records at a time: they are held in memory."""


def read_records(folders: Sequence[str]) -> tf.data.Dataset:
    """Reads serialized tf.train.Examples, in the order of the files.

    Args:
        folders: Of one split, one of each span.

    Returns:
        A dataset of string scalars.
    """
    paths = [
        path for folder in folders for path in sorted(tf.io.gfile.glob(os.path.join(folder, "*")))
    ]
    return tf.data.TFRecordDataset(paths, "GZIP")


def find_images(folders: Sequence[str], wanted: Set[str]) -> Iterator[tuple[str, bytes]]:
    """Looks for some images, and reads no further than to the last of them.

    Args:
        folders: Of one split, one of each span.
        wanted: Hexadecimal digests of files.

    Yields:
        Digest and file of each, in the order of the records.
    """
    missing = set(wanted)
    if not missing:
        return
    spec = {features.IMAGE_SHA256: tf.io.FixedLenFeature([], tf.string)}
    # Of a record alone, TensorFlow takes longer to begin than to read it.
    for serialized in read_records(folders).batch(BATCH_SIZE):
        digests = tf.io.parse_example(serialized, spec)[features.IMAGE_SHA256].numpy()
        for row, digest in enumerate(digests):
            sha256 = digest.decode()
            if sha256 in missing:
                missing.remove(sha256)
                yield sha256, _image(serialized[row].numpy())
        if not missing:
            return


def _image(serialized: bytes) -> bytes:
    record = tf.train.Example.FromString(serialized)
    return bytes(record.features.feature[features.IMAGE_ENCODED].bytes_list.value[0])
