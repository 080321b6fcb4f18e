"""Files, local or wherever `tf.io.gfile` reads: a whole one or none is what others ever see."""

import contextlib
import csv
import errno
import os
import pathlib
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, TextIO, cast

UNFINISHED = ".unfinished-"
"""Begin of the name of a file that is being written."""


def is_local(path: str) -> bool:
    """Whether a path is of this machine's own file system."""
    return "://" not in path


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


def folder_exists(folder: str) -> bool:
    """Whether there is a folder of that name."""
    return bool(os.path.isdir(folder) if is_local(folder) else gfile().isdir(folder))


def make_folder(folder: str) -> None:
    """Makes a folder, unless it is there."""
    if is_local(folder):
        os.makedirs(folder, exist_ok=True)
    else:
        gfile().makedirs(folder)


def remove_folder(folder: str) -> None:
    """Removes a folder and all that is in it, if it is there."""
    if is_local(folder):
        shutil.rmtree(folder, ignore_errors=True)
    elif gfile().isdir(folder):
        gfile().rmtree(folder)


def list_subfolders(folder: str) -> list[str]:
    """Names of the folders directly in a folder, sorted."""
    return [name for name in _list(folder) if folder_exists(os.path.join(folder, name))]


def list_files(folder: str) -> list[str]:
    """Names of everything directly in a folder that is no folder, sorted."""
    return [name for name in _list(folder) if not folder_exists(os.path.join(folder, name))]


def read_file(folder: str, name: str, most_bytes: int | None = None) -> bytes:
    """Reads one file.

    Args:
        folder: Where it is.
        name: Path below it.
        most_bytes: Size above which a local file is not read; None for any size.

    Raises:
        OSError: It cannot be read, or is too large.
        tf.errors.OpError: It cannot be read, for paths that are not local.
    """
    path = os.path.join(folder, name)
    if is_local(folder):
        # Twice as fast as gfile for small files.
        with open(path, "rb") as file:
            if most_bytes is not None and os.fstat(file.fileno()).st_size > most_bytes:
                raise OSError(errno.EFBIG, f"more than {most_bytes:,} bytes")
            return file.read()
    with gfile().GFile(path, "rb") as file:
        content: bytes = file.read()
        return content


def atomic_write(path: str, content: bytes) -> None:
    """Writes a local file beside its place, flushes it, and puts it there in one step.

    Any number of processes may write the same file at once: one of them is the last, and whoever
    reads meanwhile gets the whole of one of them.

    Args:
        path: The file, which may exist, in a folder that does.
        content: All of it.
    """
    # Unlike tempfile's, a file that others may read as the umask says.
    with replacing(path) as unfinished, open(unfinished, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    flush_folder(os.path.dirname(path) or ".")


def write_file(folder: str, name: str, content: bytes) -> None:
    """Writes one file into a folder in one step, without waiting for the disk."""
    with replacing(os.path.join(folder, name)) as unfinished, create_file(unfinished) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """Yields the name under which to write a file, then puts it in its place in one step.

    Beam may do a piece of work twice, also at the same time, and may end it anywhere.

    Args:
        path: The file, which may exist.
    """
    unfinished = unfinished_name(path)
    with removing_if_failed(unfinished):
        yield unfinished
        _rename(unfinished, path)


def unfinished_name(path: str) -> str:
    """A name beside a file, of this attempt at writing it alone."""
    # Not made from the file's name, which may be as long as a name can be.
    return os.path.join(os.path.dirname(path) or ".", f"{UNFINISHED}{uuid.uuid4().hex}")


@contextlib.contextmanager
def removing_if_failed(path: str) -> Iterator[None]:
    """Removes a file if it cannot be written to its end."""
    try:
        yield
    except BaseException:
        # What went wrong first is what has to be told.
        with contextlib.suppress(Exception):
            remove_file(path)
        raise


def put_in_place(unfinished: str, path: str) -> None:
    """Gives a file its name, unless that was done before."""
    try:
        _rename(unfinished, path)
    except Exception:
        # TensorFlow's error that a file is not there is another than Python's.
        if _exists(unfinished) or not _exists(path):
            raise


def remove_unfinished(folder: str) -> None:
    """Removes from a folder, and those below it, the files that nobody writes any more."""
    for parent, _, names in (os.walk if is_local(folder) else gfile().walk)(folder):
        for name in names:
            if name.startswith(UNFINISHED):
                remove_file(os.path.join(parent, name))


def remove_file(path: str) -> None:
    """Removes a file, if it is there."""
    if is_local(path):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
    elif gfile().exists(path):
        gfile().remove(path)


def flush_folder(folder: str) -> None:
    """Makes what was created, renamed and removed in a local folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create_file(path: str) -> BinaryIO:
    """Opens a new file to write bytes into."""
    return open(path, "wb") if is_local(path) else cast(BinaryIO, gfile().GFile(path, "wb"))


def open_text(path: str, mode: str) -> TextIO:
    """Opens a UTF-8 file with its line ends left alone, as CSV needs it."""
    if is_local(path):
        return cast(TextIO, open(path, mode, encoding="utf-8", newline=""))
    return cast(TextIO, gfile().GFile(path, mode))


def write_rows(file: TextIO, rows: Iterable[Sequence[str]]) -> None:
    """Writes rows as CSV that Python reads again, whatever the names of files are."""
    plain = csv.writer(file, lineterminator="\n")
    # A carriage return alone is left unquoted otherwise, and refused by the reader.
    quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        (quoted if "\r" in "".join(row) else plain).writerow(row)


def gfile() -> Any:
    """TensorFlow's file systems, for paths that are not local."""
    # Not above: a local folder need not wait the seconds that TensorFlow takes to load.
    import tensorflow as tf

    return tf.io.gfile


def _list(folder: str) -> list[str]:
    # gfile fails on names that are not UTF-8.
    names = os.listdir(folder) if is_local(folder) else gfile().listdir(folder)
    return sorted(name.rstrip("/") for name in names)


def _rename(path: str, new: str) -> None:
    if is_local(path):
        os.replace(path, new)
    else:
        gfile().rename(path, new, overwrite=True)


def _exists(path: str) -> bool:
    return bool(os.path.exists(path) if is_local(path) else gfile().exists(path))
