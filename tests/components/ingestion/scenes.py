"""Pictures with as much detail as photos, made on the spot, and their signatures."""

import numpy as np
from PIL import Image

from components.ingestion.perceptual_hash import perceptual_signatures


def scene(seed: int = 0) -> Image.Image:
    """Mode L, 512 x 512: blobs of four sizes; different seeds give unrelated pictures."""
    random = np.random.RandomState(seed)
    total = np.zeros((512, 512))
    for side in (4, 8, 16, 32):
        blobs = Image.fromarray(random.rand(side, side).astype(np.float32))
        total += np.asarray(blobs.resize((512, 512), Image.Resampling.BICUBIC)) * (4 / side)
    return Image.fromarray((255 * (total - total.min()) / np.ptp(total)).astype(np.uint8))


def cut(
    image: Image.Image, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0
) -> Image.Image:
    """Cuts shares of the width and height off."""
    width, height = image.size
    return image.crop(
        (
            round(left * width),
            round(top * height),
            round((1 - right) * width),
            round((1 - bottom) * height),
        )
    )


def sign(image: Image.Image) -> bytes:
    """The signature of an image of any size."""
    gray = image.convert("L").resize((128, 128), Image.Resampling.BOX)
    [signature] = perceptual_signatures([gray])
    return signature
