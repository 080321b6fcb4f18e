"""JPEG headers with Exif as it should be, and as it should not."""

import struct
from collections.abc import Mapping

from tests.image_files import make_image, save_image

SHORT, LONG = 3, 4
JPEG = save_image(make_image(), "JPEG")


def tiff_structure(
    orientation: int,
    order: str = "little",
    kind: int = SHORT,
    count: int = 1,
    tags: tuple[int, ...] = (0x010F, 0x0112, 0x0131),
) -> bytes:
    """The content of an Exif segment; every tag but the orientation has the value 7."""
    mark = "<" if order == "little" else ">"
    entries = b"".join(
        struct.pack(f"{mark}HHIHH", tag, kind, count, orientation if tag == 0x0112 else 7, 0)
        for tag in tags
    )
    head = (b"II" if order == "little" else b"MM") + struct.pack(f"{mark}HI", 42, 8)
    return head + struct.pack(f"{mark}H", len(tags)) + entries + bytes(4)


def segment(marker: int, content: bytes) -> bytes:
    """One segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def exif_segment(tiff: bytes) -> bytes:
    """The segment APP1 that holds Exif."""
    return segment(0xE1, b"Exif\0\0" + tiff)


def jpeg_with(*segments: bytes) -> bytes:
    """A small JPEG, with other segments before its own."""
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


_SIX = tiff_structure(6)
_EXIF = exif_segment(_SIX)
_FAR = struct.pack("<I", 2**31 + 8)

ORIENTATIONS_OF_HEADERS: Mapping[str, tuple[bytes, int]] = {
    "none": (JPEG, 1),
    **{
        f"{order} {number}": (jpeg_with(exif_segment(tiff_structure(number, order))), number)
        for order in ("little", "big")
        for number in range(1, 9)
    },
    "after other segments": (
        jpeg_with(segment(0xE0, b"JFIF"), segment(0xFE, b"words"), segment(0xE1, b"http"), _EXIF),
        6,
    ),
    "after fill bytes": (jpeg_with(b"\xff\xff\xff", _EXIF), 6),
    "after 63 segments": (jpeg_with(*[segment(0xFE, b"")] * 63, _EXIF), 6),
    "after 64 segments": (jpeg_with(*[segment(0xFE, b"")] * 64, _EXIF), 1),
    "after 64 fill bytes": (jpeg_with(b"\xff" * 64, _EXIF), 1),
    "after 60,000 bytes": (jpeg_with(segment(0xE2, bytes(60_000)), _EXIF), 6),
    "beyond 64 KiB": (jpeg_with(segment(0xE2, bytes(65_530)), _EXIF), 1),
    "across 64 KiB": (jpeg_with(segment(0xE2, bytes(65_500)), _EXIF), 1),
    "after junk": (jpeg_with(b"junk", _EXIF), 1),
    "after a table": (jpeg_with(segment(0xDB, bytes(65)), _EXIF), 1),
    "the first of two": (jpeg_with(exif_segment(tiff_structure(3)), _EXIF), 3),
    "a segment without length": (jpeg_with(b"\xff\xe1\0\0Exif\0\0" + _SIX), 1),
    "a segment of a byte less than none": (jpeg_with(b"\xff\xe1\0\1Exif\0\0" + _SIX), 1),
    "a segment that ends in its name": (jpeg_with(b"\xff\xe1\0\5Exif\0\0" + _SIX), 1),
    "a segment that ends in its directory": (jpeg_with(exif_segment(_SIX[:30])), 1),
    "no structure": (jpeg_with(exif_segment(b"")), 1),
    "half a header": (jpeg_with(exif_segment(_SIX[:6])), 1),
    "a header alone": (jpeg_with(exif_segment(_SIX[:8])), 1),
    "no entries": (jpeg_with(exif_segment(_SIX[:10])), 1),
    "another byte order": (jpeg_with(exif_segment(b"XX" + _SIX[2:])), 1),
    "another number than 42": (jpeg_with(exif_segment(_SIX[:2] + b"\x2b" + _SIX[3:])), 1),
    "a directory far away": (jpeg_with(exif_segment(_SIX[:4] + _FAR + _SIX[8:])), 1),
    "a directory behind the end": (
        jpeg_with(exif_segment(_SIX[:4] + struct.pack("<I", len(_SIX) - 1) + _SIX[8:])),
        1,
    ),
    "more entries claimed": (jpeg_with(exif_segment(_SIX[:8] + b"\xff\xff" + _SIX[10:])), 6),
    "fewer entries claimed": (jpeg_with(exif_segment(_SIX[:8] + b"\1\0" + _SIX[10:])), 1),
    "no orientation": (jpeg_with(exif_segment(tiff_structure(6, tags=(1, 2)))), 1),
    "orientation twice": (
        jpeg_with(exif_segment(tiff_structure(6, tags=(0x0112, 0x0112)))),
        6,
    ),
    "another type": (jpeg_with(exif_segment(tiff_structure(6, kind=LONG))), 1),
    "two values": (jpeg_with(exif_segment(tiff_structure(6, count=2))), 1),
    "orientation 0": (jpeg_with(exif_segment(tiff_structure(0))), 1),
    "orientation 9": (jpeg_with(exif_segment(tiff_structure(9))), 1),
    "nothing behind the mark": (b"\xff\xd8\xff", 1),
    "one byte of a length": (b"\xff\xd8\xff\xe1\0", 1),
    "one segment and no more": (b"\xff\xd8" + _EXIF, 6),
    "cut off in the name": (b"\xff\xd8" + _EXIF[:7], 1),
    "cut off behind the name": (b"\xff\xd8" + _EXIF[:10], 1),
    "cut off behind the orientation": (b"\xff\xd8" + _EXIF[:44], 6),
}
"""Beginnings of JPEG files and the orientation in them, by what is special about them."""
