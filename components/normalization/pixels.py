"""Every kind of pixel that files hold -> 8-bit gray or RGB without transparency."""

import numpy as np
from PIL import Image

from components.normalization.normalization_rules import ImageRules
from components.normalization.tiff import TiffPicture

LARGEST_OF_8_BITS = 255
LOWER_BYTES = "lower bytes"
"""Key, in the information of an opened PNG of 16-bit colors, of an image of what Pillow drops."""

_NEARLY_ALL = 99
"""Per cent of the values above 0."""
_MOST_OF_UNIT = 2.0
"""So far these may overshoot 0 to 1; no picture in 0 to 255 is as black as that."""
_MODES = {1: "L", 3: "RGB"}


def flatten(image: Image.Image, rules: ImageRules) -> Image.Image:
    """Brings pixels into the form that models take.

    Args:
        image: Decoded, of any of Pillow's modes.
        rules: The number of channels, and the color behind what is transparent.

    Returns:
        Mode L or RGB, of the same size and orientation.

    Raises:
        ValueError: Pillow cannot convert this mode, such as LAB.
    """
    pixels = _to_eight_bits(image)
    if pixels.has_transparency_data:
        pixels = _on_background(pixels, rules.background)
    mode = _MODES[rules.channels]
    pixels = pixels if pixels.mode == mode else pixels.convert(mode)
    if has_partial_frame(image):
        canvas = Image.new("RGB", image.size, rules.background).convert(mode)
        extent = _first_frame_extent(image)
        canvas.paste(pixels.crop(extent), extent)
        return canvas
    return pixels


def has_partial_frame(image: Image.Image) -> bool:
    """Whether the first frame of a GIF leaves a part of its canvas transparent."""
    return image.format == "GIF" and _first_frame_extent(image) != (0, 0, *image.size)


def _first_frame_extent(image: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right, bottom."""
    return getattr(image, "dispose_extent", None) or (0, 0, *image.size)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scales deeper gray down; Pillow's own `convert` would clip it to white."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image
    values = np.asarray(image)
    transparent = image.info.get("transparency")
    if isinstance(image, TiffPicture) and image.is_unsigned:
        values = values.view(np.uint32)
    bits = image.significant_bits if isinstance(image, TiffPicture) else 16
    scaled = _scale(values, bits)
    is_inverted = isinstance(image, TiffPicture) and image.is_inverted
    gray = Image.fromarray(LARGEST_OF_8_BITS - scaled if is_inverted else scaled)
    if isinstance(transparent, int):
        gray.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return gray


def _scale(values: np.ndarray, bits: int) -> np.ndarray:
    """Gray of any depth, [height, width] -> uint8.

    16 bits lose their lower half, as they do in TensorFlow. Files do not state the range of 32-bit
    integers and floats: it is taken to be the smallest customary one that holds nearly all of them,
    so that a few values beyond it, of which resampling makes some, become white, and nothing else
    black. What is negative or no number becomes black.
    """
    if values.dtype.itemsize == 2:
        return (values >> (bits - 8)).astype(np.uint8)
    is_float = values.dtype.kind == "f"
    if is_float:
        values = np.nan_to_num(values.astype(np.float32), nan=0, posinf=0, neginf=0)
    values = values.clip(min=0).astype(np.float32)
    scale = _scale_of_range(values, is_float, bits)
    return np.minimum(values * scale, LARGEST_OF_8_BITS).astype(np.uint8)


def _scale_of_range(values: np.ndarray, is_float: bool, bits: int) -> float:
    """What 0 or more, float32 [height, width], has to be multiplied with."""
    bright = values[values > 0]
    nearly_all = float(np.percentile(bright, _NEARLY_ALL, method="higher")) if bright.size else 0.0
    if is_float and nearly_all <= _MOST_OF_UNIT:
        return float(LARGEST_OF_8_BITS)
    if nearly_all <= LARGEST_OF_8_BITS:
        return 1.0
    if nearly_all < 2**bits:
        return float(2.0 ** (8 - bits))
    return LARGEST_OF_8_BITS / float(values.max())


def _on_background(image: Image.Image, background: str) -> Image.Image:
    if image.mode == "La":
        # Pillow goes from premultiplied gray to nothing else.
        image = image.convert("LA")
    pixels = image.convert("RGBA")
    if LOWER_BYTES in image.info:
        pixels.putalpha(_alpha_of_deep_key(image))
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(pixels, mask=pixels)
    return canvas


def _alpha_of_deep_key(image: Image.Image) -> Image.Image:
    """Where colors of 16 bits are not the one that stands for transparency."""
    key = np.array(image.info["transparency"])
    is_key = np.asarray(image) == key >> 8
    is_key &= np.asarray(image.info[LOWER_BYTES]) == key & 0xFF
    return Image.fromarray(np.where(is_key.all(axis=-1), 0, 255).astype(np.uint8))
