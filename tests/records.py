"""Records for tests: some written by hand, and those that ingestion wrote, read back."""

import os
import pathlib
from collections.abc import Iterator, Mapping

import tensorflow as tf

from components import features
from components.split_records import read_records


def write_image_records(folder: pathlib.Path, images: Mapping[str, str]) -> str:
    """Writes records that hold no more than a digest and a file.

    Args:
        folder: Where to; it exists.
        images: Digest to file, in the order of the records.

    Returns:
        The folder.
    """
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(os.path.join(folder, "data.gz"), options) as writer:
        for sha256, encoded in images.items():
            example = tf.train.Example()
            values = {features.IMAGE_SHA256: sha256, features.IMAGE_ENCODED: encoded}
            for key, value in values.items():
                example.features.feature[key].bytes_list.value.append(value.encode())
            writer.write(example.SerializeToString())
    return str(folder)


def read_examples(folder: str) -> Iterator[tf.train.Example]:
    """Reads the records of a split, in the order of the files."""
    for serialized in read_records([folder]).as_numpy_iterator():
        yield tf.train.Example.FromString(serialized)
