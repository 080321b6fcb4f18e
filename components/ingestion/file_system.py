"""The files below a data folder, local or wherever `tf.io.gfile` reads."""

import os
import posixpath
from collections.abc import Iterable, Iterator
from typing import Any

from components.errors import PipelineError


def is_local(root: str) -> bool:
    """Whether a path is of this machine's own file system."""
    return "://" not in root


def check_folder(root: str) -> None:
    """Checks that a data folder exists.

    Raises:
        PipelineError: It does not.
    """
    if not (os.path.isdir(root) if is_local(root) else _gfile().isdir(root)):
        raise PipelineError(f"The data folder must exist. Received: {root}. Check the path.")


def walk_files(root: str) -> Iterator[str]:
    """Yields the name below the root of every file, and of every link to a folder."""
    if is_local(root):
        for folder, subfolders, names in os.walk(root, onerror=_raise_unreadable):
            links = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
            below = os.path.relpath(folder, root)
            yield from (os.path.normpath(os.path.join(below, name)) for name in names + links)
    else:
        for folder, _, names in _gfile().walk(root):
            below = folder[len(root) :].strip("/")
            yield from (posixpath.join(below, name) for name in names)


def _raise_unreadable(error: OSError) -> None:
    raise PipelineError(
        f"Every folder below the data folder must be readable. Received: {error.filename}: "
        f"{error.strerror}. Change its permissions or move it away."
    ) from error


def list_subfolders(folder: str) -> list[str]:
    """Names of the folders directly in a folder, sorted."""
    if is_local(folder):
        # gfile fails on names that are not UTF-8.
        names = os.listdir(folder)
        return sorted(name for name in names if os.path.isdir(os.path.join(folder, name)))
    names = [name.rstrip("/") for name in _gfile().listdir(folder)]
    return sorted(name for name in names if _gfile().isdir(os.path.join(folder, name)))


def read_file(root: str, filename: str) -> bytes:
    """Reads one file of a data folder.

    Raises:
        OSError: It cannot be read.
        tf.errors.OpError: It cannot be read, for paths that are not local.
    """
    path = os.path.join(root, filename)
    if is_local(root):
        # Twice as fast as gfile for small files.
        with open(path, "rb") as file:
            return file.read()
    with _gfile().GFile(path, "rb") as file:
        content: bytes = file.read()
        return content


def why_not_a_file(root: str, filename: str) -> str | None:
    """Why a name must not be read, although it is there: a link out of the folder, a pipe.

    Returns:
        A reason to reject it; None for an ordinary file.
    """
    if not is_local(root):
        return None
    path = os.path.join(root, filename)
    if os.path.islink(path) and _leaves(root, path):
        return "link to a folder or out of the data folder"
    # A pipe, a socket or a device could keep its reader waiting for ever.
    if not os.path.isfile(path) and os.path.exists(path):
        return "not a regular file"
    return None


def _gfile() -> Any:
    # Not above: a local folder need not wait the seconds that TensorFlow takes to load.
    import tensorflow as tf

    return tf.io.gfile


def _leaves(root: str, link: str) -> bool:
    target = os.path.realpath(link)
    inside = os.path.commonpath([os.path.realpath(root), target]) == os.path.realpath(root)
    return os.path.isdir(target) or not inside


def printable(name: str) -> str:
    """The name with whatever is not UTF-8 replaced, so that it can be written anywhere."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def quote_names(names: Iterable[str]) -> str:
    """At most ten names, quoted, for a message."""
    shown = [repr(printable(name)) for name in names]
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return ", ".join(shown[:10]) + more
