"""A folder of its own for all that the processes of a run leave among temporary files.

The libraries remove theirs when Python ends, which a worker that is killed, or leaves its threads
behind, does not let it do. A parent that is killed leaves the folder to the next run.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator

from components.errors import PipelineError
from components.storage import atomic_write

PREFIX = "run-"
OWNER_FILE = ".owner"
"""In the temporary folder: the path of its record. Locked while a process of the run lives."""
RECORD = "temporary_folder"
"""In the folder of the run: the path of its temporary folder."""


@contextlib.contextmanager
def temporary_folder(run_folder: str) -> Iterator[tuple[str, int]]:
    """Makes the folder for a run and removes it, and first those that killed runs have left.

    Args:
        run_folder: Of the run, beside those of the earlier ones.

    Yields:
        Its path, short enough for the sockets in it, and a file descriptor for the worker to keep
        open: while it does, nobody takes the folder for abandoned.

    Raises:
        PipelineError: It cannot be made.
    """
    runs = os.path.dirname(run_folder)
    for run in os.listdir(runs):
        _remove_abandoned(os.path.join(runs, run, RECORD))
    record = os.path.join(run_folder, RECORD)
    try:
        folder = tempfile.mkdtemp(prefix=PREFIX)
        descriptor = _own(folder, record)
    except OSError as error:
        raise PipelineError(
            "The folder for temporary files must be writable. Received: "
            f"{tempfile.gettempdir()}: {error.strerror}. Set TMPDIR to another folder."
        ) from error
    try:
        yield folder, descriptor
    finally:
        os.close(descriptor)
        _remove(folder, record)


def _own(folder: str, record: str) -> int:
    descriptor = os.open(os.path.join(folder, OWNER_FILE), os.O_RDWR | os.O_CREAT | os.O_EXCL)
    # Where nothing can be locked, nothing is ever taken for abandoned.
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.write(descriptor, os.fsencode(os.path.realpath(record)))
    atomic_write(record, os.fsencode(folder))
    return descriptor


def _remove_abandoned(record: str) -> None:
    # No record, no folder (of another machine, or gone with a restart), not ours, or in use.
    with contextlib.suppress(OSError):
        with open(record, "rb") as file:
            folder = os.fsdecode(file.read())
        with open(os.path.join(folder, OWNER_FILE), "rb") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if owner.read() == os.fsencode(os.path.realpath(record)):
                _remove(folder, record)


def _remove(folder: str, record: str) -> None:
    """Removes a folder; what tells whose it is goes last, so that the next run can finish that.

    A process that was just killed may still write: then the next run finds the rest.
    """
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        elif entry.name != OWNER_FILE:
            with contextlib.suppress(OSError):
                os.remove(entry.path)
    if os.listdir(folder) == [OWNER_FILE]:
        shutil.rmtree(folder, ignore_errors=True)
        os.remove(record)
