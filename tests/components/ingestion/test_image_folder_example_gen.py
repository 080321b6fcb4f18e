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

from components.audit import Audit
from components.beam_arguments import ONE_PROCESS
from components.errors import PipelineError
from components.ingestion import image_folder_example_gen as executor
from components.ingestion import write
from components.ingestion.data_folder import list_image_folder
from components.ingestion.driver import digest_listing
from components.ingestion.earlier_spans import read_signatures, signature_files
from components.ingestion.image_folder_example_gen import ImageFolderExampleGen
from components.ingestion.manifest import Row, read_manifest
from pipeline.execution import NOTHING_TO_PACK
from tests.components.ingestion.examinations import make_rules
from tests.image_files import encode_image, make_image_folder, make_pixels, write_image
from tests.records import read_examples
from tests.scenes import write_scene

RULES = make_rules(max_reject_fraction=0.1)
SPLITS = ("train", "eval", "test")


def _ingest(root, destination, beam_options=(), earlier="", properties=None, **rules):
    """Runs the step as TFX does; returns the artifact that it filled."""
    examples = standard_artifacts.Examples()
    examples.uri = str(destination)
    context = base_beam_executor.BaseBeamExecutor.Context(
        beam_pipeline_args=[*ONE_PROCESS, NOTHING_TO_PACK, *beam_options],
        tmp_dir=f"{destination}.tmp",
        unique_id="1",
    )
    properties = {
        **(properties or {}),
        "data_folder": str(root),
        "rules": dataclasses.replace(RULES, **rules).to_json(),
        "data_fingerprint": "digest of the folder",
        "earlier_records": earlier,
    }
    executor.ImageFolderExecutor(context).Do({}, {"examples": [examples]}, properties)
    return examples


