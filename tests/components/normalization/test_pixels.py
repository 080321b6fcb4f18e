import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from components.normalization.normalization_rules import ImageRules
from components.normalization.opening import decode_upright, open_image
from components.normalization.pixels import flatten
from tests.image_files import save_image

COLOR, GRAY = ImageRules(3), ImageRules(1)
ON_BLUE = ImageRules(3, background="#0000ff")


def flat(image: Image.Image, rules: ImageRules = COLOR) -> np.ndarray:
    return np.asarray(flatten(image, rules))


def pixel(image: Image.Image, rules: ImageRules = COLOR) -> list:
    """The only pixel, after it went through."""
    (only,) = flat(image, rules).reshape(1, -1).tolist()
    return only


def read(encoded: bytes, rules: ImageRules = COLOR) -> np.ndarray:
    return np.asarray(decode_upright(open_image(encoded, rules), rules))


def deep(values: list, kind: type) -> Image.Image:
    return Image.fromarray(np.array([values], kind))


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("1", 1, [255, 255, 255]),
        ("L", 7, [7, 7, 7]),
        ("RGB", (1, 2, 3), [1, 2, 3]),
        ("RGBX", (1, 2, 3, 9), [1, 2, 3]),
        ("CMYK", (255, 0, 0, 0), [0, 255, 255]),
        ("YCbCr", (76, 85, 255), [254, 0, 0]),
        ("HSV", (0, 255, 255), [255, 0, 0]),
        ("RGBA", (200, 100, 0, 255), [200, 100, 0]),
        ("RGBA", (200, 100, 0, 0), [0, 0, 255]),
        ("RGBA", (200, 100, 0, 51), [40, 20, 204]),
        ("RGBa", (40, 20, 0, 51), [40, 20, 204]),
        ("LA", (200, 51), [40, 40, 244]),
        ("La", (40, 51), [40, 40, 244]),
        ("PA", (3, 0), [0, 0, 255]),
    ],
)
def test_every_mode_becomes_colors(mode: str, color: object, expected: list[int]) -> None:
    assert pixel(Image.new(mode, (1, 1), color), ON_BLUE) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [("L", 7, 7), ("RGB", (200, 100, 50), 124), ("RGBA", (0, 0, 0, 0), 29), ("LA", (9, 255), 9)],
)
def test_every_mode_becomes_gray(mode: str, color: object, expected: int) -> None:
    rules = ImageRules(1, background="#0000ff")
    assert pixel(Image.new(mode, (1, 1), color), rules) == [expected]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (np.uint16, [0, 255, 256, 32_768, 65_535], [0, 0, 1, 128, 255]),
        # Eight bits in a wider box, sixteen, and all 32.
        (np.int32, [-5, 0, 128, 255], [0, 0, 128, 255]),
        (np.int32, [0, 256, 65_535], [0, 1, 255]),
        (np.int32, [0, 2**30, 2**31 - 1], [0, 127, 255]),
        (np.float32, [0, 0.5, 1], [0, 127, 255]),
        (np.float32, [-1, np.nan, np.inf, 0.25], [0, 0, 0, 63]),
        (np.float32, [0, 1.5, 255], [0, 1, 255]),
        (np.float32, [0, 1e20], [0, 255]),
        (np.float32, [0, 0], [0, 0]),
    ],
)
def test_deeper_gray_is_scaled_and_not_clipped(kind: type, values: list, expected: list) -> None:
    assert flat(deep(values, kind), GRAY)[0].tolist() == expected
    assert flat(deep(values, kind))[0].tolist() == [[value] * 3 for value in expected]


def test_both_byte_orders_of_sixteen_bits() -> None:
    image = Image.frombytes("I;16B", (2, 1), b"\x80\x01\xff\xfe")
    assert flat(image, GRAY).tolist() == [[128, 255]]


