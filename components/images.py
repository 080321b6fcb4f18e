"""How the bytes of a file become pixels: the one place, for ingestion, training and serving.

Photos of phones are stored as the sensor lay, with an orientation in their Exif. It is read and
applied here, in the graph, so that a JPEG need not be encoded anew, and that a client's own photo
is upright, too. `components.normalisation` takes care of everything else that TensorFlow would
decode to other pixels than people see.
"""

import functools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import tensorflow as tf

from components.normalisation.formats import image_format
from components.normalisation.orientation import HEADER_BYTES, MOST_SEGMENTS, UPRIGHT

DECODED_FORMATS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {1: ("JPEG", "PNG"), 3: ("JPEG", "PNG", "GIF", "BMP", "WebP")}
)
"""What `decode` takes, by channels: TensorFlow makes colors only of GIF, BMP and WebP."""
# Where they stand in a file, with what.
_HEADERS: Mapping[str, tuple[tuple[int, bytes], ...]] = MappingProxyType(
    {
        "JPEG": ((0, b"\xff\xd8\xff"),),
        "PNG": ((0, b"\x89PNG\r\n\x1a\n"),),
        "GIF": ((0, b"GIF8"),),
        "BMP": ((0, b"BM"),),
        "WebP": ((0, b"RIFF"), (8, b"WEBP")),
    }
)
# Red, green and blue, in 65,536ths; ITU-R BT.601.
_LUMA = (19_595, 38_470, 7_471)
# RGB, palette, RGB with alpha.
_PNG_COLOR_TYPE, _PNG_WITH_COLORS = 25, (b"\2", b"\3", b"\6")
_EXIF = tuple(b"Exif\0\0")
# Any bytes, this, any bytes.
_WITH_EXIF = r"(?s)\C*Exif\x00\x00\C*"
_SEGMENT_START = 4 + len(_EXIF)
_ORIENTATION_TAG = 0x0112
_ENTRY_BYTES = 12
_SHORT = 3


def decode(encoded: tf.Tensor, channels: int) -> tf.Tensor:
    """Decodes one image, a JPEG to upright pixels; of an animation, its first frame.

    Args:
        encoded: string scalar, a file of `DECODED_FORMATS`.
        channels: 1 for gray, 3 for RGB, 0 for as many as the file has.

    Returns:
        uint8 [height, width, channels], 0 to 255.

    Raises:
        tf.errors.InvalidArgumentError: The bytes are not such an image.
    """
    return _decoder(channels)(encoded)


def decodes(encoded: bytes, channels: int) -> bool:
    """Whether `decode` decodes a file.

    Of a JPEG it reads every code, but makes pixels of an eighth of the size: two thirds of the
    time.

    Args:
        encoded: A file.
        channels: 1 or 3.
    """
    try:
        # TensorFlow's own look costs more than to decode a small image.
        if image_format(encoded) == "jpeg":
            _decode_jpeg(encoded, channels, ratio=8)
        else:
            _decode_other(encoded, channels)
    except tf.errors.OpError:
        return False
    return True


def has_known_header(encoded: tf.Tensor, channels: int) -> tf.Tensor:
    """Whether files begin as those that `decode` takes; what follows may still be damaged.

    Args:
        encoded: string [batch], files.
        channels: 1 or 3.

    Returns:
        bool [batch].
    """
    # As long as the longest header also where a file is shorter.
    padded = tf.strings.join([encoded, tf.fill(tf.shape(encoded), "\0" * 12)])
    begins = [_begins(padded, *_HEADERS[name]) for name in DECODED_FORMATS[channels]]
    return tf.reduce_any(tf.stack(begins), axis=0)


def jpeg_orientation(encoded: tf.Tensor) -> tf.Tensor:
    """Reads the orientation in the Exif of a JPEG, in a graph.

    `components.normalisation.orientation.jpeg_orientation` says the rules, and finds the same.

    Args:
        encoded: string scalar, a JPEG file.

    Returns:
        int32 scalar, 1 to 8; 1 for anything that is not as it should be.
    """
    header = tf.io.decode_raw(tf.strings.substr(encoded, 0, HEADER_BYTES), tf.uint8)
    start, end = _find_exif(header)
    return tf.cond(
        start < end,
        lambda: _read_orientation(header[start:end]),
        lambda: tf.constant(UPRIGHT),
    )


def resize(pixels: tf.Tensor, height: int, width: int, method: str) -> tf.Tensor:
    """Resizes one image, smoothing before shrinking so that no detail turns into noise.

    Args:
        pixels: uint8 [any, any, channels].
        height: Pixels.
        width: Pixels.
        method: A name of `tf.image.ResizeMethod`, such as "bilinear" or "area".

    Returns:
        uint8 [height, width, channels].
    """
    resized = tf.image.resize(pixels, (height, width), method=method, antialias=True)
    return tf.saturate_cast(tf.round(resized), tf.uint8)


