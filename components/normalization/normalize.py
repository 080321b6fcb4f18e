"""What TensorFlow decodes as it is, byte for byte; a PNG of everything else."""

import dataclasses
import io
from collections.abc import Callable

from PIL import Image

from components.features import AS_FOUND
from components.normalization.formats import image_format
from components.normalization.jpeg import JpegPicture, check_jpeg
from components.normalization.normalization_rules import ImageRules
from components.normalization.opening import (
    UnusableImageError,
    decode_upright,
    open_image,
    refusals,
)
from components.normalization.orientation import (
    UPRIGHT,
    jpeg_orientation,
    png_may_be_rotated,
    stored_orientation,
)
from components.normalization.pixels import has_partial_frame

TRANSCODED = "transcoded to png: "
UNSUPPORTED_SHAPE = "unsupported shape"

_REFUSED_BY_TENSORFLOW = "TensorFlow does not decode it alike"
_ANIMATION = "animation"
_ROTATED = "rotated"
_TRANSPARENT = "transparent"
# Decoded to gray, too; of GIF, BMP and WebP, TensorFlow makes colors only.
_DECODED_TO_GRAY = ("jpeg", "png")
_DECODED_TO_COLOUR = ("jpeg", "png", "gif", "bmp", "webp")
# Of libpng, as TensorFlow has it; it decodes every other PNG that is made here.
_LONGEST_SIDE = 1_000_000
# Higher ones cost seconds and save little: photos do not compress without loss.
_COMPRESSION = 1


@dataclasses.dataclass(frozen=True)
class Normalized:
    """What TensorFlow is given of a file.

    Attributes:
        encoded: The file itself, or a PNG of its upright pixels.
        treatment: "as found", or "transcoded to png: " and why.
    """

    encoded: bytes
    treatment: str


def normalize(
    encoded: bytes, rules: ImageRules, decodes: Callable[[bytes], bool] | None = None
) -> Normalized:
    """Makes bytes that `components.images.decode` turns into the upright pixels of a file.

    Args:
        encoded: The file.
        rules: What becomes of color, transparency and animations.
        decodes: TensorFlow's verdict on bytes. Without it only the header is looked at where the
            file stays as it is, and the codes of a JPEG, so that pixels may still prove damaged.

    Raises:
        UnusableImageError: It is no image, it is damaged, or the rules exclude it.
    """
    image = open_image(encoded, rules)
    reason = needs_transcoding(image, encoded, rules)
    if not reason and isinstance(image, JpegPicture):
        # TensorFlow makes gray of pixels that are missing, and does not say so.
        with refusals("jpeg"):
            check_jpeg(encoded)
    if not reason and decodes is not None and not decodes(encoded):
        reason = _REFUSED_BY_TENSORFLOW
    if not reason:
        return Normalized(encoded, AS_FOUND)
    upright = decode_upright(image, rules)
    if max(upright.size) > _LONGEST_SIDE:
        detail = f"{upright.width}x{upright.height} pixels, which TensorFlow does not decode"
        raise UnusableImageError(UNSUPPORTED_SHAPE, detail)
    with refusals("png"):
        return Normalized(_encode_png(upright), f"{TRANSCODED}{reason}")


def needs_transcoding(image: Image.Image, encoded: bytes, rules: ImageRules) -> str:
    """Whether TensorFlow makes other pixels of a file than the upright ones, or none.

    Args:
        image: The file, opened by `open_image`; decoded or not.
        encoded: The file.
        rules: Those it was opened with.

    Returns:
        Why it has to be transcoded, one of few phrases; empty if it can stay as it is: TensorFlow
        then decodes the same pixels.

    Raises:
        UnusableImageError: What it says beside its pixels cannot be read.
    """
    name = image_format(encoded) or ""
    if name not in _DECODED_TO_COLOUR:
        return f"format {name}"
    if rules.channels == 1 and name not in _DECODED_TO_GRAY:
        return f"gray from {name}"
    with refusals(name):
        if name == "jpeg":
            return _jpeg_reason(image, encoded, rules)
        if image.has_transparency_data:
            return _TRANSPARENT
        return _BY_FORMAT[name](image, encoded)


def _jpeg_reason(image: Image.Image, encoded: bytes, rules: ImageRules) -> str:
    if image.mode == "CMYK" and rules.channels == 1:
        return "gray from cmyk"
    if image.mode == "CMYK" and "adobe" not in image.info:
        # Pillow takes it to be inverted all the same, as it is in practice; TensorFlow does not.
        return "cmyk"
    # What stands in Exif as it should is turned by the graph that serves the model.
    return "" if stored_orientation(image) == jpeg_orientation(encoded) else _ROTATED


def _png_reason(image: Image.Image, encoded: bytes) -> str:
    if not png_may_be_rotated(encoded):
        return ""
    # The orientation may stand behind the pixels.
    image.load()
    return _rotated(image)


def _gif_reason(image: Image.Image, encoded: bytes) -> str:
    if getattr(image, "is_animated", False):
        # TensorFlow decodes all frames before it drops them, each as large as the canvas.
        return _ANIMATION
    # It would make the rest black.
    return "partial frame" if has_partial_frame(image) else ""


def _bmp_reason(image: Image.Image, encoded: bytes) -> str:
    """TensorFlow takes the numbers of palette entries for gray, and knows no old headers."""
    header_size = int.from_bytes(encoded[14:18], "little")
    bits = int.from_bytes(encoded[28:30], "little")
    compression = int.from_bytes(encoded[30:34], "little")
    is_plain = header_size >= 40 and compression == 0
    return "" if is_plain and (bits, image.mode) in ((24, "RGB"), (8, "L")) else "bmp variant"


def _webp_reason(image: Image.Image, encoded: bytes) -> str:
    return _ANIMATION if getattr(image, "is_animated", False) else _rotated(image)


def _rotated(image: Image.Image) -> str:
    return "" if stored_orientation(image) == UPRIGHT else _ROTATED


_BY_FORMAT = {
    "png": _png_reason,
    "gif": _gif_reason,
    "bmp": _bmp_reason,
    "webp": _webp_reason,
}


def _encode_png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    # Without the profile: the pixels are what every decoder here makes of them, without it too.
    image.save(stream, "PNG", compress_level=_COMPRESSION, icc_profile=None)
    return stream.getvalue()
