"""One run at a time in an output folder, which may remove what killed ones left there."""

import datetime
import errno
import fcntl
import os
import re
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager

from components.errors import PipelineError
from components.serving.directory.release import find_actor
from components.text import escape_unprintable
from pipeline.config import PipelineConfig
from pipeline.paths import artifacts_folder, metadata_file, output_folder

LOCK_FILE = ".run_lock"
SECONDS_FOR_A_WORKER = 20.0
"""What the worker of a parent that was killed gets to end."""


@contextmanager
def locked_output(folder: str) -> Iterator[int | None]:
    """Holds the lock of an output folder; the system lets go of it when its holders have died.

    Args:
        folder: `<output>/<name>`, which is made.

    Yields:
        The file descriptor, for a worker that shall hold it too; None where there is no lock to be
        had: two runs at once do not read each other's records, but do not know of each other.

    Raises:
        PipelineError: Another run is at it.
    """
    path = os.path.join(folder, LOCK_FILE)
    try:
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        descriptor = None
    if descriptor is None:
        # Whoever makes the folder of the run says why it cannot be written.
        yield None
        return
    try:
        yield descriptor if _acquire(descriptor, path) else None
    finally:
        os.close(descriptor)


def remove_leftovers(config: PipelineConfig) -> None:
    """Removes what the steps of killed runs wrote, and ends their executions as failed.

    Only where this run holds the lock, which says that no other is at it.
    """
    if not (_is_locked(output_folder(config)) and os.path.exists(metadata_file(config))):
        return
    # Not above: the parent of a run that nobody interrupts need not wait for ML Metadata.
    from pipeline.runs.records import StepRecords, find_unfinished, sqlite_connection

    connection = sqlite_connection(metadata_file(config))
    for run, step in find_unfinished(connection, config.name):
        records = StepRecords(connection, config.name, run)
        records.remove_leftovers(step, artifacts_folder(config))


def _acquire(descriptor: int, path: str) -> bool:
    """Takes the lock, and says who has it; returns whether there are locks at all."""
    deadline = time.monotonic() + SECONDS_FOR_A_WORKER
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return False
        holder = os.pread(descriptor, 500, 0).decode(errors="replace").strip()
        if not _has_died(holder) or time.monotonic() > deadline:
            raise _in_use(path, holder)
        time.sleep(0.1)
    since = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} of {find_actor()} since {since}\n".encode(), 0)
    return True


def _in_use(path: str, holder: str) -> PipelineError:
    return PipelineError(
        f"One run at a time may use an output folder. Received: {os.path.dirname(path)}, used by "
        f"{escape_unprintable(holder) or 'another process'}. Wait for it, or let the shell wait: "
        f"flock {shlex.quote(path)} true; or give another --output or --name."
    )


def _has_died(holder: str) -> bool:
    """Whether whoever took the lock was killed on this machine, so that its worker is to end."""
    found = re.match(r"process (\d+) of (\S+) since ", holder)
    if found is None or found[2].rpartition("@")[2] != find_actor().rpartition("@")[2]:
        return False
    return not os.path.exists(f"/proc/{found[1]}")


def _is_locked(folder: str) -> bool:
    try:
        with open(os.path.join(folder, LOCK_FILE), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES)