def serialize(pixels: tf.Tensor) -> tf.Tensor:
    """Packs one uint8 image into a string scalar, the way it leaves Transform.

    A fourth of float32's size, and no cost to unpack; the TFRecord's gzip does the compression.
    """
    return tf.io.serialize_tensor(pixels)


def deserialize(serialized: tf.Tensor, dimensions: tuple[int, int, int]) -> tf.Tensor:
    """Unpacks one image that `serialize` packed.

    Args:
        serialized: string scalar.
        dimensions: (height, width, channels).

    Returns:
        uint8 [height, width, channels], 0 to 255.
    """
    return tf.ensure_shape(tf.io.parse_tensor(serialized, tf.uint8), dimensions)


def first_line(error: tf.errors.OpError) -> str:
    """What TensorFlow says, without its stack and the names of the operations."""
    message = re.split(r"\n\s*\[\[", str(error.message))[0]
    lines = message.splitlines() or [type(error).__name__]
    # A loaded model puts its stack first, and what went wrong last.
    said = lines[-1] if lines[0] == "Graph execution error:" else lines[0]
    return re.sub(r"^\{\{.*?\}\} |\[Op:.*$", "", said).strip()[:200]


# Traced once for a process: it takes 0.3 seconds, and Transform traces what it is given nine times.
@functools.cache
def _decoder(channels: int) -> Callable[[tf.Tensor], tf.Tensor]:
    @tf.function(input_signature=[tf.TensorSpec([], tf.string, "encoded")], autograph=False)
    def decode_one(encoded: tf.Tensor) -> tf.Tensor:
        pixels = tf.cond(
            tf.io.is_jpeg(encoded),
            lambda: _decode_jpeg_upright(encoded, channels),
            lambda: _decode_gray(encoded) if channels == 1 else _decode_other(encoded, channels),
        )
        pixels.set_shape([None, None, channels or None])
        return pixels

    return decode_one


def _begins(encoded: tf.Tensor, *parts: tuple[int, bytes]) -> tf.Tensor:
    """Whether files, string [batch], have all these bytes at these places: bool [batch]."""
    found = [tf.strings.substr(encoded, place, len(part)) == part for place, part in parts]
    return tf.reduce_all(tf.stack(found), axis=0)


def _decode_jpeg_upright(encoded: tf.Tensor, channels: int) -> tf.Tensor:
    pixels = _decode_jpeg(encoded, channels)
    header = tf.strings.substr(encoded, 0, HEADER_BYTES)
    # To read the segments one by one takes longer than to decode a small image.
    return tf.cond(
        tf.strings.regex_full_match(header, _WITH_EXIF),
        lambda: _turn_upright(pixels, jpeg_orientation(encoded)),
        lambda: pixels,
    )


def _decode_jpeg(encoded: tf.Tensor, channels: int, ratio: int = 1) -> tf.Tensor:
    # TensorFlow's default is the coarser of libjpeg's transforms: up to 18 levels off on photos,
    # and no faster.
    return tf.io.decode_jpeg(encoded, channels, ratio=ratio, dct_method="INTEGER_ACCURATE")


def _decode_other(encoded: tf.Tensor, channels: int) -> tf.Tensor:
    pixels = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
    return tf.ensure_shape(pixels, [None, None, channels or None])


