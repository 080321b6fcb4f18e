"""Pictures -> small ones inside a page; whatever goes wrong costs the picture and no more."""

import base64
import io
from collections.abc import Callable

from PIL import Image

SIDE = 160
"""Pixels of the longer side: 5 kB, and twice what a phone shows in a third of its width."""
SMALL_SIDE = 64
"""JPEG would blur the few pixels of smaller pictures, and PNG is as short."""
QUALITY = 75
MOST_CHARACTERS = 6_000_000
"""Of all pictures of a page, so that it can still be sent as an attachment."""


class Thumbnails:
    """Makes the pictures of one page, each once, until the page is full."""

    def __init__(self, read: Callable[[str], Image.Image]):
        """Prepares.

        Args:
            read: Opens the picture of a name, mode L or RGB; may fail in any way.
        """
        self._read = read
        self._made: dict[str, str] = {}
        self._characters = 0

    def make(self, name: str) -> str:
        """A picture as a data URI.

        Args:
            name: What the picture is read by, such as its path below the data folder.

        Returns:
            At most 160x160 pixels, JPEG or PNG; empty if there is no picture, since it cannot be
            read any more, or the page is full.
        """
        if name not in self._made:
            self._made[name] = self._make(name)
            self._characters += len(self._made[name])
        return self._made[name]

    def _make(self, name: str) -> str:
        if self._characters > MOST_CHARACTERS:
            return ""
        try:
            return encode(self._read(name))
        except Exception:
            # It was read before without a complaint, so that it is gone, or another file by now;
            # reading from remote file systems and decoding fail in more ways than can be listed.
            return ""


def encode(image: Image.Image, side: int = SIDE) -> str:
    """Makes an image small, without enlarging it, and packs it.

    Args:
        image: Mode L or RGB.
        side: Pixels of the longer side at most.

    Returns:
        A data URI.
    """
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.BOX)
    stream = io.BytesIO()
    if max(small.size) <= SMALL_SIDE:
        small.save(stream, "PNG")
        kind = "png"
    else:
        small.save(stream, "JPEG", quality=QUALITY)
        kind = "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"
