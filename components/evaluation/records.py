"""The records of a split, as a dataset."""

import os
from collections.abc import Sequence

import tensorflow as tf


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
