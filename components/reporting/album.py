"""Records of the test split -> the small pictures that a page shows."""

from collections.abc import Iterable, Mapping, Set

import tensorflow as tf

from components import features
from components.ingestion.writing.writer import read_records
from components.pages.opening import open_small
from components.pages.thumbnails import MOST_CHARACTERS, encode

PictureKey = tuple[str, int]
"""SHA-256 of the file, and pixels of the longer side."""


class Album:
    """Hands out pictures until the page is full."""

    def __init__(self, pictures: Mapping[PictureKey, str]):
        """Takes the pictures.

        Args:
            pictures: Data URIs.
        """
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
    pictures: dict[PictureKey, str] = {}
    for folder in folders:
        for record in read_records(f"{folder}/Split-{features.TEST_SPLIT}"):
            sha256 = _bytes(record, features.IMAGE_SHA256).decode()
            if sha256 in sides:
                pictures |= _make(record, sha256, sides[sha256])
    return pictures


def _make(record: tf.train.Example, sha256: str, sides: Iterable[int]) -> dict[PictureKey, str]:
    try:
        image = open_small(_bytes(record, features.IMAGE_ENCODED))
        return {(sha256, side): encode(image, side) for side in sides}
    except Exception:
        # Decoders fail in more ways than can be listed.
        return {}


def _bytes(record: tf.train.Example, key: str) -> bytes:
    return bytes(record.features.feature[key].bytes_list.value[0])
