"""Bytes of an image that was examined before -> pixels to be made small."""

from PIL import Image

from components.normalisation.opening import decode_upright, open_image
from components.normalisation.rules import MOST_MEGAPIXELS, ImageRules
from components.pages.thumbnails import SIDE

# What is examined already is within limits that were set for it.
RULES = ImageRules(channels=3, max_megapixels=MOST_MEGAPIXELS)


def open_small(encoded: bytes) -> Image.Image:
    """Opens an image upright, as small as its decoder makes it without cost.

    Args:
        encoded: A file, of any format that ingestion takes.

    Returns:
        At least as large as a thumbnail, unless the image is smaller; mode RGB.

    Raises:
        Exception: It cannot be decoded.
    """
    image = open_image(encoded, RULES)
    # Of no effect but on a JPEG, which is then decoded in a fraction of the time.
    image.draft("RGB", (SIDE, SIDE))
    return decode_upright(image, RULES)
