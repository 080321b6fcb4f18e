import base64
import functools
import io
import os
from collections.abc import Iterator

import pytest
from PIL import Image

from components.ingestion.reporting.report.pictures import read_picture
from components.pages import thumbnails
from components.pages.thumbnails import Thumbnails
from tests.image_files import encode_image, write_image


@pytest.fixture
def made(tmp_path) -> Iterator[Thumbnails]:
    """The pictures of the files in `tmp_path`."""
    with Thumbnails(functools.partial(read_picture, str(tmp_path))) as thumbnails_of_folder:
        yield thumbnails_of_folder


def decode(source: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))


@pytest.mark.parametrize(
    ("size", "format", "expected"),
    [
        ((1600, 800), "JPEG", ("JPEG", (160, 80))),
        ((1000, 1000), "PNG", ("JPEG", (160, 160))),
        ((100, 50), "BMP", ("JPEG", (100, 50))),
        ((28, 28), "PNG", ("PNG", (28, 28))),
        ((1, 5000), "PNG", ("JPEG", (1, 160))),
    ],
)
def test_sizes(made, tmp_path, size, format, expected):
    write_image(tmp_path / "a", size=size, format=format)
    small = decode(made.make("a"))
    assert (small.format, small.size) == expected


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_modes(made, tmp_path, mode):
    write_image(tmp_path / "a.png", size=(300, 200), mode=mode)
    assert decode(made.make("a.png")).size == (160, 107)


@pytest.mark.parametrize("content", [b"", b"text", encode_image(format="JPEG")[:200]])
def test_what_cannot_be_shown_is_left_out(made, tmp_path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    assert made.make("a.jpg") == ""
    assert made.make("gone.jpg") == ""


def test_a_file_that_grew_is_not_read(made, tmp_path):
    with open(tmp_path / "a.jpg", "wb") as file:
        file.truncate(10**12)
    assert made.make("a.jpg") == ""


def test_a_full_page_takes_no_more(made, tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnails, "MOST_CHARACTERS", 100)
    for name in "ab":
        write_image(tmp_path / name, size=(200, 200))
    assert made.make("a")
    assert made.make("b") == ""
    assert made.make("a")


def test_pictures_are_decoded_in_other_processes(made, tmp_path, monkeypatch):
    """Fault C7: a page was made of the files that people bring in TensorFlow's process."""
    write_image(tmp_path / "a", size=(200, 200))
    tried = []
    monkeypatch.setattr(Image.Image, "load", lambda image: tried.append(os.getpid()))
    assert made.make("a")
    assert tried == []