def _records(examples):
    """All records by file name, as (split, features)."""
    return {
        record.features.feature["image/filename"].bytes_list.value[0].decode(): (split, record)
        for split in SPLITS
        for record in read_examples(os.path.join(examples.uri, f"Split-{split}"))
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


def _files_without_root(folder, root):
    """Of all files, only the audit says where the data folder is."""
    files = _files(folder)
    assert str(root).encode() in files["audit.json"]
    files["audit.json"] = files["audit.json"].replace(str(root).encode(), b"ROOT")
    return files


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
        patched.setattr(write, "SHARD_SIZE", 10)
        yield


@pytest.fixture(scope="module")
def examples(root, shards_of_ten, tmp_path_factory):
    return _ingest(root, tmp_path_factory.mktemp("artifacts") / "examples")


def _audit(examples):
    return Audit.read(os.path.join(examples.uri, "audit.json"))


def test_accounts_for_every_file(examples):
    audit = _audit(examples)
    assert (audit.found, audit.used, audit.rejected, audit.duplicates) == (66, 60, 6, 0)
    assert audit.ignored == 1
    assert audit.images == {
        "train": {"cat": 24, "dog": 23},
        "eval": {"cat": 4, "dog": 4},
        "test": {"cat": 2, "dog": 3},
    }
    assert audit.reasons == {
        "broken jpeg": 1,
        "empty file": 1,
        "link to a folder or out of the data folder": 1,
        "not an image": 1,
        "outside of any class folder": 1,
        "unreadable": 1,
    }


def test_tells_the_totals_to_ml_metadata(examples):
    assert examples.split_names == '["train", "eval", "test"]'
    names = ("found", "rejected", "duplicate", *SPLITS)
    counts = [examples.get_int_custom_property(f"images_{name}") for name in names]
    assert counts == [66, 6, 0, 47, 8, 5]
    assert examples.get_int_custom_property("files_ignored") == 1


def test_leaves_what_the_next_run_asks_for(examples):
    assert examples.get_string_custom_property("data_fingerprint") == "digest of the folder"
    assert examples.get_string_custom_property("earlier_records") == ""
    assert examples.get_string_custom_property("split_rules") == RULES.split_rules()


def test_the_manifest_has_a_row_for_every_file(root, examples):
    """Fault C8: also for those that are not counted."""
    rows = list(read_manifest(examples.uri))
    assert [row.path for row in rows] == sorted(
        str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()
    )
    by_path = {row.path: row for row in rows}
    ignored = Row("cat/.DS_Store", "", "cat", "", "ignored: hidden")
    assert by_path["cat/.DS_Store"] == ignored
    digest = hashlib.sha256((root / "cat" / "0007.bmp").read_bytes()).hexdigest()
    assert by_path["cat/0007.bmp"] == Row("cat/0007.bmp", digest, "cat", "train", "as found")
    assert by_path["cat/empty.png"] == Row("cat/empty.png", "", "cat", "", "rejected: empty file")
    splits = {name: split for name, (split, _) in _records(examples).items()}
    assert {row.path: row.split for row in rows if row.split} == splits


def test_writes_down_what_is_rejected_and_why(examples):
    with open(os.path.join(examples.uri, "rejects.csv"), newline="") as file:
        assert list(csv.reader(file)) == [
            ["path", "class", "reason", "detail"],
            ["cat/empty.png", "cat", "empty file", "0 bytes"],
            ["cat/page.jpg", "cat", "not an image", "begins with b'<html>'"],
            ["dog/alias.bmp", "dog", "link to a folder or out of the data folder", ""],
            [
                "dog/cut.jpg",
                "dog",
                "broken jpeg",
                "Truncated File Read",
            ],
            ["dog/dangling.bmp", "dog", "unreadable", "No such file or directory"],
            ["readme.txt", "", "outside of any class folder", ""],
        ]


def test_every_record_has_the_file_itself(root, examples):
    records = _records(examples)
    assert len(records) == 60
    for name, (_, record) in records.items():
        encoded = (root / name).read_bytes()
        values = _values(record)
        assert values["image/encoded"] == [encoded]
        assert values["image/sha256"] == [hashlib.sha256(encoded).hexdigest().encode()]
        assert values["image/filename"] == [name.encode()]
        assert values["image/class/text"] == [name[:3].encode()]
        assert values["image/treatment"] == [b"as found"]


def test_a_record_knows_what_its_image_is_like(examples):
    _, record = _records(examples)["dog/grau und klein ä.bmp"]
    values = _values(record)
    whole = ("format", "height", "width", "channels", "bytes")
    assert [values[f"image/{name}"][0] for name in whole] == [b"bmp", 2, 3, 1, 1086]
    assert values["image/aspect_ratio"] == [1.5]


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
    assert _files_without_root(again.uri, copied) == _files_without_root(examples.uri, root)


def test_added_images_move_no_other(root, examples, tmp_path):
    grown = shutil.copytree(root, tmp_path / "grown", symlinks=True)
    make_image_folder(grown, {"bird": 30}, first_seed=1000, size=(5, 4), format="BMP")
    before, after = _splits(examples), _splits(_ingest(grown, tmp_path / "examples"))
    assert len(after) == 90
    assert before == {name: after[name] for name in before}


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
        "Every class needs images in train, eval and test. Received: 8 files, 0 rejected, "
        "0 duplicates, and no usable image of 'b' in eval, 'b' in test. Add images of these "
        "classes (with 100 each an empty split is unlikely), or make the split's share larger."
    )


def test_stops_when_a_file_is_lost(root, tmp_path, monkeypatch):
    folder = make_image_folder(tmp_path / "data", {"a": 1, "b": 1})
    listed = list_image_folder(str(folder))

    class Miscounted(type(listed)):
        found = 3

    miscounted = Miscounted(**vars(listed))
    monkeypatch.setattr(executor, "list_image_folder", lambda folder: miscounted)
    with pytest.raises(RuntimeError, match="found 3, parts 2"):
        _ingest(folder, tmp_path / "examples")


def test_stops_when_too_much_is_rejected(root, tmp_path):
    with pytest.raises(PipelineError, match=r"Received: 5 of 65 rejected, 7\.7%"):
        _ingest(root, tmp_path / "examples", max_reject_fraction=0.05)


def test_work_files_are_gone_also_after_a_failure(examples, tmp_path, monkeypatch):
    kept = {"Split-train", "Split-eval", "Split-test", "audit.json", "manifest.csv"}
    assert set(os.listdir(examples.uri)) == {*kept, "rejects.csv", "thumbnails.json", "signatures"}
    monkeypatch.setattr(executor.Audit, "write", _fail)
    root = make_image_folder(tmp_path / "data", {"cat": 9, "dog": 9})
    with pytest.raises(RuntimeError, match="no more room"):
        _ingest(root, tmp_path / "examples")
    assert "work" not in os.listdir(tmp_path / "examples")


def test_nothing_is_left_of_attempts_that_were_killed(root, examples, tmp_path):
    """Fault C10: what they did not finish is gone, and what they wrote has no effect."""
    folder = tmp_path / "examples"
    for name in ("Split-train", "signatures", "work", "."):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f".unfinished-{'0' * 32}").write_bytes(b"half a")
    for name in ("manifest.csv", "rejects.csv", "audit.json", "work/train"):
        (folder / name).write_bytes(b"half a")
    assert _files(_ingest(root, folder).uri) == _files(examples.uri)