@pytest.mark.parametrize(
    ("image", "key", "expected"),
    [
        (Image.fromarray(np.uint8([[0, 9]])), 9, [[0, 0, 0], [0, 0, 255]]),
        (Image.fromarray(np.uint8([[[0, 1, 2], [3, 4, 5]]])), (3, 4, 5), [[0, 1, 2], [0, 0, 255]]),
        (deep([256, 257], np.uint16), 257, [[1, 1, 1], [0, 0, 255]]),
        (Image.fromarray(np.bool_([[False, True]])), 255, [[0, 0, 0], [0, 0, 255]]),
    ],
)
def test_a_color_that_stands_for_transparency(
    image: Image.Image, key: object, expected: list
) -> None:
    image.info["transparency"] = key
    assert flat(image, ON_BLUE)[0].tolist() == expected
    assert read(save_image(image, "PNG", transparency=key), ON_BLUE)[0].tolist() == expected


@pytest.mark.parametrize("depth", [2, 4])
def test_the_same_at_few_bits(depth: int) -> None:
    palette = Image.fromarray(np.uint8([[0, 1]]))
    encoded = bytearray(save_image(palette.convert("P"), "PNG", bits=depth, transparency=1))
    assert read(bytes(encoded), ON_BLUE)[0, 1].tolist() == [0, 0, 255]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize(("depth", "key"), [(2, 0xFFFE), (4, 0x0102), (8, 0xFF02)])
def test_of_a_key_only_as_many_bits_count_as_samples_have(depth: int, key: int) -> None:
    """Fault C5: PNG, third edition, 11.3.2.1. The pixels are 0, 1, 2, 3."""
    samples = int("".join(format(value, f"0{depth}b") for value in range(4)), 2)
    encoded = b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 1, depth, 0, 0, 0, 0)),
            chunk(b"tRNS", struct.pack(">H", key)),
            chunk(b"IDAT", zlib.compress(b"\0" + samples.to_bytes(depth // 2, "big"))),
            chunk(b"IEND", b""),
        ]
    )
    level = 255 // (2**depth - 1)
    grays = [[level * value] * 3 for value in range(4)]
    assert read(encoded, ON_BLUE)[0].tolist() == [*grays[:2], [0, 0, 255], grays[3]]


def test_rgb_of_sixteen_bits_with_a_key() -> None:
    """Fault C5: compared by its higher bytes, what differs in the lower ones was transparent, too.

    Pillow writes no such file: 0x0102, 0x0304, 0x0506 is transparent, 0xff00 and 0x0102, 0x0304,
    0x0507 are not.
    """

    key = bytes([1, 2, 3, 4, 5, 6])
    row = b"\0" + key + bytes([255, 0] * 3) + bytes([1, 2, 3, 4, 5, 7])
    encoded = b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 1, 16, 2, 0, 0, 0)),
            chunk(b"tRNS", key),
            chunk(b"IDAT", zlib.compress(row)),
            chunk(b"IEND", b""),
        ]
    )
    assert read(encoded, ON_BLUE)[0].tolist() == [[0, 0, 255], [255, 255, 255], [1, 3, 5]]


def test_a_palette_with_transparency() -> None:
    image = Image.fromarray(np.uint8([[0, 1, 2]])).convert("P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    one = read(save_image(image, "PNG", transparency=1), ON_BLUE)
    assert one[0].tolist() == [[10, 20, 30], [0, 0, 255], [70, 80, 90]]
    each = read(save_image(image, "PNG", transparency=bytes([255, 0, 51])), ON_BLUE)
    assert each[0].tolist() == [[10, 20, 30], [0, 0, 255], [14, 16, 222]]


def test_what_the_first_frame_of_a_gif_does_not_cover_is_background() -> None:
    gif = bytearray(save_image(Image.new("L", (2, 1), 50), "GIF"))
    assert read(bytes(gif)).tolist() == [[[50] * 3, [50] * 3]]
    # The canvas becomes three wide, the frame begins at the second column.
    gif[6] = 3
    frame = gif.index(b",\0\0\0\0\2\0\1\0")
    gif[frame + 1] = 1
    assert read(bytes(gif), ON_BLUE).tolist() == [[[0, 0, 255], [50] * 3, [50] * 3]]


def test_what_is_right_already_is_not_copied() -> None:
    image = Image.new("RGB", (2, 2))
    assert flatten(image, COLOR) is image
