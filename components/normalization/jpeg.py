"""A JPEG -> pixels, unless its coded data end before the picture does.

libjpeg makes gray of what is missing and only warns. Pillow and TensorFlow do not hand the warning
on; libjpeg-turbo's own interface does, and takes less time for the same pixels.
"""

import functools
import io
import re

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

Pixels = npt.NDArray[np.uint8]

_COLORS_OF_MODE = {"L": "GRAY", "RGB": "RGB"}
# What the picture is not, rather than what stands around it; libjpeg-turbo, jerror.h.
_DAMAGE = re.compile("premature end of data segment|bad Huffman code|instead of RST|bad arithmetic")
# All codes of all scans were read by then.
_BEHIND_THE_CODES = "extraneous bytes before marker 0xd9"
_ARITHMETIC_FRAME = re.compile(rb"\xff[\xc9\xca]\0.\x08", re.DOTALL)
_MARKER = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
_SCAN, _END = 0xDA, b"\xff\xd9"
# First what an arithmetic coder leaves out.
_MORE_DATA = bytes(64) + b"\x55" * 4096


class DamagedJpegError(ValueError):
    """Pixels are missing or garbled, and a decoder would not say so."""


class JpegPicture(JpegImageFile):
    """A JPEG that Pillow opened, with the file itself.

    Not by Pillow's factory: several images in one file (MPO, of phones) are not an animation.
    """

    def __init__(self, stream: io.BytesIO):
        super().__init__(stream)
        self.encoded = stream.getvalue()


def decode_jpeg(image: JpegPicture) -> Image.Image:
    """Decodes a JPEG.

    Args:
        image: Not decoded yet; of its own mode and size, or those that `draft` gave it.

    Returns:
        Mode and size of the image; perhaps the image itself, decoded.

    Raises:
        DamagedJpegError: Some of its pixels are not in the file.
        Exception: Pillow cannot decode it.
    """
    colors = _COLORS_OF_MODE.get(image.mode)
    pixels = None if colors is None else _decode_strictly(image.encoded, colors, image.size)
    if pixels is not None and pixels.shape[1::-1] == image.size:
        return Image.fromarray(pixels.squeeze(-1) if image.mode == "L" else pixels)
    check_jpeg(image.encoded)
    image.load()
    return image


def check_jpeg(encoded: bytes) -> None:
    """Reads all codes of a JPEG, but makes pixels of an eighth of the size only.

    Raises:
        DamagedJpegError: Some of its pixels are not in the file.
    """
    if _decode_strictly(encoded, "GRAY", (1, 1)) is None and _is_cut_short(encoded):
        raise DamagedJpegError("its coded data end before the picture does")


def _decode_strictly(encoded: bytes, colors: str, size: tuple[int, int]) -> Pixels | None:
    """Pixels of at least a size, as small as libjpeg makes them; None where they prove nothing."""
    if _ARITHMETIC_FRAME.search(encoded):
        # Such data may end early: zeros at the end are left out.
        return None
    try:
        return _decode(encoded, colors, size, strict=True)
    except ValueError as error:
        said = str(error)
    # It ends at the first warning, so that after a harmless one the rest is not known.
    if found := _DAMAGE.search(said):
        raise DamagedJpegError(f"its coded data are damaged: {found[0]}")
    if _BEHIND_THE_CODES in said:
        return _decode(encoded, colors, size)
    head, start = _read_head(encoded)
    tidy = head + encoded[start:]
    return None if tidy == encoded else _decode_strictly(tidy, colors, size)


def _read_head(encoded: bytes) -> tuple[bytes, int]:
    """The segments before the coded data, without what stands between; and where these begin."""
    segments, position = [encoded[:2]], 2
    while found := _MARKER.search(encoded, position):
        start = found.start()
        position = start + 2 + int.from_bytes(encoded[start + 2 : start + 4], "big")
        segments.append(encoded[start:position])
        if encoded[start + 1] == _SCAN:
            break
    return b"".join(segments), position


def _is_cut_short(encoded: bytes) -> bool:
    """Whether more data before the marker of the end would become pixels."""
    head, start = _read_head(encoded)
    codes, end, others = encoded[start:].partition(_END)
    if not end:
        # Pillow and TensorFlow see for themselves that data run out.
        return False
    decode = functools.partial(_decode, colors="GRAY", size=(1, 1))
    try:
        found = decode(head + codes + end + others)
        longer = decode(head + codes + _MORE_DATA + end + others)
    except ValueError:
        # Not for this decoder; whether for Pillow, it says itself.
        return False
    return not np.array_equal(found, longer)


def _decode(encoded: bytes, colors: str, size: tuple[int, int], strict: bool = False) -> Pixels:
    width, height = size
    decoded: Pixels = simplejpeg.decode_jpeg(
        encoded, colors, min_height=height, min_width=width, min_factor=1, strict=strict
    )
    return decoded
