"""Which image of a TIFF is used, and what becomes of its samples.

The files are made of literal bytes by the rules of TIFF 6.0, not by Pillow; the right pixels are
those that the samples were made from.
"""

import io
import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from PIL import Image

from components.normalization.normalization_rules import ImageRules
from components.normalization.opening import UnusableImageError, decode_upright, open_image
from tests.image_files import make_pixels, save_image
from tests.shared_data import shared_data

COLOR = ImageRules(3)
Tags = Mapping[int, tuple[str, Sequence[int]]]
KINDS = {"B": 1, "H": 3, "I": 4}
GRAY = np.uint8(np.add.outer(20 * np.arange(9), 6 * np.arange(13)) + 5)
RGB = np.stack([GRAY, GRAY[::-1], GRAY[:, ::-1]], -1)


def directory(tags: Tags, order: str, start: int, following: int) -> bytes:
    """A directory at a place in the file, with the values that its entries have no room for."""
    entries, behind = b"", b""
    for tag, (kind, numbers) in sorted(tags.items()):
        value = struct.pack(order + kind * len(numbers), *numbers)
        if len(value) > 4:
            place = start + 2 + 12 * len(tags) + 4 + len(behind)
            behind += value + b"\0" * (len(value) % 2)
            value = struct.pack(order + "I", place)
        entries += struct.pack(order + "HHI", tag, KINDS[kind], len(numbers)) + value.ljust(
            4, b"\0"
        )
    return (
        struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", following) + behind
    )


def tiff(*pages: tuple[Tags, bytes], order: str = "<") -> bytes:
    """A file of pages side by side: the strip of each, then its directory."""
    encoded = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0)
    link = 4
    for tags, strip in pages:
        start = len(encoded) + len(strip) + len(strip) % 2
        encoded = encoded[:link] + struct.pack(order + "I", start) + encoded[link + 4 :]
        planes = 3 if tags.get(284) == ("H", [2]) else 1
        size = len(strip) // planes
        places = [len(encoded) + size * plane for plane in range(planes)]
        whole = {**tags, 273: ("I", places), 279: ("I", [size] * planes)}
        encoded = encoded.ljust(start - len(strip) - len(strip) % 2) + strip.ljust(
            start - len(encoded)
        )
        encoded += directory(whole, order, start, 0)
        link = start + 2 + 12 * len(whole)
    return encoded


def page(
    photometric: int, bits: int, samples: int = 1, format: int = 1, others: Tags | None = None
) -> dict[int, tuple[str, Sequence[int]]]:
    """The tags of a page of the size of `GRAY`."""
    return {
        256: ("I", [13]),
        257: ("I", [9]),
        258: ("H", [bits] * samples),
        259: ("H", [1]),
        262: ("H", [photometric]),
        277: ("H", [samples]),
        278: ("I", [9]),
        339: ("H", [format] * samples),
        **(others or {}),
    }


def read(encoded: bytes) -> np.ndarray:
    return np.asarray(decode_upright(open_image(encoded, COLOR), COLOR), np.int16)


def refusal(encoded: bytes) -> str:
    with pytest.raises(UnusableImageError) as caught:
        read(encoded)
    return str(caught.value)


def assert_is(encoded: bytes, pixels: np.ndarray) -> None:
    expected = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, -1)
    np.testing.assert_allclose(read(encoded), expected, 0, 1)


def packed(values: np.ndarray, bits: int) -> bytes:
    """Rows of numbers of any number of bits, the highest first, each beginning with a byte."""
    rows = ("".join(format(int(value), f"0{bits}b") for value in row) for row in values)
    return b"".join(
        int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big")
        for row in rows
    )


