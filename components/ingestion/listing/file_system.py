"""The files below a data folder, local or wherever `tf.io.gfile` reads."""

import contextlib
import csv
import errno
import os
import pathlib
import posixpath
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, TextIO, cast

from components.errors import PipelineError
from components.storage import UNFINISHED, replacing


def is_local(root: str) -> bool:
    """Whether a path is of this machine's own file system."""
    return "://" not in root


def check_folder(root: str) -> None:
    """Checks that a data folder exists.

    Raises:
        PipelineError: It does not.
    """
    if not folder_exists(root):
        raise PipelineError(f"The data folder must exist. Received: {root}. Check the path.")


def folder_exists(folder: str) -> bool:
    """Whether there is a folder of that name."""
    return bool(os.path.isdir(folder) if is_local(folder) else _gfile().isdir(folder))


def make_folder(folder: str) -> None:
    """Makes a folder, local or remote, unless it is there."""
    if is_local(folder):
        os.makedirs(folder, exist_ok=True)
    else:
        _gfile().makedirs(folder)


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
        for folder, _, names in _gfile().walk(root):
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


def list_subfolders(folder: str) -> list[str]:
    """Names of the folders directly in a folder, sorted."""
    if is_local(folder):
        # gfile fails on names that are not UTF-8.
        names = os.listdir(folder)
        return sorted(name for name in names if os.path.isdir(os.path.join(folder, name)))
    names = [name.rstrip("/") for name in _gfile().listdir(folder)]
    return sorted(name for name in names if _gfile().isdir(os.path.join(folder, name)))


def list_files(folder: str) -> list[str]:
    """Names of everything directly in a folder that is no folder, sorted."""
    if is_local(folder):
        names = os.listdir(folder)
        return sorted(name for name in names if not os.path.isdir(os.path.join(folder, name)))
    names = [name.rstrip("/") for name in _gfile().listdir(folder)]
    return sorted(name for name in names if not _gfile().isdir(os.path.join(folder, name)))


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
        remote = _gfile().stat(path)
        return f"{remote.length} {remote.mtime_nsec}"
    except Exception as error:
        # Also TensorFlow's errors, which must not be imported for a local folder.
        return f"unreadable: {error}"


def read_file(root: str, filename: str, most_bytes: int | None = None) -> bytes:
    """Reads one file of a data folder.

    Args:
        root: The data folder.
        filename: Path below it.
        most_bytes: Size above which a local file is not read; None for any size.

    Raises:
        OSError: It cannot be read, or is too large.
        tf.errors.OpError: It cannot be read, for paths that are not local.
    """
    path = os.path.join(root, filename)
    if is_local(root):
        # Twice as fast as gfile for small files.
        with open(path, "rb") as file:
            if most_bytes is not None and os.fstat(file.fileno()).st_size > most_bytes:
                raise OSError(errno.EFBIG, f"more than {most_bytes:,} bytes")
            return file.read()
    with _gfile().GFile(path, "rb") as file:
        content: bytes = file.read()
        return content


def create_file(path: str) -> BinaryIO:
    """Opens a new file, local or remote, to write bytes into."""
    if is_local(path):
        return open(path, "wb")
    return cast(BinaryIO, _gfile().GFile(path, "wb"))


def written_whole(path: str) -> contextlib.AbstractContextManager[str]:
    """Yields the name under which to write a file, then puts it in its place in one step.

    Beam may do a piece of work twice, also at the same time, and may end it anywhere.

    Args:
        path: The file, local or remote, which may exist.
    """
    return replacing(path, _rename, remove_file)


def write_file(folder: str, name: str, content: bytes) -> None:
    """Writes one file into a folder, local or remote, in one step."""
    with written_whole(os.path.join(folder, name)) as unfinished, create_file(unfinished) as file:
        file.write(content)


def put_in_place(unfinished: str, path: str) -> None:
    """Gives a file its name, local or remote, unless that was done before."""
    try:
        _rename(unfinished, path)
    except Exception:
        # TensorFlow's error that a file is not there is another than Python's.
        if _exists(unfinished) or not _exists(path):
            raise


def remove_unfinished(folder: str) -> None:
    """Removes from a folder, and those below it, the files that nobody writes any more."""
    if folder_exists(folder):
        for found in list(walk_files(folder)):
            if os.path.basename(found.filename).startswith(UNFINISHED):
                remove_file(os.path.join(folder, found.filename))


def open_text(path: str, mode: str) -> TextIO:
    """Opens a UTF-8 file, local or remote, with its line ends left alone, as CSV needs it."""
    if is_local(path):
        return cast(TextIO, open(path, mode, encoding="utf-8", newline=""))
    return cast(TextIO, _gfile().GFile(path, mode))


def write_rows(file: TextIO, rows: Iterable[Sequence[str]]) -> None:
    """Writes rows as CSV that Python reads again, whatever the names of files are."""
    plain = csv.writer(file, lineterminator="\n")
    # A carriage return alone is left unquoted otherwise, and refused by the reader.
    quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        (quoted if "\r" in "".join(row) else plain).writerow(row)


def remove_folder(folder: str) -> None:
    """Removes a folder and all that is in it, local or remote, if it is there."""
    if is_local(folder):
        shutil.rmtree(folder, ignore_errors=True)
    elif _gfile().isdir(folder):
        _gfile().rmtree(folder)


def remove_file(path: str) -> None:
    """Removes a file, local or remote, if it is there."""
    if is_local(path):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
    elif _gfile().exists(path):
        _gfile().remove(path)


def _rename(path: str, new: str) -> None:
    if is_local(path):
        os.replace(path, new)
    else:
        _gfile().rename(path, new, overwrite=True)


def _exists(path: str) -> bool:
    return bool(os.path.exists(path) if is_local(path) else _gfile().exists(path))


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


def _gfile() -> Any:
    # Not above: a local folder need not wait the seconds that TensorFlow takes to load.
    import tensorflow as tf

    return tf.io.gfile


def _leaves(root: str, link: str) -> bool:
    target = os.path.realpath(link)
    inside = os.path.commonpath([os.path.realpath(root), target]) == os.path.realpath(root)
    return os.path.isdir(target) or not inside


def lies_in(path: str, folder: str) -> bool:
    """Whether a path, which need not exist, is a folder or below it: by links and by case, too."""
    if not (is_local(path) and is_local(folder)):
        return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")
    real, root = os.path.realpath(path), os.path.realpath(folder)
    if os.path.commonpath([real, root]) == root:
        return True
    # On some file systems one folder has names that differ in case, or is mounted twice.
    return os.path.isdir(root) and any(
        os.path.samefile(parent, root)
        for parent in (real, *map(str, pathlib.PurePath(real).parents))
        if os.path.exists(parent)
    )


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


def printable(name: str) -> str:
    """The name with whatever is not UTF-8 replaced, so that it can be written anywhere."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def quote_names(names: Iterable[str]) -> str:
    """At most ten names, quoted, for a message."""
    shown = [repr(printable(name)) for name in names]
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return ", ".join(shown[:10]) + more
