"""Which way up an image is stored.

The eight orientations are those of the tag Orientation, 0x0112, of Exif 2.32 and TIFF 6.0.
"""

import struct

from PIL import Image

UPRIGHT = 1
ORIENTATIONS = range(1, 9)

HEADER_BYTES = 65_536
MOST_SEGMENTS = 64
"""How much of a JPEG is searched. `components.images` searches no more, and must find the same."""

_ORIENTATION_TAG = 0x0112
_SHORT = 3
_APP1, _COMMENT, _FILL = 0xE1, 0xFE, 0xFF
_APPLICATION_MARKERS = range(0xE0, 0xF0)
_EXIF = b"Exif\0\0"
_SCAN = 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Begin segments that all decoders step over alike.
_PLAIN_MARKERS = frozenset((*range(0xC0, 0xC8), *range(0xC9, 0xD0), *range(0xE0, 0xF0))) | {
    0xDB,
    0xDC,
    0xDD,
    _COMMENT,
}
_TURNING_XMP = b"tiff:Orientation"
_NOT_SAID = 0
# Of TIFF's bytes, text, numbers of 16 and 32 bits, and fractions.
_BYTES_OF_KINDS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_MOST_BYTES_OF_A_KIND, _BYTES_IN_PLACE = 8, 4
_BYTE_ORDERS = {b"II*\0": "little", b"MM\0*": "big"}

_TAG_OF_EXIF_IN_PNG = "Raw profile type exif"
_XMP_IN_PNG = "XML:com.adobe.xmp"
_METADATA = ("exif", "xmp", _TAG_OF_EXIF_IN_PNG, _XMP_IN_PNG)
_METADATA_OF_PNG = (b"eXIf", _TAG_OF_EXIF_IN_PNG.encode(), _XMP_IN_PNG.encode())
# Their decoders turn the pixels upright, and what their Exif says is history.
_UPRIGHT_FORMATS = ("TIFF", "HEIF")

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def stored_orientation(image: Image.Image) -> int:
    """What an image says of its orientation in Exif, in XMP or, for AVIF, by its boxes.

    Args:
        image: Opened; a PNG must be decoded, because it may say so behind its pixels.

    Returns:
        1 to 8; 1 if it says nothing, or nothing that makes sense: pixels that are whole are not
        refused for what is written beside them.
    """
    if image.format in _UPRIGHT_FORMATS or not any(key in image.info for key in _METADATA):
        return UPRIGHT
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, UPRIGHT)
    except Exception:
        # Pillow has no kind of exception for Exif that is damaged.
        return UPRIGHT
    return orientation if orientation in ORIENTATIONS else UPRIGHT


def png_may_be_rotated(encoded: bytes) -> bool:
    """Whether a PNG has metadata in which an orientation could stand, wherever in the file."""
    return any(name in encoded for name in _METADATA_OF_PNG)


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turns and mirrors the pixels.

    Args:
        image: As stored.
        orientation: 1 to 8.

    Returns:
        A new image; the same one if it is upright.
    """
    return image.transpose(_TRANSPOSITIONS[orientation]) if orientation != UPRIGHT else image


def jpeg_orientation(encoded: bytes) -> int:
    """What `components.images.decode` reads in the Exif of a JPEG: the mirror of its graph.

    Looks for the first Exif among the application segments and comments at the beginning of the
    file, and in it for a tag Orientation of type SHORT, as its specification has it.

    Args:
        encoded: A JPEG file; of others the answer means nothing.

    Returns:
        1 to 8; 1 where something is missing, damaged, beyond the first 64 KiB or beyond the first
        64 segments.
    """
    header = encoded[:HEADER_BYTES]
    position = 2
    for _ in range(MOST_SEGMENTS):
        start = header[position : position + 4]
        if len(start) < 4 or start[0] != _FILL:
            return UPRIGHT
        marker, length = start[1], int.from_bytes(start[2:], "big")
        if marker == _FILL:
            position += 1
            continue
        if length < 2 or not (marker in _APPLICATION_MARKERS or marker == _COMMENT):
            return UPRIGHT
        segment = header[position + 4 : position + 2 + length]
        if marker == _APP1 and segment.startswith(_EXIF):
            return _tiff_orientation(segment[len(_EXIF) :])
        position += 2 + length
    return UPRIGHT


def is_plain_jpeg(encoded: bytes) -> bool:
    """Whether `components.images.is_plain` surely is true of a JPEG, without a graph to ask.

    So it is of what cameras write: one Exif segment among well-formed ones, whose entries are in
    the file, with one orientation; or none, and no XMP that turns. Of others the graph decides.
    """
    exif = _only_exif(encoded)
    said = None if exif is None else _strict_orientation(exif)
    if said == _NOT_SAID and _TURNING_XMP in encoded:
        return False
    return said is not None and max(said, UPRIGHT) == jpeg_orientation(encoded)


def _only_exif(encoded: bytes) -> bytes | None:
    """The content of a JPEG's Exif, empty if it has none; None where readers may differ."""
    position, exif = 2, b""
    while encoded[position : position + 1] == b"\xff" and position + 10 < len(encoded):
        marker = encoded[position + 1]
        length = int.from_bytes(encoded[position + 2 : position + 4], "big")
        if marker == _SCAN:
            return exif
        segment = encoded[position + 4 : position + 2 + length]
        if marker not in _PLAIN_MARKERS or len(segment) != length - 2:
            return None
        if marker in _FRAMES and segment[5:6] not in (b"\1", b"\3"):
            return None
        if marker == _APP1 and segment.startswith(_EXIF):
            if exif:
                return None
            exif = segment[len(_EXIF) :] or b"\0"
        position += 2 + length
    return None


def _strict_orientation(tiff: bytes) -> int | None:
    """What the first directory says, or `_NOT_SAID`; None where readers may differ."""
    if not tiff:
        return _NOT_SAID
    mark = {"little": "<", "big": ">"}.get(_BYTE_ORDERS.get(tiff[:4], ""), "")
    if not mark or len(tiff) < 8:
        return None
    [directory] = struct.unpack_from(f"{mark}I", tiff, 4)
    if directory + 2 > len(tiff):
        return None
    [count] = struct.unpack_from(f"{mark}H", tiff, directory)
    if directory + 2 + 12 * count > len(tiff):
        return None
    found = []
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, values, place = struct.unpack_from(f"{mark}HHII", tiff, entry)
        size = values * _BYTES_OF_KINDS.get(kind, _MOST_BYTES_OF_A_KIND)
        if size > _BYTES_IN_PLACE and place + size > len(tiff):
            return None
        if tag == _ORIENTATION_TAG:
            [value] = struct.unpack_from(f"{mark}H", tiff, entry + 8)
            found.append(value if (kind, values) == (_SHORT, 1) else -1)
    if not found:
        return _NOT_SAID
    return found[0] if len(found) == 1 and found[0] in ORIENTATIONS else None


def _tiff_orientation(tiff: bytes) -> int:
    """The orientation in the first directory of a TIFF structure."""
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return UPRIGHT

    def number(start: int, size: int) -> int:
        return int.from_bytes(tiff[start : start + size], order)  # type: ignore[arg-type]

    directory = number(4, 4)
    if directory + 2 > len(tiff):
        return UPRIGHT
    entries = min(number(directory, 2), (len(tiff) - directory - 2) // 12)
    for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
        if number(entry, 2) == _ORIENTATION_TAG:
            is_one_short = number(entry + 2, 2) == _SHORT and number(entry + 4, 4) == 1
            value = number(entry + 8, 2)
            return value if is_one_short and value in ORIENTATIONS else UPRIGHT
    return UPRIGHT
