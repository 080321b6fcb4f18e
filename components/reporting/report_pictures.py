"""Records of the test split -> the small pictures that a page shows."""

import contextlib
import itertools
from collections.abc import Iterable, Mapping, Set

from components import features
from components.errors import PipelineError
from components.pages.thumbnails import MOST_CHARACTERS, thumbnail_workers
from components.split_records import find_images

PictureKey = tuple[str, int]
"""SHA-256 of the file, and pixels of the longer side."""


class Album:
    """Hands out pictures until the page is full."""

    def __init__(self, pictures: Mapping[PictureKey, str]):
        """Takes the pictures, as data URIs."""
        self._pictures = pictures
        self._characters = 0

    def show(self, sha256: str, side: int) -> str:
        """A picture for one place of the page; each place costs its length again.

        Args:
            sha256: Of the file.
            side: Pixels of the longer side.

        Returns:
            A data URI; empty if there is no such picture, or the page is full.
        """
        source = self._pictures.get((sha256, side), "")
        if self._characters + len(source) > MOST_CHARACTERS:
            return ""
        self._characters += len(source)
        return source


def read_pictures(folders: Iterable[str], wanted: Set[PictureKey]) -> dict[PictureKey, str]:
    """Reads the test images once and makes small pictures of some.

    Images are told apart by their content: files of two spans may have the same path, and no image
    is used twice.

    Args:
        folders: Of the records of each span.
        wanted: The pictures that are needed.

    Returns:
        Data URIs. One that cannot be made is missing, since it is not worth a report.
    """
    sides: dict[str, list[int]] = {}
    for sha256, side in wanted:
        sides.setdefault(sha256, []).append(side)
    splits = [f"{folder}/Split-{features.TEST_SPLIT}" for folder in folders]
    found, again = itertools.tee(find_images(splits, sides.keys()))
    pictures: dict[PictureKey, str] = {}
    # Raised where no worker can be started.
    with contextlib.suppress(PipelineError), thumbnail_workers() as workers:
        made = workers.map((encoded, tuple(sides[sha256])) for sha256, encoded in found)
        for (sha256, _), sources in zip(again, made, strict=True):
            pictures |= {
                (sha256, side): source for side, source in zip(sides[sha256], sources, strict=False)
            }
    return pictures
