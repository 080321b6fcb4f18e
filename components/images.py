"""How the bytes of a file become pixels: the one place, for ingestion, training and serving.

Photos of phones are stored as the sensor lay, with an orientation in their Exif. It is read and
applied here, in the graph, so that a JPEG need not be encoded anew, and that a client's own photo
is upright, too. `components.normalization` takes care of everything else that TensorFlow would
decode to other pixels than people see.
"""

import functools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import tensorflow as tf

from components.image_headers import (
    NO_PROBLEM,
    Header,
    contains,
    jpeg_orientation,
    plain_header,
    read_bmp,
    read_gif,
    read_jpeg,
    read_png,
    read_webp,
)
from components.normalization.formats import image_format, may_have_metadata
from components.normalization.normalization_rules import REJECT, ImageRules
from components.normalization.orientation import HEADER_BYTES, UPRIGHT

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


class Original(NamedTuple):
    """A file as it was sent, made ready for `decode`.

    Attributes:
        encoded: What `decode` turns into the pixels that `components.normalization` makes of the
            file; string scalar.
        problem: What it is, such as "a transparent GIF", if nothing is; empty else. string scalar.
    """

    encoded: tf.Tensor
    problem: tf.Tensor


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


def decodes_alike(encoded: bytes, channels: int) -> bool:
    """Whether `decode` decodes a file, and `read_original` leaves it as it is.

    Then it may be trained on as it is: a client that sends the same file gets the same pixels.

    Args:
        encoded: A file.
        channels: 1 or 3.
    """
    return decodes(encoded, channels) and is_plain(encoded, channels)


def is_plain(encoded: bytes, channels: int) -> bool:
    """Whether `read_original` leaves a file as it is that `components.normalization` does.

    Args:
        encoded: A file that `decodes`.
        channels: 1 or 3.
    """
    # The graph takes a fraction of a millisecond, and most files have no metadata.
    return not may_have_metadata(encoded) or bool(_is_plain(channels)(encoded))


def read_original(encoded: tf.Tensor, rules: ImageRules) -> Original:
    """Does in a graph what `components.normalization` does, as far as TensorFlow can.

    A client's file is seen by nobody before. TensorFlow makes black of what is transparent, and
    turns nothing upright; so PNGs are laid on the background, PNGs and WebPs are turned, and what
    cannot be decoded to the right pixels is named.

    Args:
        encoded: string scalar, any bytes.
        rules: Those of the model.

    Raises:
        tf.errors.InvalidArgumentError: When the graph runs: the file is damaged.
    """
    header = _read_header(encoded, rules)
    standard = tf.case(
        [
            (header.problem != NO_PROBLEM, lambda: tf.io.encode_png(tf.zeros([1, 1, 1], tf.uint8))),
            (
                _needs_work(header),
                lambda: _transcode(encoded, header, rules),
            ),
        ],
        default=lambda: tf.identity(encoded),
    )
    return Original(standard, header.problem)


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


@functools.cache
def _is_plain(channels: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Whether `read_original` leaves a file as it is, but for animations."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, "encoded")], autograph=False)
    def is_plain(encoded: tf.Tensor) -> tf.Tensor:
        header = _read_header(encoded, ImageRules(channels))
        return (header.problem == NO_PROBLEM) & ~_needs_work(header)

    return is_plain


def _read_header(encoded: tf.Tensor, rules: ImageRules) -> Header:
    rejects = rules.animations == REJECT
    readers: Mapping[str, Callable[[], Header]] = {
        "JPEG": lambda: read_jpeg(encoded, rules.channels),
        "PNG": lambda: read_png(encoded, rejects),
        "GIF": lambda: read_gif(encoded, rejects),
        "BMP": lambda: read_bmp(encoded),
        "WebP": lambda: read_webp(encoded),
    }
    names = DECODED_FORMATS[rules.channels]
    unknown = plain_header(f"something other than {', '.join(names)}")
    begins = [_is_of_format(encoded, name) for name in names]
    which = tf.argmax(tf.cast(tf.stack([*begins, True]), tf.int32), output_type=tf.int32)
    branches = [*(readers[name] for name in names), lambda: unknown]
    return Header(*tf.switch_case(which, branches))


def _needs_work(header: Header) -> tf.Tensor:
    return header.is_transparent | (header.orientation != UPRIGHT)


def _is_of_format(encoded: tf.Tensor, name: str) -> tf.Tensor:
    padded = tf.strings.join([encoded, "\0" * 12])
    return _begins(padded[tf.newaxis], *_HEADERS[name])[0]


def _transcode(encoded: tf.Tensor, header: Header, rules: ImageRules) -> tf.Tensor:
    """A PNG in RGB of the pixels that people see, as `components.normalization` makes it."""
    pixels = tf.cond(
        _is_of_format(encoded, "PNG"),
        lambda: _on_background(tf.io.decode_png(encoded, channels=4), rules.background),
        lambda: tf.cast(_decode_other(encoded, 3), tf.int32),
    )
    upright = _turn_upright(tf.cast(pixels, tf.uint8), header.orientation)
    # It is decoded at once, and lies nowhere.
    return tf.io.encode_png(upright, compression=0)


def _on_background(pixels: tf.Tensor, background: str) -> tf.Tensor:
    """Blends RGBA, uint8 [height, width, 4], as Pillow rounds -> int32 [height, width, 3]."""
    pixels = tf.cast(pixels, tf.int32)
    color, alpha = pixels[..., :3], pixels[..., 3:]
    behind = list(bytes.fromhex(background[1:]))
    blended = color * alpha + behind * (255 - alpha) + 128
    return tf.bitwise.right_shift(tf.bitwise.right_shift(blended, 8) + blended, 8)


def _begins(encoded: tf.Tensor, *parts: tuple[int, bytes]) -> tf.Tensor:
    """Whether files, string [batch], have all these bytes at these places: bool [batch]."""
    found = [tf.strings.substr(encoded, place, len(part)) == part for place, part in parts]
    return tf.reduce_all(tf.stack(found), axis=0)


def _decode_jpeg_upright(encoded: tf.Tensor, channels: int) -> tf.Tensor:
    pixels = _decode_jpeg(encoded, channels)
    header = tf.strings.substr(encoded, 0, HEADER_BYTES)
    # To read the segments one by one takes longer than to decode a small image.
    return tf.cond(
        contains(header, r"Exif\x00\x00"),
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
