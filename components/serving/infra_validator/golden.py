"""Requests whose outcome is known before: every format, odd sizes, batches of 1 and 64."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from components.normalisation.normalise import normalise
from components.normalisation.rules import ImageRules
from components.serving.infra_validator.asking import Request

BATCH = 64
_SIZE = (64, 48)
_ODD_SIZES = ((1, 1), (1, 2000), (2000, 1), (3000, 2000))

_Form = tuple[str, str, str, dict[str, Any]]

SAME: tuple[_Form, ...] = (
    ("PNG", "PNG", "RGB", {}),
    ("PNG with a palette", "PNG", "P", {}),
    ("PNG, gray", "PNG", "L", {}),
    ("PNG with transparency", "PNG", "RGBA", {}),
    ("BMP", "BMP", "RGB", {}),
    ("GIF", "GIF", "L", {}),
    ("WebP without loss", "WEBP", "RGB", {"lossless": True}),
    ("TIFF", "TIFF", "RGB", {}),
)
"""Forms of one picture without any loss: title, Pillow's format and mode, options."""
OTHERS: tuple[_Form, ...] = (
    ("JPEG", "JPEG", "RGB", {}),
    ("JPEG, progressive", "JPEG", "RGB", {"progressive": True}),
    ("JPEG, gray", "JPEG", "L", {}),
    ("JPEG, CMYK", "JPEG", "CMYK", {}),
    ("JPEG, rotated by Exif", "JPEG", "RGB", {"exif": True}),
    ("PNG, 16 bits", "PNG", "I;16", {}),
    ("PNG, 1 bit", "PNG", "1", {}),
    ("WebP", "WEBP", "RGB", {}),
    ("AVIF", "AVIF", "RGB", {}),
    ("HEIC", "HEIF", "RGB", {}),
)
"""Forms that change the picture, or that are decoded in another way."""
_ORIENTATION_TAG = 0x0112


def golden_requests(rules: ImageRules) -> Iterator[Request]:
    """Yields requests; the first of them is what those of `SAME` and the batch are compared with.

    What the model's graph does not decode itself goes through the normalisation that prediction
    and ingestion share.

    Args:
        rules: Those of the model.
    """
    for title, kind, mode, options in (*SAME, *OTHERS):
        yield Request(title, (_encode(_picture(_SIZE), kind, mode, options, rules),))
    for size in _ODD_SIZES:
        encoded = _encode(_picture(size), "PNG", "RGB", {}, rules)
        yield Request(f"{size[0]}x{size[1]} pixels", (encoded,))
    picture = _encode(_picture(_SIZE), "PNG", "RGB", {}, rules)
    yield Request(batch_name(), (picture,) * BATCH)


def batch_name() -> str:
    """The name of the request with the large batch."""
    return f"a batch of {BATCH}"


def _picture(size: tuple[int, int]) -> Image.Image:
    """A picture of 128 grays, which every format and mode without loss can hold."""
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    grays = (columns * 5 + rows * 3 + (columns // 8 + rows // 8) % 2 * 40) % 128 * 2
    return Image.fromarray(grays.astype(np.uint8))


def _encode(
    picture: Image.Image, kind: str, mode: str, options: dict[str, Any], rules: ImageRules
) -> bytes:
    options = dict(options)
    if options.pop("exif", False):
        exif = Image.Exif()
        exif[_ORIENTATION_TAG] = 6
        options["exif"] = exif
    stream = io.BytesIO()
    converted = _convert(picture, mode)
    if kind == "HEIF":
        # Not above: it loads libheif.
        import pillow_heif

        pillow_heif.from_pillow(converted).save(stream)
    else:
        converted.save(stream, kind, **options)
    return normalise(stream.getvalue(), rules).encoded


def _convert(picture: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        pixels = np.asarray(picture).astype("<u2") * 257
        return Image.fromarray(pixels)
    if mode == "P":
        return picture.convert("P")
    if mode == "CMYK":
        return picture.convert("RGB").convert("CMYK")
    return picture.convert(mode)
