import pytest

from components.normalization.formats import (
    FORMATS,
    image_format,
    missing_bytes,
    unsupported_format,
    webp_size,
)
from tests.image_files import VARIANTS, encode_image, make_image, save_image


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_every_kind_of_file_is_recognized(name: str) -> None:
    expected = {"apng": "png"}.get(name, name.split()[0])
    assert image_format(VARIANTS[name]()) == expected


def test_every_format_has_a_kind_of_file() -> None:
    assert set(FORMATS) == {name.split()[0] for name in VARIANTS} - {"apng"}


def brands(*names: bytes) -> bytes:
    """The first box of a file: its major brand, a version, and the brands it is compatible with."""
    content = b"ftyp" + names[0] + b"\0\0\0\0" + b"".join(names[1:])
    return (len(content) + 4).to_bytes(4, "big") + content + bytes(20)


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (b"", None),
        (b"\xff\xd8", None),
        (b"\xff\xd8\xff", "jpeg"),
        (b"RIFF\0\0\0\0WEB", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"<html>", None),
        (b"II*\0", "tiff"),
        (b"MM\0+", "tiff"),
        (brands(b"avif", b"mif1"), "avif"),
        (brands(b"mif1", b"miaf", b"avif"), "avif"),
        (brands(b"msf1", b"hevc"), "heic"),
        (brands(b"mif1"), "heic"),
        (brands(b"isom", b"mp42"), None),
        # What stands behind the box is no brand.
        (brands(b"isom") + b"avif", None),
        (b"\xff\xff\xff\xffftypisom", None),
        (b"\0\0\0\0ftypavif", None),
    ],
)
def test_by_content(encoded: bytes, expected: str | None) -> None:
    assert image_format(encoded) == expected


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (b"P6\n1 1\n255\nabc", "netpbm"),
        (b"\xff\x0a", "jpeg xl"),
        (b"8BPS", "photoshop"),
        (brands(b"isom"), "video or other media"),
        (b"text", None),
        (b"", None),
    ],
)
def test_formats_that_are_named_but_not_accepted(encoded: bytes, expected: str | None) -> None:
    assert unsupported_format(encoded) == expected


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [False, True])
def test_the_size_in_a_webp_header(mode: str, lossless: bool) -> None:
    encoded = save_image(make_image(mode, (301, 33)), "WEBP", lossless=lossless)
    assert webp_size(encoded) == (301, 33)


@pytest.mark.parametrize(
    "encoded", [b"", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPNONE" + bytes(20)]
)
def test_a_webp_without_a_size(encoded: bytes) -> None:
    assert webp_size(encoded) is None


@pytest.mark.parametrize("name", ["avif", "avif animated", "heic"])
def test_how_much_of_a_file_is_missing(name: str) -> None:
    encoded = VARIANTS[name]()
    assert missing_bytes(encoded) == 0
    assert missing_bytes(encoded[:-1]) == 1
    assert missing_bytes(encoded[:-40]) == 40


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (b"", 0),
        (b"\0\0\0\x09mda", 0),
        (b"\0\0\0\0mdat", 0),
        (b"\xff\xff\xff\xffjunk", 0),
        (b"\0\0\0\x0amdat", 2),
        (b"\0\0\0\1mdat\0\0\0\0\0\0\0\x14", 4),
        (b"\0\0\0\1mdat\0\0", 0),
    ],
)
def test_what_stands_behind_the_first_box(behind: bytes, expected: int) -> None:
    assert missing_bytes(brands(b"avif")[:16] + behind) == expected


def test_an_ordinary_file_has_no_boxes() -> None:
    assert missing_bytes(encode_image()) == 0
