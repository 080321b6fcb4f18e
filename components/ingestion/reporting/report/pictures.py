"""Files of a data folder -> pictures to be made small."""

import os

from components.pages.thumbnails import RULES
from components.storage import is_local, read_file


def read_picture(root: str, filename: str) -> bytes:
    """Reads a file that was examined successfully.

    Args:
        root: The data folder.
        filename: Path below it.

    Raises:
        Exception: It is gone, or another file by now.
    """
    path = os.path.join(root, filename)
    if is_local(root) and os.path.getsize(path) > RULES.max_bytes:
        raise ValueError(f"A file must not grow after it was examined. Received: {path}.")
    return read_file(root, filename)
