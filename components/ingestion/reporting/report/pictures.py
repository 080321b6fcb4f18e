"""Files of a data folder -> pictures to be made small."""

import os

from PIL import Image

from components.ingestion.listing.file_system import is_local, read_file
from components.pages.opening import RULES, open_small


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
    return open_small(read_file(root, filename))