@pytest.mark.parametrize("order", ["<", ">"])
class TestSamples:
    """Fault C5: WhiteIsZero, overshoot, planes and orders of bytes turned pixels into others."""

    def test_white_is_zero(self, order: str) -> None:
        inverted = {
            16: (1, ((255 - GRAY) * np.uint16(257)).astype(f"{order}u2")),
            32: (3, (1 - GRAY / 255).astype(f"{order}f4")),
        }
        for bits, (kind, values) in inverted.items():
            assert_is(tiff((page(0, bits, 1, kind), values.tobytes()), order=order), GRAY)

    @pytest.mark.parametrize("value", [1.02, 3, 200, 1e6])
    def test_a_float_above_one_leaves_the_others_as_they_are(
        self, order: str, value: float
    ) -> None:
        values = (GRAY / 255).astype(f"{order}f4")
        values[0, 0] = value
        expected = GRAY.copy()
        expected[0, 0] = 255
        assert_is(tiff((page(1, 32, 1, 3), values.tobytes()), order=order), expected)

    @pytest.mark.parametrize("value", [255.4, 300])
    @pytest.mark.parametrize("kind", ["f4", "i4"])
    def test_one_above_255_does_so_too(self, order: str, kind: str, value: float) -> None:
        values = GRAY.astype(order + kind)
        values[0, 0] = value
        expected = GRAY.copy()
        expected[0, 0] = 255
        format = 3 if kind == "f4" else 2
        assert_is(tiff((page(1, 32, 1, format), values.tobytes()), order=order), expected)

    def test_integers_of_32_bits_without_sign(self, order: str) -> None:
        bright = np.full_like(GRAY, 255) - GRAY // 4
        values = (bright * np.uint32(2**24)).astype(f"{order}u4").tobytes()
        expected = np.round(bright * (255 / bright.max()))
        assert_is(tiff((page(1, 32), values), order=order), expected)

    def test_signed_integers_of_16_bits(self, order: str) -> None:
        values = (GRAY * np.int16(128)).astype(f"{order}i2").tobytes()
        assert_is(tiff((page(1, 16, 1, 2), values), order=order), GRAY)

    def test_signed_bytes_are_refused(self, order: str) -> None:
        assert refusal(tiff((page(1, 8, 1, 2), GRAY.tobytes()), order=order)) == (
            "unsupported tiff: signed samples of 8 bits are not supported"
        )

    @pytest.mark.parametrize("bits", [8, 16])
    def test_planes(self, order: str, bits: int) -> None:
        values = (RGB * np.uint16(257 if bits == 16 else 1)).astype(f"{order}u{bits // 8}")
        tags = page(2, bits, 3, 1, {284: ("H", [2])})
        assert_is(tiff((tags, values.transpose(2, 0, 1).tobytes()), order=order), RGB)

    def test_luma_and_chroma(self, order: str) -> None:
        """A second page behind the first had supplied the bytes that were read too many."""
        gray = np.stack([GRAY, np.full_like(GRAY, 128), np.full_like(GRAY, 128)], -1)
        tags = page(6, 8, 3, 1, {530: ("H", [1, 1])})
        assert_is(tiff((tags, gray.tobytes()), (tags, gray.tobytes()), order=order), GRAY)

    @pytest.mark.parametrize("scale", [1, 257])
    def test_palettes_of_bytes(self, order: str, scale: int) -> None:
        """Some programs write bytes where the format has numbers of 16 bits."""
        colors = np.stack([np.arange(256), np.arange(255, -1, -1), np.full(256, 7)])
        tags = page(3, 8, 1, 1, {320: ("H", (colors * scale).ravel().tolist())})
        expected = np.stack([GRAY, 255 - GRAY, np.full_like(GRAY, 7)], -1)
        assert_is(tiff((tags, GRAY.tobytes()), order=order), expected)


def test_twelve_bits_side_by_side() -> None:
    """Fault C5: their range was taken to be that of 16 bits."""
    assert_is(tiff((page(1, 12), packed(GRAY * np.uint16(16), 12))), GRAY)


@pytest.mark.parametrize("kind", [np.float32, np.int32, np.int16])
def test_compressed_of_the_other_order_of_bytes(kind: type) -> None:
    """Fault C5: libtiff turns bytes over, and Pillow did so once more."""
    values = GRAY.astype(np.dtype(kind).newbyteorder(">"))
    format = 3 if kind is np.float32 else 2
    tags = page(1, 8 * values.itemsize, 1, format, {259: ("H", [8])})
    assert_is(tiff((tags, zlib.compress(values.tobytes())), order=">"), GRAY)


