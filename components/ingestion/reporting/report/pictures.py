"""Files of a data folder -> pictures to be made small."""

import os

from PIL import Image

from components.ingestion.listing.file_system import is_local, read_file
from components.normalisation.opening import decode_upright, open_image
from components.normalisation.rules import MOST_MEGAPIXELS, ImageRules
from components.pages.thumbnails import SIDE

# What is examined already is within limits that were set for it.
RULES = ImageRules(channels=3, max_megapixels=MOST_MEGAPIXELS)


def read_picture(root: str, filename: str) -> Image.Image:
    """Opens an image upright, as small as its decoder makes it without cost.

    Args:
        root: The data folder.
        filename: Path below it, of a file that was examined successfully.

    Raises:
        Exception: It is gone, or another file by now.
    """
    path = os.path.join(root, filename)
    if is_local(root) and os.path.getsize(path) > RULES.max_bytes:
        raise ValueError(f"A file must not grow after it was examined. Received: {path}.")
    image = open_image(read_file(root, filename), RULES)
    # Of no effect but on a JPEG, which is then decoded in a fraction of the time.
    image.draft("RGB", (SIDE, SIDE))
    return decode_upright(image, RULES)
