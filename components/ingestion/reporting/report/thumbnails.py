"""Files -> small pictures inside the page; whatever goes wrong costs the picture and no more."""

import base64
import io
import os

from PIL import Image

from components.ingestion.listing.file_system import is_local, read_file
from components.normalisation.opening import decode_upright, open_image
from components.normalisation.rules import MOST_MEGAPIXELS, ImageRules

SIDE = 160
"""Pixels of the longer side: 5 kB, and twice what a phone shows in a third of its width."""
SMALL_SIDE = 64
"""JPEG would blur the few pixels of smaller pictures, and PNG is as short."""
QUALITY = 75
MOST_CHARACTERS = 6_000_000
"""Of all pictures of a page, so that it can still be sent as an attachment."""


class Thumbnails:
    """Makes the pictures of one page, each once, until the page is full."""

    def __init__(self, root: str):
        """Prepares.

        Args:
            root: The data folder.
        """
        self._root = root
        # What is examined already is within limits that were set for it.
        self._rules = ImageRules(channels=3, max_megapixels=MOST_MEGAPIXELS)
        self._made: dict[str, str] = {}
        self._characters = 0

    def make(self, filename: str) -> str:
        """A picture as a data URI.

        Args:
            filename: Path below the data folder, of a file that was examined successfully.

        Returns:
            At most 160x160 pixels, JPEG or PNG; empty if there is no picture, since the file has
            gone or changed, or the page is full.
        """
        if filename not in self._made:
            self._made[filename] = self._make(filename)
            self._characters += len(self._made[filename])
        return self._made[filename]

    def _make(self, filename: str) -> str:
        if self._characters > MOST_CHARACTERS:
            return ""
        try:
            return encode(self._read(filename))
        except Exception:
            # The examination had no complaint, so that it is gone, or another file by now; reading
            # from remote file systems and decoding fail in more ways than can be listed.
            return ""

    def _read(self, filename: str) -> Image.Image:
        path = os.path.join(self._root, filename)
        if is_local(self._root) and os.path.getsize(path) > self._rules.max_bytes:
            raise ValueError(f"A file must not grow after it was examined. Received: {path}.")
        image = open_image(read_file(self._root, filename), self._rules)
        # Of no effect but on a JPEG, which is then decoded in a fraction of the time.
        image.draft("RGB", (SIDE, SIDE))
        return decode_upright(image, self._rules)


def encode(image: Image.Image) -> str:
    """Makes an image small, without enlarging it, and packs it.

    Args:
        image: Mode L or RGB.

    Returns:
        A data URI.
    """
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    stream = io.BytesIO()
    if max(small.size) <= SMALL_SIDE:
        small.save(stream, "PNG")
        kind = "png"
    else:
        small.save(stream, "JPEG", quality=QUALITY)
        kind = "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"
