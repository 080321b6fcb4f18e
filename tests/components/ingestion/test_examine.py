import hashlib
import pickle

import pytest

from components.ingestion.decodability import jpeg_structure, png_structure
from components.ingestion.image_record import ImageRecord, Rejection
from components.normalization.normalization_rules import ImageRules
from tests.components.ingestion.examinations import examine_file, make_examination
from tests.image_files import encode_image

RULES = ImageRules(channels=3)
PLACE = ("cat/a.jpg", "cat", "train")


def test_survives_pickling() -> None:
    image = make_examination("train/cat/a.jpg", structure=b"structure", signature=b"signature")
    assert pickle.loads(pickle.dumps(image)) == image


def test_is_pickled_without_the_names_of_its_fields() -> None:
    """Those would be most of it, a dozen times for each image."""
    pickled = pickle.dumps(make_examination("cat/a.jpg"))
    assert not any(name.encode() in pickled for name in ImageRecord._fields)


def test_everything_that_is_known_of_a_jpeg() -> None:
    encoded = encode_image((40, 30), format="JPEG")
    image = examine_file("nowhere", RULES, (PLACE, encoded))
    assert isinstance(image, ImageRecord)
    assert (image.filename, image.class_text, image.given_split) == PLACE
    assert image.sha256 == hashlib.sha256(encoded).hexdigest()
    assert (image.size, image.format) == (len(encoded), "jpeg")
    assert (image.height, image.width, image.channels) == (30, 40, 3)
    assert image.treatment == ""
    structure = jpeg_structure(encoded) or b""
    assert image.structure == hashlib.blake2b(structure, digest_size=16).digest()
    assert 0.4 < image.brightness < 0.6
    assert image.signature


def test_the_structure_of_a_png_is_known_too_and_of_no_other_format() -> None:
    encoded = encode_image((40, 30), format="PNG")
    image = examine_file("nowhere", RULES, (PLACE, encoded))
    assert isinstance(image, ImageRecord)
    structure = png_structure(encoded) or b""
    assert image.structure == hashlib.blake2b(structure, digest_size=16).digest()
    image = examine_file("nowhere", RULES, (PLACE, encode_image((40, 30), format="BMP")))
    assert isinstance(image, ImageRecord)
    assert image.structure == b""


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (None, "unreadable", "No such file or directory"),
        (b"", "empty file", "0 bytes"),
        (b"<html>", "not an image", "begins with b'<html>'"),
        (Rejection("cat/a.jpg", "cat", "unreadable", "why"), "unreadable", "why"),
    ],
)
def test_rejects_what_is_no_image(
    content: bytes | Rejection | None, reason: str, detail: str
) -> None:
    outcome = examine_file("nowhere", RULES, (PLACE, content))
    assert outcome == Rejection("cat/a.jpg", "cat", reason, detail)
