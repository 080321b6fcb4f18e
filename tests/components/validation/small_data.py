"""Records and statistics for the tests of validation, without ingestion, StatisticsGen and Beam."""

import itertools
import json
import pathlib

import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.types import standard_artifacts
from tfx_bsl.coders import example_coder

from components import features
from components.validation.schema import freeze_schema
from components.validation.statistics import statistics_options


def make_record(class_text, seed=0, **changes):
    """The record of one image; `changes` are other values, by the last part of their keys."""
    values = {
        "encoded": b"pixels",
        "format": "png",
        "treatment": "as found",
        "height": 30,
        "width": 40,
        "channels": 3,
        "bytes": 1000 + seed,
        "aspect_ratio": 4 / 3,
        "brightness": 0.5,
        "contrast": 0.25,
        "sharpness": 400.0,
        "entropy": 7.0,
        "filename": f"{class_text}/{seed}.png",
        "sha256": f"{seed:064}",
        **changes,
    }
    keys = {f"image/{name}": value for name, value in values.items()}
    keys[features.CLASS_TEXT] = class_text
    return tf.train.Example(
        features=tf.train.Features(feature={key: _feature(value) for key, value in keys.items()})
    )


def _feature(value):
    if isinstance(value, float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
    if isinstance(value, int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    value = value.encode() if isinstance(value, str) else value
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def make_records(*class_texts, **changes):
    """One record for each class named."""
    return [make_record(class_text, seed, **changes) for seed, class_text in enumerate(class_texts)]


def without(record, key):
    """A copy that lacks one feature."""
    copy = tf.train.Example.FromString(record.SerializeToString())
    del copy.features.feature[key]
    return copy


def make_statistics(records):
    """What StatisticsGen makes of the records of a split."""
    batch = example_coder.ExamplesToRecordBatchDecoder().DecodeBatch(
        [record.SerializeToString() for record in records]
    )
    return stats_impl.generate_statistics_in_memory(batch, statistics_options())


def write_statistics(images, counts=None, numbers=None):
    """Statistics as TFDV writes them, in a millisecond.

    Args:
        images: Number of images.
        counts: Images by value, by feature.
        numbers: Sorted values of a number, by feature: the boundaries of buckets of equal size.
    """
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = statistics.datasets.add(num_examples=images)
    for key, by_value in (counts or {}).items():
        feature = dataset.features.add()
        feature.path.step.append(key)
        for value, count in by_value.items():
            feature.string_stats.rank_histogram.buckets.add(label=value, sample_count=count)
    for key, values in (numbers or {}).items():
        feature = dataset.features.add()
        feature.path.step.append(key)
        feature.num_stats.common_stats.num_non_missing = images
        feature.num_stats.min, feature.num_stats.max = values[0], values[-1]
        feature.num_stats.mean = sum(values) / len(values)
        histogram = feature.num_stats.histograms.add(type=statistics_pb2.Histogram.QUANTILES)
        share = images / (len(values) - 1)
        for low, high in itertools.pairwise(values):
            histogram.buckets.add(low_value=low, high_value=high, sample_count=share)
    return statistics


def make_artifact(artifact_type, folder):
    """An empty artifact."""
    artifact = artifact_type()
    artifact.uri = str(folder)
    folder.mkdir(parents=True)
    return artifact


def write_splits(artifact, name, content_by_split):
    """Writes one message of each split."""
    artifact.split_names = json.dumps(list(content_by_split))
    for split, content in content_by_split.items():
        folder = pathlib.Path(artifact.uri, f"Split-{split}")
        folder.mkdir()
        (folder / name).write_bytes(content.SerializeToString())


def make_inputs(folder, records_by_split, schema, baseline=None, span=0):
    """What DataGate and DataReport get.

    Args:
        folder: Where the artifacts are made.
        records_by_split: The images.
        schema: What they are held to.
        baseline: Those of the last pushed model, by split.
        span: Their number.
    """
    statistics = {split: make_statistics(found) for split, found in records_by_split.items()}
    anomalies = {
        split: tfdv.validate_statistics(found, schema) for split, found in statistics.items()
    }
    inputs = {
        "statistics": [make_artifact(standard_artifacts.ExampleStatistics, folder / "new")],
        "anomalies": [make_artifact(standard_artifacts.ExampleAnomalies, folder / "anomalies")],
        "schema": [make_artifact(standard_artifacts.Schema, folder / "schema")],
        "baseline_statistics": [],
    }
    for key in ("statistics", "anomalies"):
        inputs[key][0].span = span
    write_splits(inputs["statistics"][0], "FeatureStats.pb", statistics)
    write_splits(inputs["anomalies"][0], "SchemaDiff.pb", anomalies)
    freeze_schema(schema, f"{inputs['schema'][0].uri}/schema.pbtxt")
    if baseline:
        old = make_artifact(standard_artifacts.ExampleStatistics, folder / "old")
        write_splits(old, "FeatureStats.pb", {s: make_statistics(r) for s, r in baseline.items()})
        inputs["baseline_statistics"] = [old]
    return inputs
