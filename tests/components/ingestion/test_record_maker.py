import hashlib
import pathlib
import time

import pytest
from PIL import Image

from components import images
from components.ingestion import record_maker
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.record_maker import RecordMaker
from components.ingestion.tf_example import serialize_record
from components.normalization.normalization_rules import ImageRules
from tests.components.ingestion.examinations import examine_file
from tests.image_files import encode_image

RULES = ImageRules(channels=3)
FILES = 40


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "cat").mkdir()
    for number in range(FILES):
        format = ("JPEG", "PNG", "BMP", "WEBP")[number % 4]
        (folder / "cat" / f"{number:02}").write_bytes(encode_image(seed=number, format=format))
    return folder


@pytest.fixture(scope="module")
def chosen(root):
    found = [
        examine_file(str(root), RULES, ((f"cat/{path.name}", "cat", None), None))
        for path in sorted((root / "cat").iterdir())
    ]
    assert all(isinstance(image, ImageRecord) for image in found)
    return found


def _make(root, chosen):
    maker = RecordMaker(str(root), RULES)
    made = list(maker.make(chosen))
    maker.close()
    return made


def test_makes_the_record_of_each_image_in_their_order(root, chosen):
    assert _make(root, chosen) == [
        (
            image,
            (serialize_record(image, (root / image.filename).read_bytes(), "as found"), "as found"),
        )
        for image in chosen
    ]


def test_of_jpegs_and_pngs_tensorflow_decodes_one_of_each_structure(root, chosen, monkeypatch):
    asked = []
    decodes = images.decodes
    monkeypatch.setattr(
        record_maker.images, "decodes", lambda *file: asked.append(file[0]) or decodes(*file)
    )
    monkeypatch.setattr(record_maker, "PART_SIZE", FILES)
    _make(root, chosen)
    assert sum(encoded.startswith(b"\xff\xd8") for encoded in asked) == 1
    assert sum(encoded.startswith(b"\x89PNG") for encoded in asked) == 1
    assert len(asked) == 2 + FILES // 2


def test_what_tensorflow_refuses_is_transcoded_though_the_next_is_not(root, chosen, monkeypatch):
    jpegs = [image for image in chosen if image.format == "jpeg"]
    refused = (root / jpegs[0].filename).read_bytes()
    monkeypatch.setattr(record_maker.images, "decodes", lambda encoded, _: encoded != refused)
    monkeypatch.setattr(record_maker, "PART_SIZE", FILES)
    treatments = [outcome[1] for _, outcome in _make(root, jpegs)]
    assert treatments == [
        "transcoded to png: TensorFlow does not decode it alike",
        *["as found"] * (len(jpegs) - 1),
    ]


def test_no_more_structures_are_kept_than_memory_allows(root, chosen, monkeypatch):
    monkeypatch.setattr(record_maker, "MOST_STRUCTURES", 3)
    maker = RecordMaker(str(root), RULES)
    jpegs = [image for image in chosen if image.format == "jpeg"]
    different = [image._replace(structure=bytes([number])) for number, image in enumerate(jpegs)]
    assert len(list(maker.make(different))) == len(jpegs)
    maker.close()
    assert len(maker._decoded) == 3


def test_what_changed_is_rejected(root, chosen):
    changed = chosen[0]._replace(sha256="0" * 64)
    [(image, outcome)] = _make(root, [changed])
    assert image is changed
    assert outcome == Rejection("cat/00", "cat", "changed while it was read", "run again")


def _large(root, name, side):
    """A small file of many pixels, and what is known of it."""
    (root / "cat").mkdir(exist_ok=True)
    path = root / "cat" / name
    Image.new("RGB", (side, side), "red").save(path, "TIFF", compression="tiff_adobe_deflate")
    small = root / "cat" / "small.tif"
    small.write_bytes(encode_image(format="TIFF"))
    known = examine_file(str(root), RULES, (("cat/small.tif", "cat", None), None))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return known._replace(filename=f"cat/{name}", sha256=digest, height=side, width=side)


def _largest_memory():
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


class TestWhereImagesAreDecoded:
    """Fault C7: files were transcoded in TensorFlow's process, five at once, without limits."""

    def test_this_process_takes_no_memory_for_what_is_transcoded(self, tmp_path):
        images_of_it = [_large(tmp_path, f"{number}.tif", 6_000) for number in range(6)]
        try:
            # Forgets the largest so far: man 5 proc.
            pathlib.Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError as error:
            pytest.skip(f"this system does not forget the largest memory: {error}")
        before = _largest_memory()
        made = _make(tmp_path, images_of_it)
        grown = _largest_memory() - before
        assert [treatment for _, (_, treatment) in made] == ["transcoded to png: format tiff"] * 6
        # One of them decoded is 108 MB.
        assert grown < 80e6

    def test_one_that_takes_too_long_is_rejected_and_the_others_are_not(self, tmp_path):
        slow, quick = _large(tmp_path, "slow.tif", 9_000), _large(tmp_path, "quick.tif", 8)
        maker = RecordMaker(str(tmp_path), RULES, max_seconds=0.1)
        # The first one waits for the workers to begin.
        list(maker.make([quick]))
        (_, first), (_, second) = maker.make([slow, quick])
        maker.close()
        assert first == Rejection("cat/slow.tif", "cat", "too slow", "more than 0.1 seconds")
        assert second[1] == "transcoded to png: format tiff"

    def test_tensorflow_decodes_one_at_a_time(self, tmp_path, monkeypatch):
        (tmp_path / "cat").mkdir()
        for number in range(48):
            content = encode_image(seed=number, format="WEBP")
            (tmp_path / "cat" / f"{number}").write_bytes(content)
        chosen = [
            examine_file(str(tmp_path), RULES, ((f"cat/{number}", "cat", None), None))
            for number in range(48)
        ]
        working, most = 0, 0

        def decodes(*_):
            nonlocal working, most
            working += 1
            most = max(most, working)
            time.sleep(0.005)
            working -= 1
            return True

        monkeypatch.setattr(record_maker.images, "decodes", decodes)
        assert len(_make(tmp_path, chosen)) == 48
        assert most == 1