class TestWhichImage:
    """Fault C5: a camera's raw file was used as its thumbnail."""

    THUMBNAIL = (page(2, 8, 3, 1, {254: ("I", [1])}), (RGB // 2).tobytes())
    PICTURE = (page(2, 8, 3), RGB.tobytes())

    def test_a_thumbnail_before_the_picture(self) -> None:
        assert_is(tiff(self.THUMBNAIL, self.PICTURE), RGB)
        old = (page(2, 8, 3, 1, {255: ("H", [2])}), (RGB // 2).tobytes())
        assert_is(tiff(old, self.PICTURE), RGB)

    def test_the_first_of_several_pictures(self) -> None:
        assert_is(tiff(self.PICTURE, self.THUMBNAIL, (page(1, 8), GRAY.tobytes())), RGB)

    def test_a_small_copy_below_the_picture(self) -> None:
        pages = tiff(self.PICTURE, self.THUMBNAIL)
        small = struct.unpack("<I", pages[4:8])[0]
        tags = page(2, 8, 3, 1, {330: ("I", [small])})
        assert_is(tiff((tags, RGB.tobytes()), self.THUMBNAIL), RGB)

    @pytest.mark.parametrize(
        "tags",
        [
            {254: ("I", [1])},
            {50_706: ("B", [1, 4, 0, 0])},
            {262: ("H", [32_803])},
            {262: ("H", [34_892])},
        ],
        ids=["thumbnail alone", "DNG", "color filter array", "linear raw"],
    )
    def test_camera_raw(self, tags: Tags) -> None:
        encoded = tiff((page(2, 8, 3, 1, tags), RGB.tobytes()))
        assert refusal(encoded) == "unsupported format: camera raw"

    @pytest.mark.parametrize("below", [{262: ("H", [32_803])}, {256: ("I", [26])}])
    def test_camera_raw_below_an_unmarked_preview(self, below: Tags) -> None:
        preview = page(2, 8, 3)
        inner = {**page(1, 16), **below}
        strip = RGB.tobytes() + b"\0"
        place = 8 + len(strip)
        hidden = directory({**inner, 273: ("I", [8]), 279: ("I", [0])}, "<", place, 0)
        outer = {**preview, 330: ("I", [place]), 273: ("I", [8]), 279: ("I", [len(strip) - 1])}
        start = place + len(hidden)
        head = b"II" + struct.pack("<HI", 42, start)
        encoded = head + strip + hidden + directory(outer, "<", start, 0)
        assert refusal(encoded) == "unsupported format: camera raw"

    @pytest.mark.parametrize("mark", [b"CR\2\0", b"IIII"])
    def test_camera_raw_by_its_mark(self, mark: bytes) -> None:
        encoded = tiff(self.PICTURE)
        assert refusal(encoded[:8] + mark + encoded[12:]) == "unsupported format: camera raw"

    @pytest.mark.parametrize(
        "head",
        [b"IIRO\x08\0\0\0", b"IIU\0\x18\0\0\0", b"FUJIFILMCCD-RAW 0201", b"\0\0\0\x18ftypcrx \0\0"],
    )
    def test_camera_raw_that_is_no_tiff(self, head: bytes) -> None:
        assert refusal(head + bytes(64)) == "unsupported format: camera raw"


class TestFiles:
    """Fault C5, on files of outsiders with the pixels that they must become."""

    def test_white_is_zero(self) -> None:
        file = shared_data("faults/tiff_white_is_zero16.tif")
        expected = np.load(file.with_name(file.name + ".npy"))
        np.testing.assert_array_equal(read(file.read_bytes()), expected)

    def test_a_float_that_overshoots(self) -> None:
        file = shared_data("faults/tiff_float_overshoot.tif")
        expected = np.load(file.with_name(file.name + ".npy"))
        pixels = read(file.read_bytes())
        # The first one is 1.02.
        assert pixels[0, 0].tolist() == [255, 255, 255]
        np.testing.assert_array_equal(pixels.reshape(-1, 3)[1:], expected.reshape(-1, 3)[1:])

    def test_camera_raw(self) -> None:
        encoded = shared_data("faults/tiff_like_nef.nef").read_bytes()
        assert refusal(encoded) == "unsupported format: camera raw"

    def test_a_color_of_16_bits_that_is_transparent(self) -> None:
        file = shared_data("faults/png_rgb16_trns_key.png")
        expected = np.load(file.with_name(file.name + ".npy"))
        np.testing.assert_array_equal(read(file.read_bytes()), expected)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_compressed_as_jpeg(mode: str) -> None:
    """Fault C4, in another format: of a strip that ends early, the rest was gray."""
    noise = Image.fromarray(make_pixels((64, 80))).convert(mode)
    whole = save_image(noise, "TIFF", compression="jpeg", strip_size=64 * 16)
    assert read(whole).shape == (80, 64, 3)
    with Image.open(io.BytesIO(whole)) as opened:
        start, size = opened.tag_v2[273][-1], opened.tag_v2[279][-1]
    strip = whole[start : start + size]
    half = strip[: size // 2].rstrip(b"\xff") + b"\xff\xd9"
    cut = whole[:start] + half.ljust(size, b"\0") + whole[start + size :]
    assert refusal(cut).startswith("broken tiff: its coded data")
