"""The boxes that AVIF and HEIC files consist of (ISO/IEC 14496-12, 4.2)."""

_HEADER = 8
_LARGE = 1
# Real files have less than ten; more are not worth the time.
_MOST_BOXES = 1000
# Phones append what is no box; its first bytes are not to be taken for a size.
_KINDS = (b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"idat", b"uuid")


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
        if position + _HEADER > len(encoded):
            break
        size = int.from_bytes(encoded[position : position + 4], "big")
        if size == _LARGE:
            size = int.from_bytes(encoded[position + _HEADER : position + 16], "big")
        if size < _HEADER or encoded[position + 4 : position + _HEADER] not in _KINDS:
            # To the end of the file, or no box at all.
            return 0
        position += size
    return max(0, position - len(encoded))
