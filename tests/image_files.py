"""Images for tests: small, made on the spot, and the same in every run.

The bytes of BMP files depend on nothing but these arguments; those of the other formats also on
the version of the library that compresses them. Golden digests and splits therefore need BMP.
"""

import io
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "BMP": ".bmp", "WEBP": ".webp"}


def make_pixels(
    size: tuple[int, int] = (8, 8), seed: int = 0, color: Any = None, mode: str = "RGB"
) -> np.ndarray:
    """Pixels of one color, or noise that depends on the seed alone.

    Args:
        size: (width, height), as Pillow has it.
        seed: Different seeds give different images.
        color: One number (mode L) or one for each channel; None for noise.
        mode: Pillow's: L, LA, RGB or RGBA.

    Returns:
        uint8 [height, width] for mode L, else [height, width, channels].
    """
    width, height = size
    channels = len(Image.new(mode, (1, 1)).getbands())
    shape = (height, width) if channels == 1 else (height, width, channels)
    if color is None:
        # RandomState's numbers are the same in every version of NumPy; default_rng's may change.
        noise = np.random.RandomState(seed).bytes(int(np.prod(shape)))
        return np.frombuffer(noise, dtype=np.uint8).reshape(shape)
    return np.broadcast_to(np.uint8(color), shape).copy()


def encode_image(
    size: tuple[int, int] = (8, 8),
    seed: int = 0,
    color: Any = None,
    mode: str = "RGB",
    format: str = "PNG",
) -> bytes:
    """The bytes of an image file; arguments as of `make_pixels`, and a format of Pillow."""
    stream = io.BytesIO()
    Image.fromarray(make_pixels(size, seed, color, mode)).save(stream, format=format)
    return stream.getvalue()


def write_image(path: pathlib.Path | str, **options: Any) -> pathlib.Path:
    """Writes one image and the folders above it; the options are those of `encode_image`."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_image(**options))
    return path


def make_image_folder(
    root: pathlib.Path | str, counts: Mapping[str, int], first_seed: int = 0, **options: Any
) -> pathlib.Path:
    """Writes `<root>/<class>/<number>.png`, every image different from every other.

    Args:
        root: Made if it is not there.
        counts: Number of images by class; a key such as "train/cat" makes a pre-split folder.
        first_seed: Of the first image; the others count on from it.
        options: Those of `encode_image`; `format` also decides the suffix.

    Returns:
        The root.
    """
    root = pathlib.Path(root)
    suffix = SUFFIXES[options.get("format", "PNG")]
    seed = first_seed
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            write_image(root / folder / f"{number:04}{suffix}", seed=seed, **options)
            seed += 1
    return root
