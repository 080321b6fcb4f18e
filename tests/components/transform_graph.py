"""A real graph of TF Transform for tests, made of a few images in seconds."""

import functools
import pathlib
from collections.abc import Sequence

import apache_beam as beam
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils

from components import features
from components.beam_arguments import ONE_PROCESS
from components.preprocessing import preprocessing_fn
from pipeline.execution import NOTHING_TO_PACK
from tests.image_files import encode_image

RAW_SPEC = {
    features.IMAGE_ENCODED: tf.io.FixedLenFeature([1], tf.string),
    features.CLASS_TEXT: tf.io.FixedLenFeature([1], tf.string),
}
BEAM_ARGUMENTS = (*ONE_PROCESS, NOTHING_TO_PACK)


def write_transform_graph(
    folder: pathlib.Path, shape: features.ImageShape, class_names: Sequence[str]
) -> tft.TFTransformOutput:
    """Traces the project's own preprocessing, as the step Transform does.

    Args:
        folder: A new one.
        shape: Of the images that leave the graph.
        class_names: Sorted.

    Returns:
        What training and serving read; nothing outside of `folder` belongs to it.
    """
    class_names_file = folder.with_name(f"{folder.name}_class_names")
    class_names_file.write_text("".join(f"{name}\n" for name in class_names))
    settings = {
        "height": shape.height,
        "width": shape.width,
        "channels": shape.channels,
        "resize_method": "bilinear",
        "class_names_file": str(class_names_file),
    }
    records = [
        {features.IMAGE_ENCODED: [encode_image(seed=seed)], features.CLASS_TEXT: [name.encode()]}
        for seed, name in enumerate(class_names)
    ]
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(RAW_SPEC))
    temporary = str(folder.with_name(f"{folder.name}_temporary"))
    options = PipelineOptions(list(BEAM_ARGUMENTS))
    with tft_beam.Context(temporary), beam.Pipeline(options=options) as pipeline:
        graph = (pipeline | beam.Create(records), metadata) | tft_beam.AnalyzeDataset(
            functools.partial(preprocessing_fn, custom_config=settings)
        )
        graph | tft_beam.WriteTransformFn(str(folder))
    metadata_io.write_metadata(metadata, str(folder / tft.TFTransformOutput.RAW_METADATA_DIR))
    class_names_file.unlink()
    return tft.TFTransformOutput(str(folder))


def serialize_raw_record(encoded: bytes, class_name: str) -> bytes:
    """A record as ingestion writes it, with the features that the graph reads."""
    values = {features.IMAGE_ENCODED: encoded, features.CLASS_TEXT: class_name.encode()}
    feature = {
        key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        for key, value in values.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return bytes(example.SerializeToString())
