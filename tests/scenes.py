"""Pictures that are alike or not as photos are: shapes, not noise."""

import pathlib
from typing import Any

import numpy as np
from PIL import Image

FULL = (0.0, 0.0, 1.0, 1.0)


def make_scene(seed: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """Soft patches of color, large and small; different seeds look different.

    Args:
        seed: Of the random numbers.
        size: (width, height) in pixels.

    Returns:
        Mode RGB.
    """
    # RandomState's numbers are the same in every version of NumPy.
    random = np.random.RandomState(seed)
    layers = []
    for columns, rows in ((9, 7), (24, 18), (120, 90)):
        noise = Image.fromarray(random.randint(0, 256, (rows, columns, 3)).astype(np.uint8))
        layers.append(noise.resize(size, Image.Resampling.BICUBIC))
    large_and_small = Image.blend(layers[0], layers[1], 0.3)
    return Image.blend(large_and_small, layers[2], 0.25)


def write_scene(
    path: pathlib.Path,
    seed: int,
    size: tuple[int, int] = (240, 180),
    crop: tuple[float, float, float, float] = FULL,
    **options: Any,
) -> pathlib.Path:
    """Writes a scene, whole or cropped; the suffix decides the format.

    Args:
        path: Where to; folders above are made.
        seed: Of the scene.
        size: (width, height) in pixels, before cropping.
        crop: Left, top, right and bottom of what is left, as shares of the width and height.
        options: Of Pillow's `save`.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scene = make_scene(seed, size)
    left, top, right, bottom = crop
    box = (
        round(left * size[0]),
        round(top * size[1]),
        round(right * size[0]),
        round(bottom * size[1]),
    )
    scene.crop(box).save(path, **options)
    return path
