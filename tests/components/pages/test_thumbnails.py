import base64
import functools
import io
import os

import pytest
from PIL import Image

from components.pages import thumbnails
from components.pages.thumbnails import RULES, make_thumbnails, read_thumbnails, write_thumbnails
from components.storage import read_file
from tests.image_files import encode_image, write_image


def thumbnail(folder, name) -> str:
    """A thumbnail of a file; empty if there is none."""
    read = functools.partial(read_file, str(folder), most_bytes=RULES.max_bytes)
    return make_thumbnails([name], read).get(name, "")


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
def test_sizes(tmp_path, size, format, expected):
    write_image(tmp_path / "a", size=size, format=format)
    small = decode(thumbnail(tmp_path, "a"))
    assert (small.format, small.size) == expected


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_modes(tmp_path, mode):
    write_image(tmp_path / "a.png", size=(300, 200), mode=mode)
    assert decode(thumbnail(tmp_path, "a.png")).size == (160, 107)


@pytest.mark.parametrize("content", [b"", b"text", encode_image(format="JPEG")[:200]])
def test_what_cannot_be_shown_is_left_out(tmp_path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    assert thumbnail(tmp_path, "a.jpg") == ""
    assert thumbnail(tmp_path, "gone.jpg") == ""


def test_a_file_that_grew_is_not_read(tmp_path):
    with open(tmp_path / "a.jpg", "wb") as file:
        file.truncate(10**12)
    assert thumbnail(tmp_path, "a.jpg") == ""


def test_a_full_page_takes_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnails, "MOST_CHARACTERS", 100)
    for name in "ab":
        write_image(tmp_path / name, size=(200, 200))
    assert list(make_thumbnails(["a", "b"], functools.partial(read_file, str(tmp_path)))) == ["a"]


def test_are_kept_beside_records(tmp_path):
    kept = {"cat/<b>\u202e.png": "data:image/png;base64,AA=="}
    write_thumbnails(kept, str(tmp_path))
    assert read_thumbnails(str(tmp_path)) == kept


def test_pictures_are_decoded_in_other_processes(tmp_path, monkeypatch):
    """Fault C7: a page was made of the files that people bring in TensorFlow's process."""
    write_image(tmp_path / "a", size=(200, 200))
    tried = []
    monkeypatch.setattr(Image.Image, "load", lambda image: tried.append(os.getpid()))
    assert thumbnail(tmp_path, "a")
    assert tried == []
