"""The files below a data folder, and which of them nobody may read, or put there."""

import os
import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from components.errors import PipelineError
from components.storage import folder_exists, gfile, is_local

_LEFT_BEHIND = frozenset(
    (
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "@eadir",
        "@recently-snapshot",
        "@recycle",
        "@sharebin",
        "@tmp",
        "__macosx",
        "desktop.ini",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "lost+found",
        "lost.dir",
        "network trash folder",
        "picasa.ini",
        "recycler",
        "system volume information",
        "temporary items",
        "thumbs.db",
        "zbthumbnail.info",
        "~snapshot",
        "icon\r",
    )
)
"""What file managers, network storage and archives leave in folders, in lower case."""


def is_left_behind(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or nothing that a person put there."""
    return name.startswith(".") or name.casefold() in _LEFT_BEHIND


def check_folder(root: str) -> None:
    """Checks that a data folder exists.

    Raises:
        PipelineError: It does not.
    """
    if not folder_exists(root):
        raise PipelineError(f"The data folder must exist. Received: {root}. Check the path.")


class Found(NamedTuple):
    """What a folder's listing says of a file, or of a link to a folder.

    Attributes:
        filename: Path below the data folder, "/" between its parts.
        is_plain: Surely a regular file and no link, so that nothing more has to be asked.
    """

    filename: str
    is_plain: bool


def walk_files(root: str) -> Iterator[Found]:
    """Yields every file below the root, and every link to a folder, which is not followed."""
    if is_local(root):
        yield from _walk_local(root)
    else:
        for folder, _, names in gfile().walk(root):
            below = folder[len(root) :].strip("/")
            yield from (Found(posixpath.join(below, name), is_plain=True) for name in names)


def _walk_local(root: str) -> Iterator[Found]:
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            # Unlike os.walk, it hands on what the listing says of each entry: to ask for it again
            # takes as long as all the rest.
            with os.scandir(os.path.join(root, below).rstrip("/") or "/") as entries:
                for entry in entries:
                    name = f"{below}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{name}/")
                    else:
                        yield Found(name, entry.is_file(follow_symlinks=False))
        except OSError as error:
            raise _unreadable(error) from error


def _unreadable(error: OSError) -> PipelineError:
    return PipelineError(
        f"Every folder below the data folder must be readable. Received: {error.filename}: "
        f"{error.strerror}. Change its permissions or move it away."
    )


def stamp_file(root: str, filename: str) -> str:
    """Size and time of change of a file, which tell without reading it that it did not change.

    Returns:
        Both as text; a reason where the file cannot be looked at.
    """
    path = os.path.join(root, filename)
    try:
        if is_local(root):
            found = os.stat(path)
            # A file that becomes readable keeps its time.
            return f"{found.st_size} {found.st_mtime_ns} {os.access(path, os.R_OK)}"
        remote = gfile().stat(path)
        return f"{remote.length} {remote.mtime_nsec}"
    except Exception as error:
        # Also TensorFlow's errors, which must not be imported for a local folder.
        return f"unreadable: {error}"


def why_not_a_file(root: str, found: Found) -> str | None:
    """Why a name must not be read, although it is there: a link out of the folder, a pipe.

    Returns:
        A reason to reject it; None for an ordinary file.
    """
    if found.is_plain:
        return None
    path = os.path.join(root, found.filename)
    if os.path.islink(path) and _leaves(root, path):
        return "link to a folder or out of the data folder"
    # A pipe, a socket or a device could keep its reader waiting for ever.
    if not os.path.isfile(path) and os.path.exists(path):
        return "not a regular file"
    return None


def _leaves(root: str, link: str) -> bool:
    target = os.path.realpath(link)
    inside = os.path.commonpath([os.path.realpath(root), target]) == os.path.realpath(root)
    return os.path.isdir(target) or not inside
