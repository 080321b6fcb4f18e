import random

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from components.beam_arguments import ONE_PROCESS
from components.ingestion import manifest
from components.ingestion.duplicates import Duplicate
from components.ingestion.image_record import Rejection
from components.ingestion.manifest import (
    Row,
    WriteManifest,
    read_manifest,
    read_used,
    row_of_duplicate,
    row_of_rejection,
)
from tests.components.ingestion.examinations import make_examination

ROWS = [
    Row("cat/1.png", "1" * 64, "cat", "train", "as found"),
    Row('cat/2, "two"\nlines.png', "2" * 64, "cat", "test", "transcoded to png: rotated"),
    Row("cat/3.png", "3" * 64, "cat", "", "duplicate of cat/1.png: same bytes"),
    Row("Äpfel/é中.heic", "", "Äpfel", "", "rejected: broken heic"),
]


def write(rows, folder, rows_expected):
    with beam.Pipeline(options=PipelineOptions(list(ONE_PROCESS))) as pipeline:
        halves = (pipeline | f"Half[{half}]" >> beam.Create([rows[half::2]]) for half in range(2))
        _ = tuple(halves) | WriteManifest(str(folder), f"{folder} work", rows_expected)


def test_is_a_csv_file_with_a_header_sorted_by_path(tmp_path):
    write(random.Random(1).sample(ROWS, len(ROWS)), tmp_path, 4)
    assert (tmp_path / "manifest.csv").read_text("utf-8") == (
        "path,sha256,class,split,treatment\n"
        f"cat/1.png,{'1' * 64},cat,train,as found\n"
        f'"cat/2, ""two""\\nlines.png",{"2" * 64},cat,test,transcoded to png: rotated\n'
        f"cat/3.png,{'3' * 64},cat,,duplicate of cat/1.png: same bytes\n"
        "Äpfel/é中.heic,,Äpfel,,rejected: broken heic\n"
    )
    assert list(read_manifest(str(tmp_path))) == ROWS
    assert list(read_used(str(tmp_path))) == ROWS[:2]


def test_names_that_act_are_harmless_and_read_again(tmp_path):
    """Fault C12."""
    rows = [
        Row("=1+1/\x1b[2J.png", "", "=1+1", "", "rejected: x"),
        Row("'=1/a\\n.png", "", "'=1", "", ""),
    ]
    write(rows, tmp_path, len(rows))
    assert (tmp_path / "manifest.csv").read_text("utf-8").splitlines()[1:] == [
        "''=1/a\\\\n.png,,''=1,,",
        "'=1+1/\\x1b[2J.png,,'=1+1,,rejected: x",
    ]
    assert sorted(read_manifest(str(tmp_path))) == sorted(rows)


def test_names_with_any_line_end_are_read_again(tmp_path):
    names = ("cat/a\rb.png", "cat/a\r\nb.png", "cat/a\nb.png", "cat/a\r", "cat/a\u2028b.png")
    rows = sorted(Row(name, "", "cat", "", "rejected: x") for name in names)
    write(rows, tmp_path, len(rows))
    assert list(read_manifest(str(tmp_path))) == rows


def test_parts_are_merged_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "PART_SIZE", 10)
    rows = [Row(f"cat/{number:03}.png", "", "cat", "", "rejected: x") for number in range(100)]
    write(random.Random(1).sample(rows, len(rows)), tmp_path, 100)
    assert list(read_manifest(str(tmp_path))) == rows
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.csv"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            row_of_duplicate(
                Duplicate(make_examination("cat/2.png", "x"), "cat/1.png", "same pixels")
            ),
            (
                "cat/2.png",
                "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
                "cat",
                "",
                "duplicate of cat/1.png: same pixels",
            ),
        ),
        (
            row_of_rejection(Rejection("cat/3.png", "cat", "broken png", "cut")),
            ("cat/3.png", "", "cat", "", "rejected: broken png"),
        ),
    ],
)
def test_rows_of_files_that_are_not_used(row, expected):
    assert tuple(row) == expected
