import pickle
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from components.normalization import opening
from components.normalization.normalization_rules import ImageRules
from components.normalization.opening import (
    UnusableImageError,
    decode_upright,
    open_image,
    refusals,
)
from tests.image_files import VARIANTS, encode_image, make_exif, make_image, save_image

COLOR = ImageRules(3)
SMALL = ImageRules(3, max_megapixels=0.01)


def refusal(encoded: bytes, rules: ImageRules = COLOR) -> str:
    with pytest.raises(UnusableImageError) as caught:
        decode_upright(open_image(encoded, rules), rules)
    return str(caught.value)


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that has a header and nothing else."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + chunk + struct.pack(">I", zlib.crc32(chunk)) + end


def gif_of_sizes(canvas: tuple[int, int], frame: tuple[int, int]) -> bytes:
    return (
        b"GIF89a" + struct.pack("<HH", *canvas) + b"\0\0\0"
        b",\0\0\0\0" + struct.pack("<HH", *frame) + b"\0\x02\x02\x4c\x01\0;"
    )


def webp_of_size(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + size


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (b"", "empty file: 0 bytes"),
        (b"text\n\x00", "not an image: begins with b'text\\n\\x00'"),
        (b"P6\n1 1\n255\nabc", "unsupported format: netpbm"),
        (b"\xff\xd8\xff", "broken jpeg: its header is cut off"),
        (b"GIF89a", "broken gif: its header is cut off"),
        (encode_image(size=(30, 30))[:60], "broken png: image file is truncated"),
        (
            encode_image(size=(30, 30), format="BMP")[:99],
            "broken bmp: image file is truncated (45 bytes not processed)",
        ),
        (VARIANTS["heic"]()[:-7], "broken heic: cut off: 7 bytes or more are missing"),
        (VARIANTS["avif"]()[:-7], "broken avif: cut off: 7 bytes or more are missing"),
        (png_of_size(0, 5), "broken png: not identified by this driver"),
        (webp_of_size(5, 4)[:30] + bytes(9), "broken webp: could not create decoder object"),
        (b"RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0" + bytes(10), "broken webp: 0x0 pixels"),
    ],
)
def test_what_is_refused(encoded: bytes, message: str) -> None:
    assert refusal(encoded) == message


@pytest.mark.parametrize(
    ("encoded", "detail"),
    [
        (png_of_size(101, 100), "101x100 pixels, 0.0 megapixels; at most 0.01"),
        (
            png_of_size(2**31 - 1, 2**31 - 1),
            "2147483647x2147483647 pixels, 4611686014132.4 megapixels; at most 0.01",
        ),
        (gif_of_sizes((500, 400), (1, 1)), "500x400 pixels, 0.2 megapixels; at most 0.01"),
        (gif_of_sizes((1, 1), (400, 500)), "400x500 pixels, 0.2 megapixels; at most 0.01"),
        (gif_of_sizes((1, 1), (65535, 65535)), "4294.8 megapixels; at most 178"),
        # Four times as many as Pillow has memory for, before it tells the size.
        (webp_of_size(2**24, 255), "16777216x255 pixels, 4278.2 megapixels; at most 0.01"),
        (
            VARIANTS["jpeg"]().replace(b"\0\x0d\0\x15", b"\x40\0\x40\0"),
            "16384x16384 pixels, 268.4 megapixels; at most 0.01",
        ),
    ],
)
def test_too_many_pixels_are_refused_from_the_header(encoded: bytes, detail: str) -> None:
    with pytest.raises(UnusableImageError) as caught:
        open_image(encoded, SMALL)
    assert (caught.value.reason, caught.value.detail) == ("too large", detail)


def test_the_largest_image_is_accepted() -> None:
    assert open_image(png_of_size(100, 100), SMALL).size == (100, 100)


