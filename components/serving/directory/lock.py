"""One at a time: whoever changes a serving directory, or gives it an identity, holds its lock."""

import contextlib
import errno
import fcntl
import os
import re
import time
import uuid
from collections.abc import Iterator

from components.errors import PipelineError
from components.serving.directory.layout import (
    IDENTITY_FILE,
    LOCK_FILE,
    make_model_folder,
    usable,
)
from components.serving.directory.release import find_actor
from components.storage import atomic_write

SECONDS_TO_WAIT = 120.0
_SECONDS_BETWEEN_TRIES = 0.1


@contextlib.contextmanager
def locked(model_folder: str, seconds: float = SECONDS_TO_WAIT) -> Iterator[None]:
    """Holds the lock of a serving directory; the system lets go of it when a process dies.

    Args:
        model_folder: `<serving>/<name>`, made if it is not there.
        seconds: How long to wait for another process.

    Raises:
        PipelineError: Another one still holds it, or the folder cannot be written or locked.
    """
    path = os.path.join(model_folder, LOCK_FILE)
    make_model_folder(model_folder)
    with usable(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _acquire(descriptor, path, seconds)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} of {find_actor()}\n".encode(), 0)
        yield
    finally:
        # Closing lets go.
        os.close(descriptor)


def identify(model_folder: str) -> str:
    """Reads the identity of a serving directory; gives it one if it has none, or a cut-off one.

    Raises:
        PipelineError: It cannot be made, read or written.
    """
    path = os.path.join(model_folder, IDENTITY_FILE)
    make_model_folder(model_folder)
    with usable(path):
        if identity := _read_identity(path):
            return identity
        with locked(model_folder):
            # Whoever held the lock before may have written one.
            if not _read_identity(path):
                atomic_write(path, uuid.uuid4().hex.encode())
        return _read_identity(path)


def _read_identity(path: str) -> str:
    """The identity; empty where there is none, or not all of one."""
    try:
        with open(path, "rb") as file:
            content = file.read().decode(errors="replace").strip()
    except FileNotFoundError:
        return ""
    return content if re.fullmatch("[0-9a-f]{32}", content) else ""


def _acquire(descriptor: int, path: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise PipelineError(
                    "The serving directory must be on a file system that locks files. "
                    f"Received: {path}: {error.strerror}. Give another folder."
                ) from error
        if time.monotonic() > deadline:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another"
            raise PipelineError(
                f"One process at a time may change a serving directory. Received: {path}, held by "
                f"{holder} for more than {seconds:g} s. Wait for it, or end it, and try again."
            )
        time.sleep(_SECONDS_BETWEEN_TRIES)
