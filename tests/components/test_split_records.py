"""Some images out of many records."""

import pathlib
from collections.abc import Iterable

import pytest
import tensorflow as tf

from components import split_records as records
from components.split_records import find_images
from tests.records import write_image_records


def write(folder: pathlib.Path, numbers: Iterable[int]) -> str:
    folder.mkdir()
    return write_image_records(folder, {f"{number}": f"file {number}" for number in numbers})


def test_finds_images_in_all_spans_and_batches(tmp_path: pathlib.Path) -> None:
    size = records.BATCH_SIZE
    folders = [write(tmp_path / "1", range(size + 2)), write(tmp_path / "2", [900, 901])]
    wanted = {"901", "0", f"{size}", "not there"}
    assert list(find_images(folders, wanted)) == [
        ("0", b"file 0"),
        (f"{size}", f"file {size}".encode()),
        ("901", b"file 901"),
    ]


def test_reads_no_further_than_it_must(tmp_path: pathlib.Path) -> None:
    folder = write(tmp_path / "1", range(records.BATCH_SIZE))
    (tmp_path / "1/later_and_damaged.gz").write_bytes(b"no records")
    with pytest.raises(tf.errors.DataLossError):
        list(find_images([folder], {"0", "not there"}))
    assert list(find_images([folder], {"0"})) == [("0", b"file 0")]


def test_reads_nothing_for_nothing(tmp_path: pathlib.Path) -> None:
    assert list(find_images([str(tmp_path / "missing")], set())) == []