@pytest.mark.filterwarnings("error")
def test_pillow_does_not_warn_of_what_is_allowed(capfd: pytest.CaptureFixture[str]) -> None:
    rules = ImageRules(3, max_megapixels=178)
    limit = Image.MAX_IMAGE_PIXELS
    assert open_image(png_of_size(17_000, 10_000), rules).size == (17_000, 10_000)
    assert limit == Image.MAX_IMAGE_PIXELS
    assert capfd.readouterr() == ("", "")


def test_the_filters_of_warnings_stay_as_they_were() -> None:
    before = list(warnings.filters)
    open_image(encode_image(), COLOR)
    refusal(b"GIF89a")
    assert warnings.filters == before


@pytest.mark.parametrize(
    "name", [name for name in VARIANTS if "anim" in name or "pages" in name] + ["apng"]
)
def test_animations_can_be_refused(name: str) -> None:
    encoded = VARIANTS[name]()
    kind = {"apng": "png"}.get(name, name.split()[0])
    message = f"animation: {kind} with more than one frame"
    assert refusal(encoded, ImageRules(3, animations="reject")) == message


@pytest.mark.parametrize(
    "name", ["gif", "gif transparent", "png", "webp", "tiff", "avif", "heic", "jpeg"]
)
def test_a_single_frame_is_no_animation(name: str) -> None:
    encoded, rules = VARIANTS[name](), ImageRules(3, animations="reject")
    there = np.asarray(decode_upright(open_image(encoded, rules), rules))
    np.testing.assert_array_equal(there, decode_upright(open_image(encoded, COLOR), COLOR))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "too much memory: while decoding bmp"),
        (struct.error("unpack requires"), "broken bmp: its header is cut off"),
        (KeyError(), "broken bmp: KeyError"),
        (
            ValueError("conversion from LAB to L not supported"),
            "unsupported bmp: conversion from LAB to L not supported",
        ),
        (OSError("two\nlines \x1b[31m"), "broken bmp: two lines ?[31m"),
        (SyntaxError("x" * 300), f"broken bmp: {'x' * 200}"),
        (
            OSError("Unsupported BMP compression (9)"),
            "unsupported bmp: Unsupported BMP compression (9)",
        ),
        (
            SyntaxError("Memory allocation error: Security limit exceeded: 40000x40000"),
            "too large: Memory allocation error: Security limit exceeded: 40000x40000",
        ),
        (UnusableImageError("animation", "of cats"), "animation: of cats"),
    ],
)
def test_what_decoders_raise_is_a_refusal(error: Exception, message: str) -> None:
    with pytest.raises(UnusableImageError) as caught, refusals("bmp"):
        raise error
    assert str(caught.value) == message


def test_interruptions_are_none() -> None:
    with pytest.raises(KeyboardInterrupt), refusals("bmp"):
        raise KeyboardInterrupt


def test_a_refusal_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(UnusableImageError("animation", "of cats")))
    assert (error.reason, error.detail, str(error)) == (
        "animation",
        "of cats",
        "animation: of cats",
    )


def test_several_images_in_one_jpeg_are_no_animation() -> None:
    frames = [make_image(), make_image().transpose(Image.Transpose.ROTATE_180)]
    encoded = save_image(frames[0], "MPO", save_all=True, append_images=frames[1:])
    rules = ImageRules(3, animations="reject")
    found = decode_upright(open_image(encoded, rules), rules)
    expected = decode_upright(open_image(save_image(frames[0], "JPEG"), rules), rules)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_draft_is_upright_too(channels: int, orientation: int) -> None:
    rules = ImageRules(channels)
    exif = make_exif(orientation)
    image = open_image(save_image(make_image(size=(400, 240)), "JPEG", exif=exif), rules)
    image.draft("L", (100, 60))
    upright = decode_upright(image, rules)
    assert upright.size == ((100, 60) if orientation == 1 else (60, 100))
    assert upright.mode == {1: "L", 3: "RGB"}[channels]


def test_only_the_decoder_of_the_format_sees_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening.Image, "open", None)
    for encode in VARIANTS.values():
        decode_upright(open_image(encode(), COLOR), COLOR)
