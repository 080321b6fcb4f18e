"""Fault C10: a piece of work that Beam does twice, at once or after a failure, harms nothing."""

import concurrent.futures
import csv
import io
import os
import threading

import apache_beam as beam
import pytest
import tensorflow as tf

from components.beam_arguments import ONE_PROCESS
from components.errors import PipelineError
from components.ingestion import accounting, earlier_spans, manifest, write
from components.ingestion.accounting import write_rejects
from components.ingestion.earlier_spans import WriteSignatures
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.manifest import Row, WriteManifest, read_manifest
from components.ingestion.near_duplicates import write_batches
from components.ingestion.packing import ApplyToAll, unpack
from components.ingestion.write import REJECTED, ROWS, WriteShard, WriteShards
from components.normalization.normalization_rules import ImageRules
from components.storage import put_in_place, remove_unfinished, write_file, write_rows
from tests import sandboxed
from tests.components.ingestion.examinations import examine_file, make_examination
from tests.components.ingestion.scenes import scene, sign
from tests.image_files import encode_image
from tests.records import read_examples

RULES = ImageRules(channels=3)
FORMATS = ("JPEG", "PNG", "BMP", "TIFF")


@pytest.fixture
def root(tmp_path):
    """Forty images, of which ten have to be transcoded: their records wait for the shard."""
    folder = tmp_path / "data"
    (folder / "cat").mkdir(parents=True)
    for number in range(40):
        encoded = encode_image(seed=number, format=FORMATS[number % 4])
        (folder / "cat" / f"{number:02}").write_bytes(encoded)
    return folder


def _write(root, folder):
    """Writes the shards of two splits, and the manifest; `folder work` is there for work."""
    with beam.Pipeline(argv=list(ONE_PROCESS)) as pipeline:
        written = (
            pipeline
            | beam.Create([_placed(root)])
            | WriteShards(str(root), str(folder), f"{folder} work", RULES, 40)
        )
        _ = (written[ROWS],) | WriteManifest(str(folder), f"{folder} work", 40)


def _placed(root):
    names = (f"cat/{number:02}" for number in range(40))
    found = [examine_file(str(root), RULES, ((name, "cat", None), None)) for name in names]
    assert all(isinstance(image, ImageRecord) for image in found)
    return [(("train", "test")[number % 3 == 0], image) for number, image in enumerate(found)]


def _files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def undisturbed(root, tmp_path):
    """What an undisturbed run writes."""
    _write(root, tmp_path / "undisturbed")
    files = _files(tmp_path / "undisturbed")
    shard = "data_tfrecord-00000-of-00001.gz"
    assert sorted(files) == [f"Split-test/{shard}", f"Split-train/{shard}", "manifest.csv"]
    return files


def test_once_more_after_the_end(root, undisturbed, tmp_path):
    """Fault C10: a later step of the bundle may have failed."""
    for _ in range(2):
        _write(root, tmp_path / "out")
    assert _files(tmp_path / "out") == undisturbed


def test_twice_at_once(root, undisturbed, tmp_path):
    """Fault C10: the records that waited were in one file, and the first to end removed it."""
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        twice = [threads.submit(_write, root, tmp_path / "out") for _ in range(2)]
    assert [each.result() for each in twice] == [None, None]
    assert _files(tmp_path / "out") == undisturbed


def test_again_after_a_worker_was_killed_halfway(root, undisturbed, tmp_path, monkeypatch):
    """Fault C10: a half-written shard had the name of a whole one."""
    with monkeypatch.context() as patched:
        patched.setattr(write, "write_shard", sandboxed.write_half)
        with pytest.raises(PipelineError, match="must not be ended by others"):
            _write(root, tmp_path / "out")
    left = _files(tmp_path / "out")
    assert max(map(len, left.values())) > 500_000
    assert all("/.unfinished-" in name for name in left)
    _write(root, tmp_path / "out")
    remove_unfinished(str(tmp_path / "out"))
    assert _files(tmp_path / "out") == undisturbed


class _Haunted(WriteShard):
    """Each bundle is done once more by a worker that was given up, after an image has gone."""

    def process(self, element):
        key, gathered = element
        self._seen.append((key, list(gathered)))
        yield from super().process(self._seen[-1])

    def start_bundle(self):
        self._seen = []
        super().start_bundle()

    def finish_bundle(self):
        yield from super().finish_bundle()
        os.remove(os.path.join(self._root, "cat/02"))
        zombie = WriteShard(
            self._root, self._folder, self._work_folder, self._rules, self._shards, 40, 20.0
        )
        zombie.setup()
        zombie.start_bundle()
        outputs = [each for element in self._seen for each in zombie.process(element)]
        outputs += zombie.finish_bundle()
        zombie.teardown()
        rejected = [each.value.value for each in outputs if getattr(each, "tag", "") == REJECTED]
        assert [rejection.filename for rejection in rejected] == ["cat/02"]


def test_the_records_are_those_that_are_accounted_for(root, undisturbed, tmp_path, monkeypatch):
    """Fault C10: of two attempts the last to end won, though the rows were the other's."""
    monkeypatch.setattr(write, "WriteShard", _Haunted)
    _write(root, tmp_path / "out")
    remove_unfinished(str(tmp_path / "out"))
    assert _files(tmp_path / "out") == undisturbed
    rows = {row.path.encode() for row in read_manifest(str(tmp_path / "out")) if row.split}
    assert len(rows) == 40
    assert rows == {
        example.features.feature["image/filename"].bytes_list.value[0]
        for split in ("train", "test")
        for example in read_examples(str(tmp_path / "out" / f"Split-{split}"))
    }


