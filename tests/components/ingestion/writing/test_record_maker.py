import pytest

from components import images
from components.ingestion.examining.examination import Examination, examine_file
from components.ingestion.listing.folder import Rejection
from components.ingestion.writing import record_maker
from components.ingestion.writing.record import serialize_record
from components.ingestion.writing.record_maker import RecordMaker
from components.normalisation.rules import ImageRules
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
    assert all(isinstance(image, Examination) for image in found)
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
        "transcoded to png: TensorFlow cannot decode it",
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
