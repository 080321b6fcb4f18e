import hashlib
import random

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from PIL import Image

from components.beam_arguments import ONE_PROCESS
from components.ingestion import write
from components.ingestion.manifest import Row
from components.ingestion.write import (
    REJECTED,
    ROWS,
    WRITTEN,
    WriteShards,
)
from components.normalization.normalization_rules import ImageRules
from tests.components.ingestion.examinations import make_examination
from tests.image_files import encode_image
from tests.records import read_examples

RULES = ImageRules(channels=3)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Twenty images of one class."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "cat").mkdir()
    for number in range(20):
        (folder / "cat" / f"{number:02}.bmp").write_bytes(encode_image(seed=number, format="BMP"))
    return folder


def _placed(root, split="train"):
    for path in sorted((root / "cat").iterdir()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        image = make_examination(f"cat/{path.name}", format="bmp", sha256=digest)
        yield split, image


def _write(root, folder, placed, most_records=20):
    """Writes; returns the three outputs of the transform."""
    outputs = {}
    with beam.Pipeline(options=PipelineOptions(list(ONE_PROCESS))) as pipeline:
        written = (
            pipeline
            | beam.Create([list(placed)])
            | WriteShards(str(root), str(folder), f"{folder} work", RULES, most_records)
        )
        for name in (ROWS, WRITTEN, REJECTED):
            path = folder.parent / f"{folder.name} {name}"
            _ = (
                written[name]
                | f"Each {name}"
                >> beam.FlatMap(lambda one: one if isinstance(one, list) else [one])
                | f"List {name}" >> beam.combiners.ToList()
                | f"Keep {name}" >> beam.Map(lambda found, path=path: path.write_text(repr(found)))
            )
    for name in (ROWS, WRITTEN, REJECTED):
        outputs[name] = (folder.parent / f"{folder.name} {name}").read_text()
    return outputs


def _files(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "Split-train").iterdir())}


def test_files_depend_on_the_images_alone(root, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "SHARD_SIZE", 10)
    placed = list(_placed(root))
    _write(root, tmp_path / "first", placed)
    random.Random(1).shuffle(placed)
    _write(root, tmp_path / "second", placed)
    assert _files(tmp_path / "first") == _files(tmp_path / "second")
    assert list(_files(tmp_path / "first")) == [
        "data_tfrecord-00000-of-00002.gz",
        "data_tfrecord-00001-of-00002.gz",
    ]


def test_records_are_in_the_order_of_their_digests_and_none_is_lost(root, tmp_path):
    placed = list(_placed(root))
    outputs = _write(root, tmp_path / "out", placed)
    ordered = sorted((image for _, image in placed), key=lambda image: image.sha256)
    read = [
        record.features.feature["image/encoded"].bytes_list.value[0]
        for record in read_examples(str(tmp_path / "out" / "Split-train"))
    ]
    assert read == [(root / image.filename).read_bytes() for image in ordered]
    rows = [Row(image.filename, image.sha256, "cat", "train", "as found") for image in ordered]
    assert outputs[ROWS] == repr(rows)
    assert outputs[WRITTEN] == repr([("train", image) for image in ordered])
    assert outputs[REJECTED] == "[]"


def test_a_file_that_changed_or_vanished_since_it_was_examined_is_rejected(root, tmp_path):
    placed = list(_placed(root))
    changed = placed[3][1]._replace(sha256="0" * 64)
    vanished = make_examination("cat/vanished.bmp")
    outputs = _write(root, tmp_path / "out", [*placed[:3], ("train", changed), ("train", vanished)])
    assert outputs[ROWS].count("as found") == 3
    assert outputs[WRITTEN].count("ImageRecord(") == 3
    assert outputs[REJECTED].count("Rejection(") == 2
    assert "'cat/03.bmp', class_text='cat', reason='changed while it was read'" in outputs[REJECTED]
    assert "reason='unreadable', detail='No such file or directory'" in outputs[REJECTED]


@pytest.mark.parametrize(
    ("most_records", "shards"), [(0, 1), (1, 1), (2_000, 1), (3_100, 2), (70_000, 35)]
)
def test_number_of_shards(most_records, shards):
    assert WriteShards("root", "folder", "work", RULES, most_records)._shards == shards


@pytest.mark.parametrize(("noise", "format", "is_smaller"), [(0, "bmp", True), (1, "png", False)])
def test_compresses_only_what_wins_by_it(noise, format, is_smaller, tmp_path):
    """Photos are compressed already."""
    folder = tmp_path / "in" / "cat"
    folder.mkdir(parents=True)
    for number in range(10):
        pixels = random.Random(number).randbytes(3 * 64 * 64) if noise else bytes([number] * 12288)
        Image.frombytes("RGB", (64, 64), pixels).save(folder / f"{number}.{format}")
    _write(tmp_path / "in", tmp_path / "out", _placed(tmp_path / "in"))
    [content] = _files(tmp_path / "out").values()
    assert (len(content) < sum(path.stat().st_size for path in folder.iterdir())) == is_smaller
    assert len(list(read_examples(str(tmp_path / "out" / "Split-train")))) == 10