class _ApplyTwice(ApplyToAll):
    def __init__(self, function):
        super().__init__(lambda every: [function(every) for _ in range(2)][-1])


def test_a_merge_that_is_done_again(tmp_path, monkeypatch):
    """Fault C10: the parts were gone after the first time."""
    monkeypatch.setattr(manifest, "PART_SIZE", 10)
    monkeypatch.setattr(manifest, "ApplyToAll", _ApplyTwice)
    rows = [Row(f"cat/{number:03}.png", "", "cat", "", "rejected: x") for number in range(100)]
    with beam.Pipeline(argv=list(ONE_PROCESS)) as pipeline:
        _ = (pipeline | beam.Create([rows]),) | WriteManifest(
            str(tmp_path), str(tmp_path / "work"), len(rows)
        )
    assert list(read_manifest(str(tmp_path))) == rows
    assert sorted(os.listdir(tmp_path)) == ["manifest.csv", "work"]


REJECTIONS = [Rejection(f"cat/{number}.png", "cat", "broken png", "") for number in range(10_000)]


def _look(path, read, ended):
    seen = set()
    while not ended.is_set():
        if path.exists():
            seen.add(read(path.read_bytes()))
    return seen


def _seen_while(write, path, read):
    """What a reader sees of a file that two attempts write again and again."""
    ended = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        seen = threads.submit(_look, path, read, ended)
        writers = [threads.submit(lambda: [write() for _ in range(10)]) for _ in range(2)]
        concurrent.futures.wait(writers)
        ended.set()
    assert not [each.exception() for each in writers if each.exception()]
    return seen.result()


def test_rejections_are_never_half_there(tmp_path):
    """Fault C10: of rejects.csv, any look finds all of it."""
    seen = _seen_while(
        lambda: write_rejects(REJECTIONS, str(tmp_path)),
        tmp_path / "rejects.csv",
        lambda content: len(list(csv.reader(io.StringIO(content.decode())))),
    )
    assert seen == {10_001}
    assert os.listdir(tmp_path) == ["rejects.csv"]


def test_batches_of_near_duplicates_are_never_half_there(tmp_path):
    """Fault C10: two attempts write the same batch, while a third step reads it."""
    signature = sign(scene())
    signed = [(f"{number}", signature) for number in range(900)]
    [name] = write_batches(signed, str(tmp_path))
    seen = _seen_while(
        lambda: list(write_batches(signed, str(tmp_path))),
        tmp_path / name,
        lambda content: unpack(content).size,
    )
    assert seen == {900}
    assert os.listdir(tmp_path) == [name]


def _write_half(file, rows):
    """As `write_rows` does where the disk fills up; a part of the manifest is still written."""
    if "/work/" in file.name:
        write_rows(file, rows)
    else:
        file.write("path,half of a r")
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("module", "name"),
    [(accounting, "rejects.csv"), (earlier_spans, "signatures"), (manifest, "manifest.csv")],
)
def test_a_file_that_could_not_be_written_is_not_there(module, name, tmp_path, monkeypatch):
    """Fault C10: signatures, rejections and manifest had their names from the first byte on."""
    with monkeypatch.context() as patched:
        patched.setattr(module, "write_rows", _write_half)
        with pytest.raises(Exception, match="No space left"):
            _write_lists(tmp_path)
    left = [path for path in _files(tmp_path) if not path.startswith("work/")]
    assert not [path for path in left if path.startswith(name) or "unfinished" in path]
    _write_lists(tmp_path)
    assert [path for path in _files(tmp_path) if path.startswith(name)]


def _write_lists(folder):
    image = make_examination("cat/a.png")
    with beam.Pipeline(argv=list(ONE_PROCESS)) as pipeline:
        _ = pipeline | beam.Create([[("train", image)]]) | WriteSignatures(str(folder), "", 1)
        rows = pipeline | "Rows" >> beam.Create([[Row("cat/a.png", "", "cat", "", "x")]])
        _ = (rows,) | WriteManifest(str(folder), str(folder / "work"), 1)
        _ = (
            pipeline
            | "Rejections" >> beam.Create(REJECTIONS[:2])
            | ApplyToAll(lambda every: write_rejects(every, str(folder)))
        )


def test_files_far_away_are_replaced_and_named_once_or_twice():
    """Fault C10: the same where TensorFlow's file systems are."""
    folder = "ram://attempts"
    tf.io.gfile.makedirs(folder)
    for content in (b"first", b"second"):
        write_file(folder, "whole", content)
    assert _read(f"{folder}/whole") == b"second"
    write_file(folder, ".unfinished-1", b"third")
    for _ in range(2):
        put_in_place(f"{folder}/.unfinished-1", f"{folder}/whole")
    assert _read(f"{folder}/whole") == b"third"
    with pytest.raises(tf.errors.NotFoundError):
        put_in_place(f"{folder}/.unfinished-1", f"{folder}/other")
    write_file(folder, ".unfinished-2", b"left by one that was killed")
    remove_unfinished(folder)
    assert tf.io.gfile.listdir(folder) == ["whole"]


def _read(path):
    with tf.io.gfile.GFile(path, "rb") as file:
        return file.read()
