"""Bytes -> the format, by content, whatever the file is called.

The signatures are those of the formats' specifications; AVIF and HEIC are told apart by the brands
in the first box of their file (ISO/IEC 14496-12, 4.3).
"""

from collections.abc import Mapping
from types import MappingProxyType

_SIGNATURES: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "jpeg": (b"\xff\xd8\xff",),
        "png": (b"\x89PNG\r\n\x1a\n",),
        "gif": (b"GIF87a", b"GIF89a"),
        "bmp": (b"BM",),
        # The second pair is BigTIFF.
        "tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    }
)
# Exif, XMP, and Adobe's word on the colors.
_METADATA: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "jpeg": (b"Exif\0\0", b"tiff:Orientation", b"Adobe"),
        "png": (b"eXIf", b"Raw profile", b"XML:com"),
    }
)
# Of AVIF and HEIC, ISO/IEC 14496-12, 4.2. Real files have less than ten; more are not worth it.
_MOST_BOXES = 1000
_BOX_HEADER = 8
_LARGE_BOX = 1
# Phones append what is no box; its first bytes are not to be taken for a size.
_BOXES = (b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"idat", b"uuid")
FORMATS = (*_SIGNATURES, "webp", "avif", "heic")

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
# HEIF whose brands do not say how it is compressed; libheif finds out.
_HEIF_BRANDS = {b"mif1", b"msf1"}

# Formats that photos come in, too, so that their owner is told what to convert.
_UNSUPPORTED: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "jpeg xl": (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
        "jpeg 2000": (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"),
        "netpbm": (b"P1\n", b"P2\n", b"P3\n", b"P4\n", b"P5\n", b"P6\n", b"P7\n"),
        "photoshop": (b"8BPS",),
        "windows icon": (b"\0\0\1\0", b"\0\0\2\0"),
        "pdf": (b"%PDF-",),
        "svg": (b"<svg",),
        # Olympus, Panasonic, Fujifilm, Sigma, older Canon, Minolta. Those that are TIFF, as most
        # are, tiff.py knows.
        "camera raw": (
            b"IIRO",
            b"IIRS",
            b"MMOR",
            b"IIU\0",
            b"FUJIFILMCCD-RAW",
            b"FOVb",
            b"II\x1a\0\0\0HEAPCCDR",
            b"\0MRM",
        ),
    }
)


def image_format(encoded: bytes) -> str | None:
    """Recognizes the formats that are accepted.

    Returns:
        One of `FORMATS`; None for anything else.
    """
    for name, signatures in _SIGNATURES.items():
        if encoded.startswith(signatures):
            return name
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "webp"
    if encoded[4:8] == b"ftyp":
        return _format_of_brands(encoded)
    return None


def may_have_metadata(encoded: bytes) -> bool:
    """Whether a file may say more of its pixels than any decoder needs; surely not if False."""
    words = _METADATA.get(image_format(encoded) or "")
    return words is None or any(word in encoded for word in words)


def unsupported_format(encoded: bytes) -> str | None:
    """Recognizes formats that hold images but are not accepted, to name them in a refusal."""
    for name, signatures in _UNSUPPORTED.items():
        if encoded.startswith(signatures):
            return name
    if encoded[4:8] != b"ftyp":
        return None
    # Canon's newer raw files are boxes like a video's.
    return "camera raw" if encoded[8:12] == b"crx " else "video or other media"


def webp_size(encoded: bytes) -> tuple[int, int] | None:
    """The size that a WebP's header states, read before a decoder reserves memory for it.

    The three layouts are those of the WebP container specification and of RFC 6386, section 9.1.

    Returns:
        (width, height) in pixels; None if the file begins in none of the three ways.
    """
    if len(encoded) < 30:
        return None
    kind, data = encoded[12:16], encoded[20:30]
    if kind == b"VP8X":
        return 1 + _little_endian(data[4:7]), 1 + _little_endian(data[7:10])
    if kind == b"VP8L":
        bits = _little_endian(data[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return _little_endian(data[6:8]) & 0x3FFF, _little_endian(data[8:10]) & 0x3FFF
    return None


def missing_bytes(encoded: bytes) -> int:
    """How much of a file that was cut off is missing at least.

    Decoders make what they can of such a file, and gray of the rest.

    Args:
        encoded: An AVIF or HEIC file.

    Returns:
        Bytes between the end of the file and the end that its last box states; 0 for a whole one.
    """
    position = 0
    for _ in range(_MOST_BOXES):
        if position + _BOX_HEADER > len(encoded):
            break
        size = int.from_bytes(encoded[position : position + 4], "big")
        if size == _LARGE_BOX:
            size = int.from_bytes(encoded[position + _BOX_HEADER : position + 16], "big")
        if size < _BOX_HEADER or encoded[position + 4 : position + _BOX_HEADER] not in _BOXES:
            # To the end of the file, or no box at all.
            return 0
        position += size
    return max(0, position - len(encoded))


def _little_endian(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _format_of_brands(encoded: bytes) -> str | None:
    box = encoded[: min(int.from_bytes(encoded[:4], "big"), 1024)]
    # The four bytes after the major brand are a version, which resembles no brand.
    brands = {box[start : start + 4] for start in range(8, len(box), 4)}
    if brands & _AVIF_BRANDS:
        return "avif"
    return "heic" if brands & (_HEIC_BRANDS | _HEIF_BRANDS) else None
