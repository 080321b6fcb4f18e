"""Fault C4: a PNG whose compressed data end in good order, but too early, was used half black."""

import struct
import zlib

import numpy as np
import pytest

from components.normalization.normalization_rules import ImageRules
from components.normalization.opening import UnusableImageError, decode_upright, open_image
from tests.image_files import make_pixels


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    size: tuple[int, int], depth: int, color_type: int, rows: bytes, is_interlaced: bool = False
) -> bytes:
    header = struct.pack(">IIBBBBB", *size, depth, color_type, 0, 0, is_interlaced)
    compressed = zlib.compress(rows)
    # In two parts: data may be divided anywhere.
    parts = compressed[:5], compressed[5:]
    pixels = b"".join(chunk(b"IDAT", part) for part in parts)
    palette = chunk(b"PLTE", bytes(range(6))) if color_type == 3 else b""
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + palette + pixels + chunk(b"IEND", b"")


def decode(encoded: bytes) -> np.ndarray:
    rules = ImageRules(3)
    return np.asarray(decode_upright(open_image(encoded, rules), rules))


# All of it is zero, which is what missing rows look like. Bytes by the specification: each row, and
# each row of each of the seven passes, begins with its filter.
BLACK = {
    "gray": ((10, 6), 8, 0, bytes(6 * 11)),
    "gray of one bit": ((10, 6), 1, 0, bytes(6 * 3)),
    "palette of two bits": ((10, 6), 2, 3, bytes(6 * 4)),
    "RGB": ((10, 6), 8, 2, bytes(6 * 31)),
    "RGB of 16 bits": ((10, 6), 16, 2, bytes(6 * 61)),
    "transparent": ((10, 6), 8, 6, bytes(6 * 41)),
    "one row": ((10, 1), 8, 0, bytes(11)),
    "interlaced": ((5, 5), 8, 0, bytes(2 + 2 + 3 + 4 + 4 + 9 + 12), True),
    "interlaced, one pixel": ((1, 1), 8, 0, bytes(2), True),
}


@pytest.mark.parametrize("kind", sorted(BLACK))
def test_whole(kind: str) -> None:
    (width, height), *_ = BLACK[kind]
    assert decode(png(*BLACK[kind])).shape == (height, width, 3)


@pytest.mark.parametrize("missing", [1, 12])
@pytest.mark.parametrize("kind", sorted(set(BLACK) - {"one row", "interlaced, one pixel"}))
def test_black_rows_are_missing(kind: str, missing: int) -> None:
    size, depth, color_type, rows, *others = BLACK[kind]
    assert_refused(png(size, depth, color_type, rows[:-missing], *others))


@pytest.mark.parametrize("rows", [1, 60, 119])
@pytest.mark.parametrize(("color_type", "samples"), [(0, 1), (2, 3), (6, 4)])
def test_other_rows_are_missing(color_type: int, samples: int, rows: int) -> None:
    """Fault C4, in another format: Pillow notices of small pictures only."""
    noise = make_pixels((160 * samples, rows), mode="L")
    data = b"".join(b"\0" + row.tobytes() for row in noise)
    assert_refused(png((160, 120), 8, color_type, data))


def assert_refused(encoded: bytes) -> None:
    with pytest.raises(UnusableImageError) as caught:
        decode(encoded)
    assert caught.value.reason == "broken png"
