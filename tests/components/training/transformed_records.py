"""Transformed records for tests, in files like those that Transform writes."""

import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components import features, images

FILES = "transformed_examples-*.gz"


def encode_record(pixels: np.ndarray, label: int) -> bytes:
    """One record; `pixels` is uint8 [height, width, channels]."""
    values = {
        features.IMAGE_PIXELS: tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[images.serialize(pixels).numpy()])
        ),
        features.CLASS_LABEL: tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
    }
    example = tf.train.Example(features=tf.train.Features(feature=values))
    return bytes(example.SerializeToString())


def write_records(
    folder: pathlib.Path, pixels: np.ndarray, labels: Sequence[int], files: int = 1
) -> str:
    """Writes records and returns the pattern of their files.

    Args:
        folder: Made if it is not there.
        pixels: uint8 [images, height, width, channels].
        labels: One an image.
        files: The images are spread over so many, in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(np.array_split(np.arange(len(labels)), files)):
        path = folder / f"transformed_examples-{number:05}-of-{files:05}.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for index in part:
                writer.write(encode_record(pixels[index], labels[index]))
    return str(folder / FILES)
