"""Files that nobody ever sees half-written, and that survive a power cut."""

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator

UNFINISHED = ".unfinished-"
"""Begin of the name of a file that is being written."""


def atomic_write(path: str, content: bytes) -> None:
    """Writes a file beside its place, flushes it, and puts it there in one step.

    Any number of processes may write the same file at once: one of them is the last, and whoever
    reads meanwhile gets the whole of one of them.

    Args:
        path: The file, which may exist, in a folder that does.
        content: All of it.
    """
    # Unlike tempfile's, a file that others may read as the umask says.
    with replacing(path, os.replace, os.remove) as unfinished, open(unfinished, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    flush_folder(os.path.dirname(path) or ".")


def unfinished_name(path: str) -> str:
    """A name beside a file, of this attempt at writing it alone."""
    # Not made from the file's name, which may be as long as a name can be.
    return os.path.join(os.path.dirname(path) or ".", f"{UNFINISHED}{uuid.uuid4().hex}")


@contextlib.contextmanager
def replacing(
    path: str, rename: Callable[[str, str], None], remove: Callable[[str], None]
) -> Iterator[str]:
    """Yields the name under which to write a file, then puts it in its place in one step.

    Args:
        path: The file, which may exist.
        rename: Replaces what there is.
        remove: Removes a file.
    """
    unfinished = unfinished_name(path)
    with removing_if_failed(unfinished, remove):
        yield unfinished
        rename(unfinished, path)


@contextlib.contextmanager
def removing_if_failed(path: str, remove: Callable[[str], None]) -> Iterator[None]:
    """Removes a file if it cannot be written to its end."""
    try:
        yield
    except BaseException:
        # What went wrong first is what has to be told.
        with contextlib.suppress(Exception):
            remove(path)
        raise


def flush_folder(folder: str) -> None:
    """Makes what was created, renamed and removed in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
