import hashlib
import random

import apache_beam as beam
import pytest
import tensorflow as tf

from components.ingestion import writer
from components.ingestion.writer import WriteShards, read_records, shard_of


@pytest.mark.parametrize(
    ("sha256", "shards", "expected"),
    [
        ("00000000" + "f" * 56, 1, 0),
        ("ffffffff" + "0" * 56, 1, 0),
        ("00000000" + "f" * 56, 35, 0),
        ("ffffffff" + "0" * 56, 35, 34),
        ("7fffffff" + "0" * 56, 2, 0),
        ("80000000" + "0" * 56, 2, 1),
        (hashlib.sha256(b"a").hexdigest(), 35, 27),
        (hashlib.sha256(b"b").hexdigest(), 35, 8),
    ],
)
def test_shard_of(sha256, shards, expected):
    assert shard_of(sha256, shards) == expected


def _records(count):
    for number in range(count):
        example = tf.train.Example()
        example.features.feature["number"].int64_list.value.append(number)
        serialized = example.SerializeToString(deterministic=True)
        yield hashlib.sha256(serialized).hexdigest(), serialized


def _write(folder, records, records_expected):
    options = ["--runner=DirectRunner", "--direct_running_mode=in_memory"]
    with beam.Pipeline(options=beam.options.pipeline_options.PipelineOptions(options)) as pipeline:
        _ = pipeline | beam.Create(records) | WriteShards(str(folder), records_expected)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_depend_on_the_records_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SHARD_SIZE", 10)
    records = list(_records(20))
    first = _write(tmp_path / "first", records, 20)
    random.Random(1).shuffle(records)
    assert _write(tmp_path / "second", records, 20) == first
    assert sorted(first) == ["data_tfrecord-00000-of-00002.gz", "data_tfrecord-00001-of-00002.gz"]


def test_records_are_in_the_order_of_their_digests_and_none_is_lost(tmp_path):
    records = list(_records(20))
    assert list(_write(tmp_path / "out", records, 20)) == ["data_tfrecord-00000-of-00001.gz"]
    read = [
        record.SerializeToString(deterministic=True)
        for record in read_records(str(tmp_path / "out"))
    ]
    assert read == [serialized for _, serialized in sorted(records)]


@pytest.mark.parametrize(
    ("records_expected", "shards"), [(0, 1), (1, 1), (2_000, 1), (3_100, 2), (70_000, 35)]
)
def test_number_of_shards(records_expected, shards):
    assert WriteShards("folder", records_expected)._shards == shards
