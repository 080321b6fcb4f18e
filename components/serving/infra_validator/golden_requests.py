"""Requests whose outcome is known before: every format, odd sizes, batches of 1 and 64."""

import dataclasses
import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from components.normalization.normalization_rules import FIRST_FRAME, MOST_MEGAPIXELS, ImageRules
from components.normalization.normalize import normalize
from components.serving.infra_validator.probe_process import Request

BATCH = 64
_SIZE = (64, 48)
_ODD_SIZES = ((1, 1), (1, 2000), (2000, 1), (3000, 2000))

_Form = tuple[str, str, str, dict[str, Any]]

SAME: tuple[_Form, ...] = (
    ("PNG", "PNG", "RGB", {}),
    ("PNG with a palette", "PNG", "P", {}),
    ("PNG, gray", "PNG", "L", {}),
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
    ("PNG, 16 bits", "PNG", "I;16", {}),
    ("PNG, 1 bit", "PNG", "1", {}),
    ("WebP", "WEBP", "RGB", {}),
    ("AVIF", "AVIF", "RGB", {}),
    ("HEIC", "HEIF", "RGB", {}),
)
"""Forms that change the picture, or that are decoded in another way."""
_ORIENTATION_TAG = 0x0112


def _exif(kind: int = 3) -> bytes:
    """Exif that turns by a quarter; 3 is a number of 16 bits, 4 one of 32."""
    entry = struct.pack("<HHIHH", _ORIENTATION_TAG, kind, 1, 6, 0)
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + bytes(4)


_TURNED: dict[str, Any] = {"exif": _exif()}
_XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
_ANIMATED: dict[str, Any] = {
    "save_all": True,
    "append_images": [Image.new("RGB", _SIZE, "red")],
}
ORIGINALS: tuple[_Form, ...] = (
    ("PNG with alpha", "PNG", "RGBA", {}),
    ("PNG, gray with alpha", "PNG", "LA", {}),
    ("PNG with a transparent color", "PNG", "RGB", {"transparency": (40, 40, 40)}),
    ("PNG with a transparent gray", "PNG", "L", {"transparency": 40}),
    ("PNG with a transparent gray of 16 bits", "PNG", "I;16", {"transparency": 40 * 257}),
    ("PNG with a transparent palette", "PNG", "P", {"transparency": bytes(range(256))}),
    ("PNG, rotated by Exif", "PNG", "RGB", _TURNED),
    ("PNG, animated", "PNG", "RGB", _ANIMATED),
    ("GIF with transparency", "GIF", "L", {"transparency": 40}),
    ("GIF, animated", "GIF", "RGB", _ANIMATED),
    ("BMP with a palette", "BMP", "P", {}),
    ("BMP with alpha", "BMP", "RGBA", {}),
    ("WebP with alpha", "WEBP", "RGBA", {"lossless": True}),
    ("WebP, rotated by Exif", "WEBP", "RGB", {"lossless": True, **_TURNED}),
    ("WebP, animated", "WEBP", "RGB", {"lossless": True, **_ANIMATED}),
    ("JPEG, rotated by XMP", "JPEG", "L", {"xmp": _XMP}),
    ("JPEG, rotated by Exif of 32 bits", "JPEG", "L", {"exif": _exif(4)}),
    ("JPEG of CMYK", "JPEG", "CMYK", {}),
    ("TIFF with alpha", "TIFF", "RGBA", {}),
    ("AVIF", "AVIF", "RGB", {}),
    ("HEIC", "HEIF", "RGB", {}),
)
"""Forms that ingestion transcodes, as clients have them. A served model sees them as training did,
or refuses them."""


def golden_requests(rules: ImageRules) -> Iterator[Request]:
    """Yields requests; the first is one image alone.

    What the model's graph does not decode itself goes through the normalization that prediction
    and ingestion share, and is sent as it is, too.

    Args:
        rules: Those of the model.
    """
    # The limit is for files of others; these are ours, and the graph that decodes them has none.
    rules = dataclasses.replace(rules, max_megapixels=MOST_MEGAPIXELS)
    reference, *_ = SAME[0]
    for title, kind, mode, options in SAME:
        encoded = _encode(_picture(_SIZE), kind, mode, options, rules)
        yield Request(title, (encoded,), same_as=reference)
    for title, kind, mode, options in OTHERS:
        yield Request(title, (_encode(_picture(_SIZE), kind, mode, options, rules),))
    yield from _rotated(rules)
    yield from _originals(rules)
    for size in _ODD_SIZES:
        encoded = _encode(_picture(size), "PNG", "RGB", {}, rules)
        yield Request(f"{size[0]}x{size[1]} pixels", (encoded,))
    yield from _batches(_encode(_picture(_SIZE), "PNG", "RGB", {}, rules), reference)


def _rotated(rules: ImageRules) -> Iterator[Request]:
    """A JPEG that Exif turns, and what people see of it.

    Gray, since a gray and a color model then decode the very same levels.
    """
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = 6
    jpeg = _encode(_picture(_SIZE), "JPEG", "L", {"exif": exif}, rules)
    with Image.open(io.BytesIO(jpeg)) as opened:
        upright = ImageOps.exif_transpose(opened)
    seen = "a PNG of the pixels of the next"
    yield Request(seen, (_encode(upright, "PNG", "L", {}, rules),))
    yield Request("JPEG, rotated by Exif", (jpeg,), same_as=seen)


def _originals(rules: ImageRules) -> Iterator[Request]:
    """Files as clients have them, of every kind that ingestion transcodes or turns upright."""
    # "First frame", so that there is a right prediction; the graph may refuse all the same.
    rules = dataclasses.replace(rules, animations=FIRST_FRAME)
    for title, kind, mode, options in ORIGINALS:
        original = _save(_convert(_picture(_SIZE), mode), kind, options)
        seen = f"what training sees of: {title}"
        yield Request(seen, (normalize(original, rules).encoded,))
        yield Request(f"{title}, as it is", (original,), same_as=seen, may_be_refused=True)


def _batches(picture: bytes, reference: str) -> Iterator[Request]:
    yield Request(f"a batch of {BATCH}", (picture,) * BATCH, same_as=reference)
    yield Request("no images", ())
    damaged = picture[: len(picture) // 2]
    yield Request("a damaged image between others", (picture, damaged, picture), is_broken=True)
    yield Request("text between images", (picture, b"text", picture), is_broken=True)


def _picture(size: tuple[int, int]) -> Image.Image:
    """A picture of 128 grays, which every format and mode without loss can hold."""
    width, height = size
    rows, columns = np.ogrid[0:height, 0:width]
    grays = (columns * 5 + rows * 3 + (columns // 8 + rows // 8) % 2 * 40) % 128 * 2
    return Image.fromarray(grays.astype(np.uint8))


def _encode(
    picture: Image.Image, kind: str, mode: str, options: dict[str, Any], rules: ImageRules
) -> bytes:
    return normalize(_save(_convert(picture, mode), kind, options), rules).encoded


def _save(picture: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    if kind == "HEIF":
        # Not above: it loads libheif.
        import pillow_heif

        pillow_heif.from_pillow(picture).save(stream)
    else:
        picture.save(stream, kind, **options)
    return stream.getvalue()


def _convert(picture: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        pixels = np.asarray(picture).astype("<u2") * 257
        return Image.fromarray(pixels)
    if mode == "P":
        return picture.convert("P")
    if mode in ("LA", "RGBA"):
        # From transparent to opaque, so that it matters what lies behind.
        picture = picture.convert(mode)
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
        return picture
    if mode == "CMYK":
        return picture.convert("RGB").convert("CMYK")
    return picture.convert(mode)
