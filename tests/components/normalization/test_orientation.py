import numpy as np
import pytest
from PIL import Image, ImageOps

from components.normalization.normalization_rules import ImageRules
from components.normalization.opening import decode_upright, open_image
from components.normalization.orientation import (
    jpeg_orientation,
    png_may_be_rotated,
    stored_orientation,
    turn_upright,
)
from tests.exif_files import ORIENTATIONS_OF_HEADERS, exif_segment, jpeg_with, tiff_structure
from tests.image_files import VARIANTS, make_exif, make_image, save_image

COLOR = ImageRules(3)
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>'


def opened(encoded: bytes) -> Image.Image:
    image = open_image(encoded, COLOR)
    image.load()
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_as_pillow_does(orientation: int) -> None:
    image = make_image()
    image.getexif()[0x0112] = orientation
    expected = ImageOps.exif_transpose(image)
    np.testing.assert_array_equal(turn_upright(image, orientation), expected)


def test_what_is_upright_is_not_copied() -> None:
    image = make_image()
    assert turn_upright(image, 1) is image


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_files_say(format: str, orientation: int) -> None:
    encoded = save_image(make_image(), format, exif=make_exif(orientation))
    assert stored_orientation(opened(encoded)) == orientation


@pytest.mark.parametrize(
    ("format", "options"), [("JPEG", {}), ("WEBP", {}), ("PNG", {}), ("TIFF", {}), ("AVIF", {})]
)
def test_a_file_that_says_nothing(format: str, options: dict) -> None:
    assert stored_orientation(opened(save_image(make_image(), format, **options))) == 1


def test_what_xmp_says() -> None:
    assert stored_orientation(opened(save_image(make_image(), "JPEG", xmp=XMP % 8))) == 8


@pytest.mark.parametrize("number", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist(number: int) -> None:
    encoded = save_image(make_image(), "JPEG", exif=make_exif(number))
    assert stored_orientation(opened(encoded)) == 1


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0junk", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_exif_that_is_damaged_costs_nothing(exif: bytes) -> None:
    encoded = jpeg_with(b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif)
    assert stored_orientation(opened(encoded)) == 1


@pytest.mark.parametrize("name", ["tiff orientation 6", "heic rotated"])
def test_what_the_decoder_turned_is_not_turned_again(name: str) -> None:
    upright = decode_upright(open_image(VARIANTS[name](), COLOR), COLOR)
    size = (64, 48) if name.startswith("heic") else (21, 13)
    expected = make_image(size=size).transpose(Image.Transpose.ROTATE_270)
    assert upright.size == expected.size
    assert np.abs(np.int16(upright) - np.int16(expected)).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_once(orientation: int) -> None:
    import io

    from pillow_heif import from_pillow

    stream = io.BytesIO()
    image = make_image(size=(64, 48))
    from_pillow(image).save(stream, exif=make_exif(orientation).tobytes())
    upright = decode_upright(open_image(stream.getvalue(), COLOR), COLOR)
    assert np.abs(np.int16(upright) - np.int16(turn_upright(image, orientation))).mean() < 4


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (save_image(make_image(), "PNG"), False),
        (VARIANTS["png exif 6"](), True),
    ],
)
def test_a_png_that_may_be_rotated(encoded: bytes, expected: bool) -> None:
    assert png_may_be_rotated(encoded) == expected


@pytest.mark.parametrize("name", sorted(ORIENTATIONS_OF_HEADERS))
def test_the_orientation_of_a_jpeg(name: str) -> None:
    header, expected = ORIENTATIONS_OF_HEADERS[name]
    assert jpeg_orientation(header) == expected


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_jpeg_as_pillow_reads_it(order: str, orientation: int) -> None:
    encoded = jpeg_with(exif_segment(tiff_structure(orientation, order)))
    assert jpeg_orientation(encoded) == stored_orientation(opened(encoded)) == orientation
