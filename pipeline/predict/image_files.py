"""Files and folders -> the files to classify."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from typing import NoReturn

from components.errors import PipelineError
from components.ingestion.data_files import is_left_behind

# More would bury the message.
MOST_NAMES_IN_A_MESSAGE = 5


@dataclasses.dataclass(frozen=True)
class ImageFiles:
    """What was found.

    Attributes:
        paths: Those given as files in their order; those of a folder sorted.
        left_out: Entries of folders that are hidden, links to folders, or neither file nor folder.
    """

    paths: tuple[str, ...]
    left_out: int = 0


def find_image_files(given: Sequence[str]) -> ImageFiles:
    """Looks into the folders among the paths that were given.

    Raises:
        PipelineError: One of them is not there, cannot be listed, or is a folder without files.
    """
    missing = [path for path in given if not os.path.exists(path)]
    if missing:
        names = ", ".join(missing[:MOST_NAMES_IN_A_MESSAGE])
        more = len(missing) - MOST_NAMES_IN_A_MESSAGE
        raise PipelineError(
            "IMAGE must be a file or a folder of this machine. Received, and not found: "
            f"{names}{f' and {more} more' if more > 0 else ''}. Check the spelling."
        )
    paths: list[str] = []
    left_out = 0
    for path in given:
        found = _list_folder(path) if os.path.isdir(path) else ImageFiles((path,))
        paths.extend(found.paths)
        left_out += found.left_out
    return ImageFiles(tuple(paths), left_out)


def _list_folder(folder: str) -> ImageFiles:
    paths, left_out = [], 0
    for path, is_taken in sorted(_entries(folder)):
        if is_taken:
            paths.append(path)
        else:
            left_out += 1
    if not paths:
        raise PipelineError(
            "A folder given as IMAGE must have files in it that are not hidden. "
            f"Received: {folder} with {left_out} other entries. Give another folder."
        )
    return ImageFiles(tuple(paths), left_out)


def _entries(folder: str) -> Iterator[tuple[str, bool]]:
    """All files at any depth, and whether each is taken; folders only where they are not."""
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        for name in folders:
            path = os.path.join(parent, name)
            if is_left_behind(name) or os.path.islink(path):
                yield path, False
        folders[:] = [name for name in folders if not is_left_behind(name)]
        for name in files:
            path = os.path.join(parent, name)
            # A broken link is reported like a broken image; a named pipe would be waited for.
            is_file = os.path.isfile(path) or not os.path.exists(path)
            yield path, is_file and not is_left_behind(name)


def _refuse(error: OSError) -> NoReturn:
    raise PipelineError(
        f"All folders below IMAGE must be readable. Received: {error.filename}: {error.strerror}. "
        "Change its permissions."
    ) from error