def _fail(*_):
    raise RuntimeError("no more room")


def _ingest_span(root, number, destination, *earlier_spans, **rules):
    properties = {"span": number, "earlier_spans": json.dumps([e.uri for e in earlier_spans])}
    return _ingest(root / f"span-{number}", destination, properties=properties, **rules)


def test_a_span_is_what_arrived_and_was_not_there(tmp_path):
    root = tmp_path / "data"
    make_image_folder(root, {"span-1/cat": 3}, size=(5, 4), format="BMP")
    first = _ingest_span(root, 1, tmp_path / "1")
    assert (first.span, _audit(first).used) == (1, 3)
    # A span may be too small to have images of every class in every split.
    for split in SPLITS:
        folder = os.path.join(first.uri, f"Split-{split}")
        assert len(os.listdir(folder)) == 1
        list(read_examples(folder))
    make_image_folder(root, {"span-2/dog": 1}, first_seed=50, size=(5, 4), format="BMP")
    shutil.copytree(root / "span-1" / "cat", root / "span-2" / "cat")
    second = _ingest_span(root, 2, tmp_path / "2", first)
    audit = _audit(second)
    assert (audit.found, audit.used, audit.duplicates) == (4, 1, 3)
    assert list(_records(second)) == ["dog/0000.bmp"]
    (path,) = signature_files([second.uri])
    assert [image.filename for image in read_signatures(path)] == ["../span-2/dog/0000.bmp"]
    assert json.loads(second.get_string_custom_property("earlier_spans")) == [first.uri]
    listing = pathlib.Path(second.uri, "listing.sha256").read_text()
    assert listing == digest_listing(list_image_folder(str(root / "span-2")))


def test_pixels_of_an_earlier_span_in_another_class_are_in_two_classes(tmp_path):
    """Fault C6: they were named as look-alikes, and used with both labels."""
    root = tmp_path / "data"
    for seed, name in enumerate(("cat/a.png", "dog/b.png", "cat/c.png", "dog/d.png")):
        write_scene(root / "span-1" / name, seed=seed)
    write_scene(root / "span-2/dog/a again.bmp", seed=0)
    write_scene(root / "span-2/dog/b again.bmp", seed=1)
    write_scene(root / "span-2/dog/like c.jpg", seed=2, quality=60)
    first = _ingest_span(root, 1, tmp_path / "1")
    second = _ingest_span(root, 2, tmp_path / "2", first, max_reject_fraction=1.0)
    rows = {row.path: row for row in read_manifest(second.uri)}
    assert rows["dog/a again.bmp"].treatment == "rejected: same image in two classes"
    assert rows["dog/b again.bmp"].split
    assert rows["dog/like c.jpg"].split
    assert _audit(second).findings["conflict"].count == 1
    # Where the earlier files are not there any more, they are near-duplicates still.
    shutil.rmtree(root / "span-1")
    third = _ingest_span(root, 2, tmp_path / "3", first)
    assert all(row.split for row in read_manifest(third.uri))


def test_a_folder_without_spans_leaves_the_signatures_of_what_it_uses(examples):
    assert "listing.sha256" not in os.listdir(examples.uri)
    known = {
        image.path: (image.sha256, image.split)
        for path in signature_files([examples.uri])
        for image in read_signatures(path)
    }
    rows = read_manifest(examples.uri)
    assert known == {row.path: (row.sha256, row.split) for row in rows if row.split}


def test_declares_the_step():
    step = ImageFolderExampleGen(
        data_folder="photos",
        rules=make_rules(),
        code_fingerprint="0123",
    )
    assert step.exec_properties == {
        "data_folder": "photos",
        "rules": make_rules().to_json(),
        "code_fingerprint": "0123",
    }
    assert step.outputs["examples"].type is standard_artifacts.Examples
    assert step.inputs == {}


def test_a_span_knows_those_before_it():
    step = ImageFolderExampleGen(
        data_folder="photos/span-3",
        rules=make_rules(),
        code_fingerprint="0123",
        span=3,
        earlier_steps=["Ingest.span-1", "Ingest.span-2"],
    )
    assert (step.exec_properties["span"], step.exec_properties["earlier_spans"]) == (
        3,
        '["Ingest.span-1", "Ingest.span-2"]',
    )
