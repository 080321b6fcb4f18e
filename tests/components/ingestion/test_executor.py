import collections
import csv
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import shutil

import pytest
import tensorflow as tf
from tfx.dsl.components.base import base_beam_executor
from tfx.types import standard_artifacts

from components.errors import PipelineError
from components.ingestion import executor, writer
from components.ingestion.folder import ImageFile, Rejection, list_image_folder
from components.ingestion.writer import read_records
from tests.image_files import encode_image, make_image_folder, make_pixels, write_image

WEIGHTS = {"train": 8, "eval": 1, "test": 1}
SPLITS = ("train", "eval", "test")


def _ingest(root, destination, channels=3, beam_options=()):
    """Runs the step as TFX does; returns the artifact that it filled."""
    examples = standard_artifacts.Examples()
    examples.uri = str(destination)
    context = base_beam_executor.BaseBeamExecutor.Context(
        beam_pipeline_args=[
            "--runner=DirectRunner",
            *(beam_options or ["--direct_running_mode=in_memory"]),
        ],
        tmp_dir=f"{destination}.tmp",
        unique_id="1",
    )
    properties = {
        "data_folder": str(root),
        "channels": channels,
        "split_weights": json.dumps(WEIGHTS),
    }
    executor.ImageFolderExecutor(context).Do({}, {"examples": [examples]}, properties)
    return examples


def _records(examples):
    """All records by file name, as (split, features)."""
    return {
        record.features.feature["image/filename"].bytes_list.value[0].decode(): (split, record)
        for split in SPLITS
        for record in read_records(os.path.join(examples.uri, f"Split-{split}"))
    }


def _splits(examples):
    return {name: split for name, (split, _) in _records(examples).items()}


def _values(record):
    return {
        key: list(getattr(feature, feature.WhichOneof("kind")).value)
        for key, feature in record.features.feature.items()
    }


