import gzip
import random

import pytest
import tensorflow as tf

from components.ingestion.tf_example import TFRecordWriter

RECORDS = [b"", b"a", random.Random(1).randbytes(100_000), b"the same " * 5_000]


def _write(path, level, records=RECORDS):
    with TFRecordWriter(str(path), level) as writer:
        for record in records:
            writer.write(record)
    return path.read_bytes()


@pytest.mark.parametrize("level", [0, 1, 9])
def test_tensorflow_reads_what_was_written(level, tmp_path):
    _write(tmp_path / "data.gz", level)
    read = tf.data.TFRecordDataset(str(tmp_path / "data.gz"), "GZIP").as_numpy_iterator()
    assert list(read) == RECORDS


def test_is_what_tensorflow_writes_but_for_the_compression(tmp_path):
    _write(tmp_path / "ours.gz", 1)
    with tf.io.TFRecordWriter(str(tmp_path / "theirs.gz"), "GZIP") as writer:
        for record in RECORDS:
            writer.write(record)
    ours, theirs = (tmp_path / f"{name}.gz" for name in ("ours", "theirs"))
    assert gzip.decompress(ours.read_bytes()) == gzip.decompress(theirs.read_bytes())


def test_a_file_without_records_is_read_as_one(tmp_path):
    assert _write(tmp_path / "data.gz", 0, []) != b""
    assert list(tf.data.TFRecordDataset(str(tmp_path / "data.gz"), "GZIP")) == []


def test_neither_time_nor_name_changes_a_byte(tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1e9)
    first = _write(tmp_path / "first.gz", 1)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert _write(tmp_path / "second.gz", 1) == first


def test_level_0_does_not_compress(tmp_path):
    sizes = [len(_write(tmp_path / f"{level}.gz", level, [b"x" * 100_000])) for level in (0, 1)]
    assert sizes[0] > 100_000 > 1_000 > sizes[1]


def test_writes_where_gfile_does(tmp_path):
    path = "ram://records.gz"
    with TFRecordWriter(path, 1) as writer:
        writer.write(b"far away")
    with tf.io.gfile.GFile(path, "rb") as file:
        (tmp_path / "copy.gz").write_bytes(file.read())
    read = tf.data.TFRecordDataset(str(tmp_path / "copy.gz"), "GZIP").as_numpy_iterator()
    assert list(read) == [b"far away"]
