"""TIFF: which of a file's images is the picture, and samples of which Pillow makes other pixels.

The rules are those of TIFF 6.0; Supplement 1 of it for SubIFDs; the DNG specification, 1.7.1, for
what a camera's raw data are marked with.
"""

import io
from typing import Any

from PIL import ImagePalette
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from components.normalization.jpeg import check_jpeg

_SUBFILE_KIND, _OLD_SUBFILE_KIND = 254, 255
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_PLANES, _COLORMAP, _SUB_DIRECTORIES, _SAMPLE_FORMAT, _DNG_VERSION = 284, 320, 330, 339, 50_706

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _YCBCR = 0, 1, 6
# A color filter array, and what was made of one in full color.
_RAW = (32_803, 34_892)
_UNSIGNED, _SIGNED = (1,), (2,)
_DEFLATE, _JPEG = 8, 7
_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES, _JPEG_TABLES = 273, 279, 324, 325, 347
_JPEG_END = b"\xff\xd9"
_REDUCED_OR_MASK = 0b101
_OLD_REDUCED = 2
# Canon's and Phase One's mark behind the header.
_RAW_MARKS = (b"CR", b"IIII")
_BIG_HEADERS = (b"II+\0", b"MM\0+")
# Real files have fewer than ten of both kinds; more are not worth the time.
_MOST_DIRECTORIES = 64
# libtiff hands on the machine's order of bytes, whatever the file's is.
_IN_NATIVE_ORDER = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF"}


class CameraRawError(Exception):
    """A camera's raw file: thumbnails, and beside them the picture as the sensor saw it."""


class TiffPicture(TiffImageFile):
    """An opened TIFF.

    Attributes:
        is_inverted: White is the smallest value, which Pillow leaves as it is.
        is_unsigned: Integers of 32 bits that Pillow takes to be signed.
        significant_bits: Of gray of more than 8 bits; of signed values, the positive ones'.
    """

    is_inverted = False
    is_unsigned = False
    significant_bits = 16

    def __init__(self, stream: io.BytesIO):
        self.encoded = stream.getvalue()
        super().__init__(stream)

    def _setup(self) -> None:
        """Lays out the decoding of one of the images; Pillow calls it for each."""
        tags = self.tag_v2
        bits, format = tags.get(_BITS, (1,)), tags.get(_SAMPLE_FORMAT, _UNSIGNED)
        photometric = tags.get(_PHOTOMETRIC, _WHITE_IS_ZERO)
        if photometric in _RAW:
            raise CameraRawError
        is_gray = photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) and len(bits) == 1
        if is_gray and bits == (8,) and format == _SIGNED:
            raise OSError("signed samples of 8 bits are not supported")
        self.is_inverted = is_gray and photometric == _WHITE_IS_ZERO and bits[0] > 8
        self.is_unsigned = is_gray and bits == (32,) and format == _UNSIGNED
        self.significant_bits = min(bits[0], 16) - (format == _SIGNED)
        if self.is_inverted:
            tags[_PHOTOMETRIC] = _BLACK_IS_ZERO
        if self.is_unsigned:
            tags[_SAMPLE_FORMAT] = _SIGNED
        if tags.get(_COMPRESSION, 1) == 1 and (tags.get(_PLANES) == 2 or photometric == _YCBCR):
            # Pillow's own reader takes both for what they are not; for anything compressed it has
            # libtiff's, which finds out the compression by itself.
            tags[_COMPRESSION] = _DEFLATE
        super()._setup()
        self._mend()

    def load(self) -> Any:
        """Decodes it.

        Raises:
            DamagedJpegError: It is compressed as JPEG, and some of its pixels are not in the file.
        """
        if self.tile and self.tag_v2.get(_COMPRESSION) == _JPEG:
            self._check_parts()
        return super().load()

    def _check_parts(self) -> None:
        """Of libtiff's complaints about the JPEG of a strip or tile, Pillow hears none."""
        tags = self.tag_v2
        tables = tags.get(_JPEG_TABLES, b"")
        places = tags.get(_STRIPS, tags.get(_TILES, ()))
        sizes = tags.get(_STRIP_SIZES, tags.get(_TILE_SIZES, ()))
        for start, size in zip(places, sizes, strict=False):
            part = self.encoded[start : start + size]
            # Without the marks of an end and a beginning between them.
            check_jpeg((tables[:-2] + part[2:] if tables else part) + _JPEG_END)

    def _mend(self) -> None:
        if self.use_load_libtiff:
            self.tile = [
                tile._replace(args=tuple(_IN_NATIVE_ORDER.get(arg, arg) for arg in tile.args or ()))
                for tile in self.tile
            ]
        colors = self.tag_v2.get(_COLORMAP, ())
        if self.mode in ("P", "PA") and max(colors) < 256:
            # Of 8 bits in place of 16, as some programs write them; libtiff takes them so, too.
            self.palette = ImagePalette.raw("RGB;L", bytes(colors))


def open_tiff(stream: io.BytesIO) -> TiffPicture:
    """Opens the first image of a file that is neither a thumbnail nor a mask.

    Raises:
        CameraRawError: The picture is not among the images that can be read.
        Exception: It is no TIFF that Pillow reads.
    """
    if stream.getvalue()[8:12].startswith(_RAW_MARKS):
        raise CameraRawError
    image = TiffPicture(stream)
    if _DNG_VERSION in image.tag_v2:
        raise CameraRawError
    for number in range(_MOST_DIRECTORIES):
        try:
            image.seek(number)
        except EOFError:
            break
        if _has_more_below(image, stream):
            break
        if _is_picture(image.tag_v2):
            return image
    raise CameraRawError


def _is_picture(tags: ImageFileDirectory_v2) -> bool:
    is_other = tags.get(_SUBFILE_KIND, 0) & _REDUCED_OR_MASK
    return not is_other and tags.get(_OLD_SUBFILE_KIND) != _OLD_REDUCED


def _has_more_below(image: TiffPicture, stream: io.BytesIO) -> bool:
    """Whether an image has others below it of which one is raw, or larger: the picture itself."""
    offsets = image.tag_v2.get(_SUB_DIRECTORIES, ())
    return any(
        tags.get(_PHOTOMETRIC) in _RAW or _pixels(tags) > _pixels(image.tag_v2)
        for tags in (_read_directory(stream, offset) for offset in offsets[:_MOST_DIRECTORIES])
    )


def _pixels(tags: ImageFileDirectory_v2) -> int:
    return int(tags.get(_WIDTH, 0)) * int(tags.get(_HEIGHT, 0))


def _read_directory(stream: io.BytesIO, offset: int) -> ImageFileDirectory_v2:
    encoded = stream.getvalue()
    tags = ImageFileDirectory_v2(encoded[: 16 if encoded.startswith(_BIG_HEADERS) else 8])
    stream.seek(offset)
    tags.load(stream)
    return tags
