"""Predictions of the test images -> records without the images, which TFMA evaluates.

TFMA asks models itself where it is given images: a second look at every test image, for predictions
that are there. Records with predictions are what it calls materialized predictions.

    image/class/text        bytes                          by which results are sliced
    image/class/label       int64                          of the new model; -1 if it has no such
    probabilities           float32 list, one a class      of the new model
    baseline_probabilities  the same of the serving model  only if there is one

`output_examples` is what TFX's BulkInferrer calls records with predictions.
"""

import os

import numpy as np
import tensorflow as tf
from tfx import types
from tfx.types import artifact_utils

from components import features
from components.predictions import Predictions

_FILE_NAME = "data_tfrecord-00000-of-00001.gz"


def write_predicted_examples(predictions: Predictions, examples: types.Artifact) -> None:
    """Writes one record an image, in the order of the predictions.

    Args:
        predictions: Of the test split.
        examples: The artifact, which gets that one split.
    """
    examples.split_names = artifact_utils.encode_split_names([features.TEST_SPLIT])
    folder = artifact_utils.get_split_uri([examples], features.TEST_SPLIT)
    tf.io.gfile.makedirs(folder)
    with tf.io.TFRecordWriter(os.path.join(folder, _FILE_NAME), "GZIP") as writer:
        for row, label in enumerate(predictions.model.positions_of(predictions.class_texts)):
            writer.write(_record(predictions, row, int(label)).SerializeToString())


def _record(predictions: Predictions, row: int, label: int) -> tf.train.Example:
    class_text = predictions.class_texts[row].encode()
    values = {
        features.CLASS_TEXT: tf.train.Feature(bytes_list=tf.train.BytesList(value=[class_text])),
        features.CLASS_LABEL: tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
        features.PROBABILITIES: _numbers(predictions.model.probabilities[row]),
    }
    if predictions.baseline is not None:
        values[features.BASELINE_PROBABILITIES] = _numbers(predictions.baseline.probabilities[row])
    return tf.train.Example(features=tf.train.Features(feature=values))


def _numbers(values: np.ndarray) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
