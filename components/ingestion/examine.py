"""One file's bytes -> what is known of the image in it, or the reason why there is none.

Everything that decides about an image is measured here, once, so that its pixels need not be
decoded again before they are trained on. It is what workers do: TensorFlow and Beam are not needed.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Sequence

# Not used here: imagehash loads it when it is first called, which each worker would do on its own.
import scipy.fftpack  # noqa: F401
from PIL import Image

from components.ingestion.decodability import jpeg_structure, png_structure
from components.ingestion.image_record import ImageRecord, Rejection
from components.ingestion.perceptual_hash import perceptual_signatures
from components.ingestion.quality import Quality, measure
from components.normalization.formats import image_format, may_have_metadata
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import needs_transcoding
from components.normalization.opening import UnusableImageError, decode_upright, open_image
from components.normalization.orientation import is_plain_jpeg, stored_orientation
from components.storage import read_file

GRAY_SIDE = 128
"""Pixels a side at which brightness, sharpness and likeness are measured: about what a model sees,
and a JPEG is decoded to it in a third of the time."""
CHANGED = "changed while it was read"

Content = bytes | Rejection | None
Item = tuple[str, ImageRecord, Content]
"""The folder of a file, what is known of it, and its content if that was read already."""
Look = tuple[ImageRecord, Image.Image]
"""An image of which all is known but what has to be measured, and its gray, mode L, `GRAY_SIDE`
pixels in both directions."""

_CHANNELS_OF_MODE = {"1": 1, "L": 1, "F": 1, "LA": 2, "La": 2, "PA": 4, "RGBA": 4, "RGBa": 4}
ON_ITS_SIDE = 5
"""The first of the orientations of Exif, 1 to 8, that exchange width and height."""


def look_at_file(rules: ImageRules, item: Item) -> Look | Rejection:
    """Reads and decodes one file: the first half of its examination.

    For many files, it is faster to look at some dozens and then to finish these together: most of
    what is measured takes no longer for several images than for one, and a processor's cache has no
    room for the decoder and for what measures.

    Args:
        rules: What is accepted and what becomes of it.
        item: The file.
    """
    encoded = read_item(rules, item)
    if isinstance(encoded, Rejection):
        return encoded
    _, image, _ = item
    try:
        return _look(image, encoded, rules)
    except UnusableImageError as error:
        return image.rejected(error.reason, error.detail)


def finish(looks: Sequence[Look | Rejection]) -> list[ImageRecord | Rejection]:
    """Measures images: the second half of their examination, in their order."""
    grays = [look[1] for look in looks if not isinstance(look, Rejection)]
    measured = zip(measure(grays), perceptual_signatures(grays), strict=True)
    return [
        look if isinstance(look, Rejection) else _finish(look, *next(measured)) for look in looks
    ]


def _finish(look: Look, quality: Quality, signature: bytes) -> ImageRecord:
    return look[0]._replace(**quality._asdict(), signature=signature)


def read_item(rules: ImageRules, item: Item) -> bytes | Rejection:
    """The content of a file, read unless it was before."""
    folder, image, content = item
    return read_image(folder, rules, image) if content is None else content


def read_image(folder: str, rules: ImageRules, image: ImageRecord) -> bytes | Rejection:
    """Reads a file that may be forbidden, too large, not there any more, or another one by now.

    Args:
        folder: Below which it is.
        rules: What is accepted.
        image: What is known of it; with its digest, other bytes are rejected.
    """
    try:
        found = read_file(folder, image.filename, rules.max_bytes)
    except OSError as error:
        return image.rejected("unreadable", str(error.strerror))
    except Exception as error:
        # TensorFlow's errors, which must not be imported for a local folder.
        return image.rejected("unreadable", str(error).partition("\n")[0])
    if image.sha256 and hashlib.sha256(found).hexdigest() != image.sha256:
        return image.rejected(CHANGED, "run again")
    return found


def digest_pixels(rules: ImageRules, item: Item) -> str:
    """Digest of what a model would see of a file, to know images that are stored otherwise.

    Returns:
        Hexadecimal SHA-256 of size and pixels; empty if they cannot be had.
    """
    encoded = read_item(rules, item)
    if isinstance(encoded, Rejection):
        return ""
    try:
        pixels = decode_upright(open_image(encoded, rules), rules)
    except UnusableImageError:
        return ""
    return hashlib.sha256(f"{pixels.size}".encode() + pixels.tobytes()).hexdigest()


def _look(image: ImageRecord, encoded: bytes, rules: ImageRules) -> Look:
    opened = open_image(encoded, rules)
    treatment = needs_transcoding(opened, encoded, rules)
    channels = _stored_channels(opened)
    size = opened.size
    gray = _small_gray(opened, rules)
    # A PNG may say how it is rotated behind its pixels.
    width, height = size if stored_orientation(opened) < ON_ITS_SIDE else reversed(size)
    known = image._replace(
        sha256=hashlib.sha256(encoded).hexdigest(),
        size=len(encoded),
        format=str(image_format(encoded)),
        height=height,
        width=width,
        channels=channels,
        treatment=treatment,
        structure=_digest(jpeg_structure(encoded) or png_structure(encoded)),
        has_metadata=may_have_metadata(encoded) and not is_plain_jpeg(encoded),
    )
    return known, gray


def _digest(structure: bytes | None) -> bytes:
    return b"" if structure is None else hashlib.blake2b(structure, digest_size=16).digest()


def _small_gray(image: Image.Image, rules: ImageRules) -> Image.Image:
    # Of no effect but on a JPEG, which is then decoded at 1/2, 1/4 or 1/8, in gray.
    image.draft("L", (GRAY_SIDE, GRAY_SIDE))
    upright = decode_upright(image, _in_gray(rules))
    return upright.resize((GRAY_SIDE, GRAY_SIDE), Image.Resampling.BOX)


@functools.cache
def _in_gray(rules: ImageRules) -> ImageRules:
    return dataclasses.replace(rules, channels=1)


def _stored_channels(image: Image.Image) -> int:
    if image.mode.startswith("I"):
        return 1
    channels = _CHANNELS_OF_MODE.get(image.mode, 3)
    return channels + 1 if channels in (1, 3) and "transparency" in image.info else channels
