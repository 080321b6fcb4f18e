"""One run at a time in an output folder: the second is told who is at it."""

import datetime
import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from components.errors import PipelineError
from components.serving.directory.release import find_actor
from components.visible import visible

LOCK_FILE = ".run_lock"


@contextmanager
def locked_output(folder: str) -> Iterator[int | None]:
    """Holds the lock of an output folder; the system lets go of it when its holders have died.

    Args:
        folder: `<output>/<name>`, which is made.

    Yields:
        The file descriptor, for a worker that shall hold it too; None where nothing can be locked.

    Raises:
        PipelineError: Another run is at it.
    """
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, LOCK_FILE)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise _held(descriptor, path) from error
            # A file system without locks: records are found by run all the same.
            yield None
            return
        since = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} of {find_actor()} since {since}".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _held(descriptor: int, path: str) -> PipelineError:
    holder = visible(os.pread(descriptor, 200, 0).decode(errors="replace").strip()) or "another"
    return PipelineError(
        f"One run at a time may use an output folder. Received: {path}, held by {holder}. Wait for "
        f"it, for example with: flock {path} true; or give another --output or --name."
    )
