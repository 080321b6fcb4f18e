"""Files that nobody ever sees half-written, and that survive a power cut."""

import contextlib
import os
import uuid


def write_whole(path: str, content: bytes) -> None:
    """Writes a file beside its place, flushes it, and puts it there in one step.

    Any number of processes may write the same file at once: one of them is the last, and whoever
    reads meanwhile gets the whole of one of them.

    Args:
        path: The file, which may exist, in a folder that does.
        content: All of it.
    """
    folder = os.path.dirname(path) or "."
    # A name of its own, and not made from the file's, which may be as long as a name can be.
    unfinished = os.path.join(folder, f".unfinished-{uuid.uuid4().hex}")
    try:
        # Unlike tempfile's, a file that others may read as the umask says.
        with open(unfinished, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(unfinished)
        raise
    flush_folder(folder)


def flush_folder(folder: str) -> None:
    """Makes what was created, renamed and removed in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
