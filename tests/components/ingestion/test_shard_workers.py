"""Holds that workers write the shards, and that what they need is made for them once."""

import pytest
import tensorflow as tf

from components.errors import PipelineError
from components.ingestion import write
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.write import ShardWorkers
from components.normalization.normalization_rules import ImageRules
from components.progress import Progress, listening
from components.storage import put_in_place
from tests import sandboxed
from tests.components.ingestion.examinations import examine_file
from tests.image_files import encode_image
from tests.records import read_examples

RULES = ImageRules(channels=3)
FORMATS = ("JPEG", "PNG", "BMP", "TIFF")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Forty images of one class, of four formats in turn."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "cat").mkdir()
    for number in range(40):
        encoded = encode_image(seed=number, format=FORMATS[number % 4])
        (folder / "cat" / f"{number:02}").write_bytes(encoded)
    return folder


@pytest.fixture(scope="module")
def images(root):
    places = [(f"cat/{path.name}", "cat", None) for path in sorted((root / "cat").iterdir())]
    found = [examine_file(str(root), RULES, (place, None)) for place in places]
    assert all(isinstance(image, ImageRecord) for image in found)
    return found


@pytest.fixture
def workers(root, tmp_path):
    started = ShardWorkers(str(root), str(tmp_path / "work"), RULES, Progress("images", 40))
    yield started
    started.close()


def _shard(folder):
    (folder / "Split-train").mkdir()
    return str(folder / "Split-train" / "data_tfrecord-00000-of-00001.gz")


def _write(workers, tmp_path, images):
    begun = workers.begin(_shard(tmp_path), images)
    results = workers.finish(begun)
    put_in_place(begun.unfinished, begun.path)
    return begun, results


def test_every_record_is_there_and_in_order_whoever_made_it(root, images, workers, tmp_path):
    _, results = _write(workers, tmp_path, images)
    assert results == [
        "transcoded to png: format tiff" if image.format == "tiff" else "as found"
        for image in images
    ]
    records = list(read_examples(str(tmp_path / "Split-train")))
    names = [example.features.feature["image/filename"].bytes_list.value[0] for example in records]
    assert names == [image.filename.encode() for image in images]
    for image, example in zip(images, records, strict=True):
        [encoded] = example.features.feature["image/encoded"].bytes_list.value
        is_copied = encoded == (root / image.filename).read_bytes()
        assert is_copied == (image.format != "tiff")


def test_once_the_structures_are_known_only_what_is_transcoded_is_made_here(
    images, workers, tmp_path
):
    plain = [image for image in images if image.format in ("jpeg", "png")]
    begun, _ = _write(workers, tmp_path, plain)
    # Sixteen are taken at once before anything is known.
    assert begun.left == len(plain) - 16
    again = workers.begin(begun.path, images)
    assert again.left == len(plain)
    workers.finish(again)


def test_metadata_that_readers_disagree_on_count_though_the_structure_is_known(tmp_path):
    """Fault B1: what was copied unseen could be refused of a client, though trained on."""
    plain = [encode_image(seed=seed, format="JPEG") for seed in range(17)]
    # Two Exif segments, each of one empty directory: no reader has to look at the second.
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    odd = plain[16][:2] + 2 * segment + plain[16][2:]
    (tmp_path / "data" / "cat").mkdir(parents=True)
    examined = []
    for number, encoded in enumerate([*plain, odd]):
        (tmp_path / "data" / "cat" / f"{number:02}").write_bytes(encoded)
        place = (f"cat/{number:02}", "cat", None)
        examined.append(examine_file(str(tmp_path / "data"), RULES, (place, None)))
    assert len({image.structure for image in examined}) == 1
    started = ShardWorkers(
        str(tmp_path / "data"), str(tmp_path / "work"), RULES, Progress("images", 18)
    )
    try:
        _, results = _write(started, tmp_path, examined)
    finally:
        started.close()
    assert results == [
        *["as found"] * 17,
        "transcoded to png: TensorFlow does not decode it alike",
    ]


def test_nothing_is_left_of_the_records_that_waited(images, workers, tmp_path):
    _write(workers, tmp_path, images)
    assert list((tmp_path / "work").iterdir()) == []


def test_what_changed_or_is_gone_has_no_record(images, workers, tmp_path):
    workers.finish(workers.begin(_shard(tmp_path), images))
    changed = images[4]._replace(sha256="0" * 64)
    gone = images[8]._replace(filename="cat/gone")
    begun = workers.begin(str(tmp_path / "Split-train" / "again.gz"), [images[0], changed, gone])
    assert begun.left == 3
    assert workers.finish(begun) == [
        "as found",
        Rejection("cat/04", "cat", "changed while it was read", "run again"),
        Rejection("cat/gone", "cat", "unreadable", "No such file or directory"),
    ]


def test_all_images_are_counted(images, workers, tmp_path):
    told = []
    with listening(told.append):
        _write(workers, tmp_path, images)
    assert told[-1].done == 40


def test_a_shard_far_away_is_written_here(images, workers, tmp_path):
    local, expected = _write(workers, tmp_path, images)
    tf.io.gfile.makedirs("ram://out/Split-train")
    begun = workers.begin("ram://out/Split-train/data.gz", images)
    assert begun.future.done()
    assert workers.finish(begun) == expected
    with tf.io.gfile.GFile(begun.unfinished, "rb") as file, open(local.path, "rb") as other:
        assert file.read() == other.read()


def test_a_worker_that_is_ended_stops_the_run(images, workers, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "write_shard", sandboxed.be_killed)
    begun = workers.begin(_shard(tmp_path), images)
    with pytest.raises(PipelineError) as caught:
        workers.finish(begun)
    message = str(caught.value)
    assert message.startswith(
        "The processes that write records must not be ended by others. Received: status "
    )
    assert message.endswith(
        f" of the one that wrote {begun.path}. -9 most often means that memory ran out: end other "
        "work on this machine, then run again."
    )


def test_a_disk_without_room_stops_the_run(images, workers, tmp_path, monkeypatch):
    path = tmp_path / "full"
    path.symlink_to("/dev/full")
    monkeypatch.setattr(write, "unfinished_name", lambda _: str(path))
    begun = workers.begin(str(tmp_path / "data.gz"), images)
    with pytest.raises(OSError, match="No space left on device"):
        workers.finish(begun)
    assert list((tmp_path / "work").iterdir()) == []
    assert not path.is_symlink()