def _files(folder):
    folder = pathlib.Path(folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _add_bad_files(root):
    (root / "cat" / "page.jpg").write_text("<html>")
    (root / "cat" / "empty.png").touch()
    (root / "cat" / ".DS_Store").write_bytes(b"\0")
    (root / "dog" / "cut.jpg").write_bytes(encode_image((32, 32), format="JPEG")[:300])
    (root / "dog" / "alias.bmp").symlink_to("/etc/hostname")
    (root / "dog" / "dangling.bmp").symlink_to("missing.bmp")
    (root / "readme.txt").write_text("two classes")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """60 images of two classes and 7 files that are none."""
    root = tmp_path_factory.mktemp("photos") / "data"
    make_image_folder(root, {"cat": 30, "dog": 29}, size=(5, 4), format="BMP")
    write_image(root / "dog" / "grau und klein ä.bmp", size=(3, 2), mode="L", format="BMP")
    _add_bad_files(root)
    return root


@pytest.fixture(scope="module")
def shards_of_ten():
    """Several shards a split, so that the order of shards matters too."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writer, "SHARD_SIZE", 10)
        yield


@pytest.fixture(scope="module")
def examples(root, shards_of_ten, tmp_path_factory):
    return _ingest(root, tmp_path_factory.mktemp("artifacts") / "examples")


def test_accounts_for_every_file(examples):
    assert json.loads((pathlib.Path(examples.uri) / "account.json").read_text()) == {
        "found": 67,
        "rejected": 7,
        "used": {
            "train": {"cat": 24, "dog": 23},
            "eval": {"cat": 4, "dog": 4},
            "test": {"cat": 2, "dog": 3},
        },
        "reasons": {
            "broken jpeg": 1,
            "empty file": 1,
            "hidden": 1,
            "link to a folder or out of the data folder": 1,
            "not an image": 1,
            "outside of any class folder": 1,
            "unreadable": 1,
        },
    }


def test_tells_the_totals_to_ml_metadata(examples):
    assert examples.split_names == '["train", "eval", "test"]'
    names = ("images_found", "images_rejected", *(f"images_{split}" for split in SPLITS))
    assert [examples.get_int_custom_property(name) for name in names] == [67, 7, 47, 8, 5]


def test_writes_down_what_is_rejected_and_why(examples):
    with open(os.path.join(examples.uri, "rejects.csv"), newline="") as file:
        assert list(csv.reader(file)) == [
            ["path", "class", "reason", "detail"],
            ["cat/.DS_Store", "cat", "hidden", "a dot in front"],
            ["cat/empty.png", "cat", "empty file", "0 bytes"],
            ["cat/page.jpg", "cat", "not an image", "begins with b'<html>'"],
            ["dog/alias.bmp", "dog", "link to a folder or out of the data folder", ""],
            [
                "dog/cut.jpg",
                "dog",
                "broken jpeg",
                "jpeg::Uncompress failed. Invalid JPEG data or crop window.",
            ],
            ["dog/dangling.bmp", "dog", "unreadable", "No such file or directory"],
            ["readme.txt", "", "outside of any class folder", ""],
        ]


def test_every_record_has_the_values_of_its_file(root, examples):
    records = _records(examples)
    assert len(records) == 60
    for name, (_, record) in records.items():
        encoded = (root / name).read_bytes()
        is_gray = name == "dog/grau und klein ä.bmp"
        assert _values(record) == {
            "image/encoded": [encoded],
            "image/format": [b"bmp"],
            "image/height": [2 if is_gray else 4],
            "image/width": [3 if is_gray else 5],
            "image/channels": [1 if is_gray else 3],
            "image/filename": [name.encode()],
            "image/sha256": [hashlib.sha256(encoded).hexdigest().encode()],
            "image/class/text": [name[:3].encode()],
        }


def test_the_pixels_of_a_record_are_those_that_were_written(examples):
    _, record = _records(examples)["cat/0007.bmp"]
    (encoded,) = record.features.feature["image/encoded"].bytes_list.value
    assert (tf.io.decode_bmp(encoded).numpy() == make_pixels((5, 4), seed=7)).all()


def test_listing_order_place_and_workers_change_no_byte(
    root, examples, shards_of_ten, tmp_path, monkeypatch
):
    copied = shutil.copytree(root, tmp_path / "elsewhere", symlinks=True)

    def list_shuffled(folder):
        listed = list_image_folder(folder)
        shuffled = random.Random(1).sample(listed.files, len(listed.files))
        assert shuffled != list(listed.files)
        return dataclasses.replace(
            listed, files=tuple(shuffled), rejections=listed.rejections[::-1]
        )

    monkeypatch.setattr(executor, "list_image_folder", list_shuffled)
    workers = ["--direct_running_mode=multi_threading", "--direct_num_workers=3"]
    again = _ingest(copied, tmp_path / "examples", beam_options=workers)
    assert sum(name.endswith(".gz") for name in _files(examples.uri)) > 6
    assert _files(again.uri) == _files(examples.uri)


def test_added_images_move_no_other_and_copies_share_a_split(root, examples, tmp_path):
    grown = shutil.copytree(root, tmp_path / "grown", symlinks=True)
    make_image_folder(grown, {"bird": 30}, first_seed=1000, size=(5, 4), format="BMP")
    for number in range(30):
        shutil.copy(root / "cat" / f"{number:04}.bmp", grown / "dog" / f"copy {number:04}.bmp")
    before, after = _splits(examples), _splits(_ingest(grown, tmp_path / "examples"))
    assert len(after) == 120
    assert before == {name: after[name] for name in before}
    copies = {
        name.replace("dog/copy ", "cat/"): split for name, split in after.items() if "copy" in name
    }
    assert copies == {name: split for name, split in before.items() if name.startswith("cat")}


def test_given_splits_are_kept_and_test_is_cut_from_validation(tmp_path):
    counts = {"train/a": 3, "train/b": 2, "val/a": 10, "val/b": 10}
    root = make_image_folder(tmp_path / "data", counts, format="BMP")
    splits = _splits(_ingest(root, tmp_path / "examples"))
    counts = collections.Counter((os.path.dirname(name), split) for name, split in splits.items())
    assert counts == {
        ("train/a", "train"): 3,
        ("train/b", "train"): 2,
        ("val/a", "eval"): 5,
        ("val/a", "test"): 5,
        ("val/b", "eval"): 6,
        ("val/b", "test"): 4,
    }


def test_refuses_a_class_in_one_split_only(tmp_path):
    counts = {"train/a": 2, "train/b": 2, "val/a": 2, "test/a": 2}
    root = make_image_folder(tmp_path / "data", counts)
    with pytest.raises(PipelineError) as caught:
        _ingest(root, tmp_path / "examples")
    assert str(caught.value) == (
        "Every class needs images in train, eval and test. Received: 8 files, 0 rejected, and no "
        "usable image of 'b' in eval, 'b' in test. Add images of these classes (with 100 each an "
        "empty split is unlikely), or make the split's share larger."
    )


def test_stops_when_a_file_is_lost(root, tmp_path, monkeypatch):
    folder = make_image_folder(tmp_path / "data", {"a": 1, "b": 1})
    listed = list_image_folder(str(folder))

    class Miscounted(type(listed)):
        found = 3

    miscounted = Miscounted(**vars(listed))
    monkeypatch.setattr(executor, "list_image_folder", lambda folder: miscounted)
    with pytest.raises(RuntimeError) as caught:
        _ingest(folder, tmp_path / "examples")
    assert str(caught.value) == (
        "Every file must be written or rejected. Received: 3 found, 2 written, 0 rejected."
    )


FILE = ImageFile("a/1.png", "a", None)


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (tf.errors.PermissionDeniedError(None, None, "No access.\nTrace"), "No access."),
        (tf.errors.NotFoundError(None, None, ""), "NotFoundError"),
    ],
)
def test_rejects_what_cannot_be_read(error, detail, monkeypatch):
    # The tests may run as root, whom no permission stops.
    def refuse(root, filename):
        assert (root, filename) == ("photos", "a/1.png")
        raise error

    monkeypatch.setattr(executor, "read_file", refuse)
    assert executor.read_image("photos", FILE, 3) == Rejection("a/1.png", "a", "unreadable", detail)
