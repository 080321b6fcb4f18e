"""Pictures -> small ones inside a page; whatever goes wrong costs the picture and no more.

They are files that somebody brought, and are decoded in processes that may die of it.
"""

import base64
import io
from collections.abc import Callable

from PIL import Image

from components.normalization.normalization_rules import MOST_MEGAPIXELS, ImageRules
from components.normalization.opening import decode_upright, open_image
from components.worker_pool import Limits, Sandbox

SIDE = 160
"""Pixels of the longer side: 5 kB, and twice what a phone shows in a third of its width."""
SMALL_SIDE = 64
"""JPEG would blur the few pixels of smaller pictures, and PNG is as short."""
QUALITY = 75
MOST_CHARACTERS = 6_000_000
"""Of all pictures of a page, so that it can still be sent as an attachment."""
# What is examined already is within limits that were set for it.
RULES = ImageRules(channels=3, max_megapixels=MOST_MEGAPIXELS)

Picture = tuple[bytes, tuple[int, ...]]
"""A file, of any format that ingestion takes, and the sides of the pictures that are made of it."""


def thumbnail_workers() -> Sandbox[Picture, list[str]]:
    """Workers that make data URIs of pictures, one for each side; none where that fails."""
    limits = Limits(RULES.max_megapixels)
    return Sandbox(make_small, lambda *_: [], preload=__name__, limits=limits)


class Thumbnails:
    """Makes the pictures of one page, each once, until the page is full.

    Use it as a context: it has workers.
    """

    def __init__(self, read: Callable[[str], bytes]):
        """Prepares.

        Args:
            read: Reads the file of a name; may fail in any way.
        """
        self._read = read
        self._workers = thumbnail_workers()
        self._made: dict[str, str] = {}
        self._characters = 0

    def __enter__(self) -> "Thumbnails":
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()

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
            picture = (self._read(name), (SIDE,))
            return "".join(*self._workers.map([picture]))
        except Exception:
            # It was read before without a complaint, so that it is gone by now; reading from remote
            # file systems fails in more ways than can be listed.
            return ""


def make_small(picture: Picture) -> list[str]:
    """Makes data URIs of a file, one for each side; none if it cannot be decoded."""
    encoded, sides = picture
    try:
        image = open_image(encoded, RULES)
        # Of no effect but on a JPEG, which is then decoded in a fraction of the time.
        image.draft("RGB", (max(sides), max(sides)))
        upright = decode_upright(image, RULES)
        return [encode(upright, side) for side in sides]
    except Exception:
        # Decoders fail in more ways than can be listed.
        return []


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