def _decode_gray(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a PNG to gray, uint8 [height, width, 1]; refuses what is none."""
    # Long enough for both looks at it.
    header = tf.strings.join([encoded, "\0" * 26])
    has_colors = tf.reduce_any(tf.strings.substr(header, _PNG_COLOR_TYPE, 1) == _PNG_WITH_COLORS)
    return tf.cond(
        _begins(header, *_HEADERS["PNG"]) & has_colors,
        lambda: _luma(_decode_other(encoded, 3)),
        lambda: _decode_other(encoded, 1),
    )


def _luma(pixels: tf.Tensor) -> tf.Tensor:
    """Gray of RGB as Pillow makes it: uint8 [height, width, 3] -> uint8 [height, width, 1].

    libpng's own takes gamma and primaries that stand in a file into account, up to 71 levels, and
    rounds otherwise.
    """
    weighted = tf.reduce_sum(tf.cast(pixels, tf.int32) * _LUMA, axis=-1, keepdims=True)
    return tf.cast(tf.bitwise.right_shift(weighted + 0x8000, 16), tf.uint8)


def _turn_upright(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Undoes an orientation, 1 to 8, of pixels [height, width, channels]."""

    def turn() -> tf.Tensor:
        turned = tf.cond(orientation > 4, lambda: tf.transpose(pixels, [1, 0, 2]), lambda: pixels)
        # Counted from 0, each four orientations are: nothing, left-right, both, top-bottom.
        mirrors = (orientation - 1) % 4
        is_mirrored = tf.stack([mirrors >= 2, (mirrors == 1) | (mirrors == 2)])
        return tf.reverse(turned, tf.boolean_mask([0, 1], is_mirrored))

    return tf.cond(orientation == UPRIGHT, lambda: pixels, turn)


def _find_exif(header: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Start and end of the TIFF structure in the first Exif segment; equal if there is none.

    Args:
        header: uint8 [bytes], a JPEG's beginning.

    Returns:
        Two int32 scalars.
    """
    size = tf.size(header)

    def is_searching(position: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
        return position >= 0

    def step(position: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> list[tf.Tensor]:
        window = _bytes_at(header, position, _SEGMENT_START)
        marker, length = window[1], window[2] * 256 + window[3]
        is_fill = marker == 0xFF
        is_segment = (length >= 2) & (((marker >= 0xE0) & (marker < 0xF0)) | (marker == 0xFE))
        goes_on = (window[0] == 0xFF) & (is_fill | is_segment) & (position + 4 <= size)
        after = tf.minimum(position + 2 + length, size)
        is_exif = goes_on & (marker == 0xE1) & tf.reduce_all(window[4:] == _EXIF)
        is_exif &= length >= _SEGMENT_START - 2
        following = tf.where(is_fill, position + 1, position + 2 + length)
        return [
            tf.where(goes_on & ~is_exif, following, -1),
            tf.where(is_exif, tf.minimum(position + _SEGMENT_START, after), start),
            tf.where(is_exif, after, end),
        ]

    nothing = tf.constant(0)
    _, start, end = tf.while_loop(
        is_searching, step, [tf.constant(2), nothing, nothing], maximum_iterations=MOST_SEGMENTS
    )
    return start, end


def _read_orientation(tiff: tf.Tensor) -> tf.Tensor:
    """The first directory of a TIFF structure, uint8 [bytes] -> its orientation, int32, 1 to 8."""
    size = tf.size(tiff)
    head = _bytes_at(tiff, 0, 8)
    is_little = tf.reduce_all(head[:4] == tuple(b"II*\0"))
    is_big = tf.reduce_all(head[:4] == tuple(b"MM\0*"))
    offset = _number(_ordered(head[4:8], is_big))
    is_valid = (is_little | is_big) & (size >= 8) & (offset >= 0) & (offset <= size - 2)
    directory = tf.where(is_valid, offset, 0)
    claimed = _number(_ordered(_bytes_at(tiff, directory, 2), is_big))
    entries = tf.minimum(claimed, (size - directory - 2) // _ENTRY_BYTES)
    entries = tf.where(is_valid, tf.maximum(entries, 0), 0)
    first = directory + 2
    table = tf.reshape(tiff[first : first + entries * _ENTRY_BYTES], [-1, _ENTRY_BYTES])
    # An entry of zeros at the end, so that there always is one.
    table = tf.pad(tf.cast(table, tf.int32), [[0, 1], [0, 0]])
    tags = _number(_ordered(table[:, :2], is_big))
    is_orientation = tf.cast(tags == _ORIENTATION_TAG, tf.int32)
    entry = table[tf.argmax(is_orientation, output_type=tf.int32)]
    return _orientation_of_entry(entry, is_big)


def _orientation_of_entry(entry: tf.Tensor, is_big: tf.Tensor) -> tf.Tensor:
    """The value of one entry of a directory, int32 [12], if it is an orientation; else 1."""
    tag, kind, value = (_number(_ordered(entry[start : start + 2], is_big)) for start in (0, 2, 8))
    is_one_short = (kind == _SHORT) & (_number(_ordered(entry[4:8], is_big)) == 1)
    is_known = (tag == _ORIENTATION_TAG) & is_one_short & (value >= 1) & (value <= 8)
    return tf.where(is_known, value, UPRIGHT)


def _bytes_at(data: tf.Tensor, position: tf.Tensor, count: int) -> tf.Tensor:
    """Bytes as int32 [count]; zeros behind the end."""
    found = tf.cast(data[position : position + count], tf.int32)
    return tf.reshape(tf.pad(found, [[0, count - tf.size(found)]]), [count])


def _ordered(data: tf.Tensor, is_big: tf.Tensor) -> tf.Tensor:
    """Bytes, int32 [..., count], with the highest first."""
    return tf.where(is_big, data, data[..., ::-1])


def _number(data: tf.Tensor) -> tf.Tensor:
    """int32 [..., count] of bytes, highest first -> int32 [...], negative from 2**31 on."""
    count = data.shape[-1]
    return tf.reduce_sum(tf.bitwise.left_shift(data, [*range(8 * (count - 1), -1, -8)]), axis=-1)
