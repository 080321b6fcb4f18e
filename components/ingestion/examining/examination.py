"""One file's bytes -> what is known of the image in it, or the reason why there is none.

Everything that decides about an image is measured here, once, so that its pixels need not be
decoded again before they are trained on. TensorFlow is not needed for it.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

# Not used here: imagehash loads it when it is first called, which each worker would do on its own.
import scipy.fftpack  # noqa: F401
from PIL import Image

from components.ingestion.data_folder import ImageFile, Rejection
from components.ingestion.examining.jpeg_structure import jpeg_structure
from components.ingestion.examining.perceptual_hash import perceptual_signatures
from components.ingestion.examining.png_structure import png_structure
from components.ingestion.examining.quality import Quality, measure
from components.normalization.formats import image_format, may_have_metadata
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import needs_transcoding
from components.normalization.opening import UnusableImageError, decode_upright, open_image
from components.normalization.orientation import stored_orientation
from components.storage import read_file

GRAY_SIDE = 128
"""Pixels a side at which brightness, sharpness and likeness are measured: about what a model sees,
and a JPEG is decoded to it in a third of the time."""

Content = bytes | Rejection | None
Place = tuple[str, str, str | None]
"""The fields of an `ImageFile`: a tuple is pickled in a tenth of the time."""

_CHANNELS_OF_MODE = {"1": 1, "L": 1, "F": 1, "LA": 2, "La": 2, "PA": 4, "RGBA": 4, "RGBa": 4}
ON_ITS_SIDE = 5
"""The first of the orientations of Exif, 1 to 8, that exchange width and height."""


class Examination(NamedTuple):
    """What is known of one image.

    A tuple, since it is pickled a dozen times on its way through Beam: a frozen dataclass takes as
    long for that as it takes to decode a small image.

    Attributes:
        filename: Path below the data folder, "/" between its parts.
        class_text: Name of the class folder.
        given_split: The split its owner put it in; None in a flat folder.
        sha256: Hexadecimal digest of the file.
        size: Bytes of the file.
        format: By content: "jpeg", "png" and so on.
        height: Pixels, upright.
        width: Pixels, upright.
        channels: 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha, as stored.
        treatment: Why it has to be transcoded; empty if it can stay as it is.
        brightness: Mean of gray, 0 to 1.
        contrast: Standard deviation of gray, 0 to 0.5.
        sharpness: Variance of the Laplacian of gray in 0 to 255, from 0.
        entropy: Bits of the histogram of gray, 0 to 8.
        signature: What near-duplicates are found by; empty if there is too little to see.
        structure: Digest of the structure of a JPEG or PNG: TensorFlow decodes all files that
            share it, or none; empty if that cannot be told.
        has_metadata: Whether it may say how its pixels are meant, which `structure` leaves out.
    """

    filename: str
    class_text: str
    given_split: str | None
    sha256: str
    size: int
    format: str
    height: int
    width: int
    channels: int
    treatment: str
    brightness: float
    contrast: float
    sharpness: float
    entropy: float
    signature: bytes
    structure: bytes = b""
    has_metadata: bool = False

    def without_signature(self) -> "Examination":
        """The same, but half as large."""
        return self._replace(signature=b"")


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """An image of which all is known but what has to be measured.

    Attributes:
        known: Values of an `Examination`, by name.
        gray: Mode L, `GRAY_SIDE` pixels in both directions.
    """

    known: Mapping[str, Any]
    gray: Image.Image


def examine_file(
    root: str, rules: ImageRules, item: tuple[Place, Content]
) -> Examination | Rejection:
    """Examines one file; arguments as of `look_at_file`."""
    [outcome] = finish([look_at_file(root, rules, item)])
    return outcome


def look_at_file(root: str, rules: ImageRules, item: tuple[Place, Content]) -> Look | Rejection:
    """Reads and decodes one file: the first half of its examination.

    For many files, it is faster to look at some dozens and then to finish these together: most of
    what is measured takes no longer for several images than for one, and a processor's cache has no
    room for the decoder and for what measures.

    Args:
        root: The data folder.
        rules: What is accepted and what becomes of it.
        item: The file, and its content if that was read already.
    """
    place, content = item
    file = ImageFile(*place)
    encoded = read_or_reject(root, file, rules) if content is None else content
    if isinstance(encoded, Rejection):
        return encoded
    try:
        return _look(file, encoded, rules)
    except UnusableImageError as error:
        return Rejection(file.filename, file.class_text, error.reason, error.detail)


def finish(looks: Sequence[Look | Rejection]) -> list[Examination | Rejection]:
    """Measures images: the second half of their examination, in their order."""
    grays = [look.gray for look in looks if isinstance(look, Look)]
    measured = zip(measure(grays), perceptual_signatures(grays), strict=True)
    return [
        look if isinstance(look, Rejection) else _examination(look, *next(measured))
        for look in looks
    ]


def _examination(look: Look, quality: Quality, signature: bytes) -> Examination:
    return Examination(
        **look.known,
        brightness=quality.brightness,
        contrast=quality.contrast,
        sharpness=quality.sharpness,
        entropy=quality.entropy,
        signature=signature,
    )


def read_or_reject(root: str, file: ImageFile, rules: ImageRules) -> bytes | Rejection:
    """Reads a file that may be forbidden, too large, or not there any more."""
    try:
        return read_file(root, file.filename, rules.max_bytes)
    except OSError as error:
        detail = str(error.strerror)
    except Exception as error:
        # TensorFlow's errors, which must not be imported for a local folder.
        detail = str(error).partition("\n")[0]
    return Rejection(file.filename, file.class_text, "unreadable", detail)


def _look(file: ImageFile, encoded: bytes, rules: ImageRules) -> Look:
    image = open_image(encoded, rules)
    treatment = needs_transcoding(image, encoded, rules)
    channels = _stored_channels(image)
    size = image.size
    gray = _small_gray(image, rules)
    # A PNG may say how it is rotated behind its pixels.
    width, height = size if stored_orientation(image) < ON_ITS_SIDE else reversed(size)
    known = {
        "filename": file.filename,
        "class_text": file.class_text,
        "given_split": file.given_split,
        "sha256": hashlib.sha256(encoded).hexdigest(),
        "size": len(encoded),
        "format": str(image_format(encoded)),
        "height": height,
        "width": width,
        "channels": channels,
        "treatment": treatment,
        "structure": _digest(jpeg_structure(encoded) or png_structure(encoded)),
        "has_metadata": may_have_metadata(encoded),
    }
    return Look(known, gray)


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
