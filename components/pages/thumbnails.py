"""Pictures -> small ones inside a page; whatever goes wrong costs the picture and no more.

They are files that somebody brought, and are decoded in processes that may die of it.
"""

import base64
import contextlib
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence

from PIL import Image

from components.errors import PipelineError
from components.normalization.normalization_rules import MOST_MEGAPIXELS, ImageRules
from components.normalization.opening import decode_upright, open_image
from components.sandbox import Limits, Sandbox
from components.storage import open_text

THUMBNAILS_FILE = "thumbnails.json"
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


def make_thumbnails(names: Sequence[str], read: Callable[[str], bytes]) -> dict[str, str]:
    """Makes small pictures until a page would be full.

    Args:
        names: What they are read by, such as paths below the data folder.
        read: Reads the file of a name; may fail in any way.

    Returns:
        Data URIs by name, at most 160x160 pixels, JPEG or PNG. One that cannot be made is missing:
        its file has gone, or is another by now.
    """
    made: dict[str, str] = {}
    # Raised where no worker can be started.
    with contextlib.suppress(PipelineError), thumbnail_workers() as workers:
        pictures = workers.map((_read_or_nothing(read, name), (SIDE,)) for name in names)
        for name, sources in zip(names, pictures, strict=True):
            if sources:
                made[name] = sources[0]
            if sum(map(len, made.values())) > MOST_CHARACTERS:
                break
    return made


def write_thumbnails(thumbnails: Mapping[str, str], folder: str) -> None:
    """Keeps small pictures beside the records, so that no page has to decode what users bring."""
    with open_text(os.path.join(folder, THUMBNAILS_FILE), "w") as file:
        json.dump(thumbnails, file)


def read_thumbnails(folder: str) -> dict[str, str]:
    """Reads what `write_thumbnails` wrote."""
    with open_text(os.path.join(folder, THUMBNAILS_FILE), "r") as file:
        thumbnails: dict[str, str] = json.load(file)
    return thumbnails


def _read_or_nothing(read: Callable[[str], bytes], name: str) -> bytes:
    try:
        return read(name)
    except Exception:
        # It was read before without a complaint, so that it is gone by now; reading from remote
        # file systems fails in more ways than can be listed.
        return b""


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
