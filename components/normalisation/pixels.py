"""Every kind of pixel that files hold -> 8-bit gray or RGB without transparency."""

import numpy as np
from PIL import Image

from components.normalisation.rules import ImageRules

_LARGEST_OF_8_BITS = 255
_LARGEST_OF_16_BITS = 65_535
_MODES = {1: "L", 3: "RGB"}


def flatten(image: Image.Image, rules: ImageRules) -> Image.Image:
    """Brings pixels into the form that models take.

    Args:
        image: Decoded, of any of Pillow's modes.
        rules: The number of channels, and the colour behind what is transparent.

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
    gray = Image.fromarray(_scale(values))
    if isinstance(transparent, int):
        gray.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return gray


def _scale(values: np.ndarray) -> np.ndarray:
    """Gray of any depth, [height, width] -> uint8.

    16 bits lose their lower half, as they do in TensorFlow. Files do not state the range of 32-bit
    integers and floats: it is taken to be the smallest customary one that holds them all, and what
    is negative or no number becomes black.
    """
    if values.dtype.itemsize == 2:
        return (values >> 8).astype(np.uint8)
    is_float = values.dtype.kind == "f"
    values = np.nan_to_num(values.astype(np.float32), nan=0, posinf=0, neginf=0).clip(min=0)
    largest = values.max(initial=0)
    if is_float and largest <= 1:
        scale = float(_LARGEST_OF_8_BITS)
    elif largest <= _LARGEST_OF_8_BITS:
        scale = 1.0
    elif largest <= _LARGEST_OF_16_BITS:
        scale = 1 / 256
    else:
        scale = _LARGEST_OF_8_BITS / float(largest)
    return (values * scale).astype(np.uint8)


def _on_background(image: Image.Image, background: str) -> Image.Image:
    if image.mode == "La":
        # Pillow goes from premultiplied gray to nothing else.
        image = image.convert("LA")
    pixels = image.convert("RGBA")
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(pixels, mask=pixels)
    return canvas
