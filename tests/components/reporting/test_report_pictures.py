import pytest
from PIL import Image

from components.pages.thumbnails import encode
from components.reporting import report_pictures
from components.reporting.report_pictures import Album, read_pictures
from tests.components.pages.test_thumbnails import decode
from tests.components.reporting.made_up import write_records
from tests.image_files import encode_image


def test_makes_what_is_needed_in_the_sizes_that_are_needed(tmp_path):
    photo = encode_image(size=(400, 200), format="JPEG")
    write_records(tmp_path, [("aa", photo), ("bb", photo)])
    pictures = read_pictures([str(tmp_path)], frozenset({("aa", 160), ("aa", 96)}))
    assert {key: decode(source).size for key, source in pictures.items()} == {
        ("aa", 160): (160, 80),
        ("aa", 96): (96, 48),
    }


def test_reads_all_spans(tmp_path):
    for span, sha256 in ((1, "aa"), (2, "bb")):
        write_records(tmp_path / f"{span}", [(sha256, encode_image())])
    folders = [str(tmp_path / "1"), str(tmp_path / "2")]
    assert set(read_pictures(folders, frozenset({("aa", 96), ("bb", 96)}))) == {
        ("aa", 96),
        ("bb", 96),
    }


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "BMP"])
def test_formats(tmp_path, format):
    write_records(tmp_path, [("aa", encode_image(size=(300, 300), format=format))])
    pictures = read_pictures([str(tmp_path)], frozenset({("aa", 96)}))
    assert decode(pictures["aa", 96]).size == (96, 96)


def test_a_broken_image_costs_its_picture_and_no_more(tmp_path):
    write_records(tmp_path, [("aa", b"no image"), ("bb", encode_image())])
    pictures = read_pictures([str(tmp_path)], frozenset({("aa", 96), ("bb", 96)}))
    assert set(pictures) == {("bb", 96)}


def test_a_full_page_takes_no_more(monkeypatch):
    monkeypatch.setattr(report_pictures, "MOST_CHARACTERS", 10)
    shown = Album({("aa", 96): "123456", ("bb", 96): "1234"})
    assert [shown.show(key, 96) for key in ("aa", "aa", "bb", "cc")] == ["123456", "", "1234", ""]


def test_a_picture_is_never_enlarged():
    assert decode(encode(Image.new("L", (30, 20)), 96)).size == (30, 20)
