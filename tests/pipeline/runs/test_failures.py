import errno
import os
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
import tensorflow as tf

from components.errors import PipelineError
from pipeline.runs.failures import explain

ROOM = "Free some space, or choose another folder with --output and --serving."
MEMORY = (
    "The step ran out of memory. Received: {}. Free some memory, or use smaller images or batches."
)
RIGHTS = (
    "All folders of the run must be readable, and those of --output and --serving writable. "
    "Received: {}. Change the permissions or choose other folders."
)


def system_error(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path)


def array_too_large() -> MemoryError:
    with pytest.raises(MemoryError) as caught:
        np.empty(1_048_576_000_000_000)
    return caught.value


DISK = "The disk must have room for the artifacts. Received: {}. " + ROOM
FOR_USERS = {
    "for the user": (PipelineError("No images."), "No images."),
    "annotated by Beam": (PipelineError("No images. [while running 'Write/Write']"), "No images."),
    "full disk": (
        system_error(errno.ENOSPC, "/out/a"),
        DISK.format("/out/a: No space left on device"),
    ),
    "full disk, said by TensorFlow": (
        RuntimeError("/out/b; No space left on device"),
        DISK.format("/out/b; No space left on device"),
    ),
    "full disk, said by SQLite": (
        RuntimeError("sqlite3_exec failed: database or disk is full"),
        DISK.format("sqlite3_exec failed: database or disk is full"),
    ),
    "full quota, said by a library": (
        RuntimeError("/out/c: Disk quota exceeded"),
        DISK.format("/out/c: Disk quota exceeded"),
    ),
    "no permission": (
        system_error(errno.EACCES, "/out/a"),
        RIGHTS.format("/out/a: Permission denied"),
    ),
    "no permission, said by TensorFlow": (
        RuntimeError("/out/b; Permission denied\nstack"),
        RIGHTS.format("/out/b; Permission denied"),
    ),
    "no permission, nameless": (
        system_error(errno.EPERM),
        RIGHTS.format("[Errno 1] Operation not permitted"),
    ),
    "no memory": (MemoryError(), MEMORY.format("MemoryError: no message")),
    "no memory, said by the system": (
        system_error(errno.ENOMEM),
        MEMORY.format("OSError: [Errno 12] Cannot allocate memory"),
    ),
    "no memory for an array": (
        array_too_large(),
        MEMORY.format(
            "MemoryError: Unable to allocate 7.45 PiB for an array with shape "
            "(1048576000000000,) and data type float64"
        ),
    ),
    "no memory of a GPU": (
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[9]"),
        MEMORY.format("ResourceExhaustedError: OOM when allocating tensor with shape[9]"),
    ),
    "a killed process of a pool": (
        BrokenProcessPool("A process was terminated abruptly."),
        MEMORY.format("BrokenProcessPool: A process was terminated abruptly"),
    ),
    "no memory, told on by Beam": (
        RuntimeError("MemoryError [while running 'Decode']"),
        MEMORY.format("RuntimeError: MemoryError"),
    ),
}


@pytest.mark.parametrize(("error", "message"), FOR_USERS.values(), ids=FOR_USERS)
def test_what_a_user_can_fix(error, message):
    """Fault D15, among others: a lack of memory was an unexpected error."""
    assert explain(error) == (message, False)
    for is_explicit in (True, False):
        assert explain(wrapped(error, is_explicit)) == (message, False)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            system_error(errno.ENOENT, "/x"),
            "FileNotFoundError: [Errno 2] No such file or directory: '/x'",
        ),
        (ValueError("\n \nbad shape\nof something"), "ValueError: bad shape"),
        (ValueError("x" * 1000), "ValueError: " + "x" * 500),
        (KeyError(), "KeyError: no message"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_what_is_unexpected(error, message):
    assert explain(error) == (message, True)


def test_a_wrapped_defect_is_called_what_was_raised_last():
    error = wrapped(ValueError("bad shape"), True)
    assert explain(error) == ("RuntimeError: x [while running 'Decode']", True)


def test_an_error_that_leads_to_itself():
    error = ValueError("round")
    error.__context__ = RuntimeError("trip")
    error.__context__.__context__ = error
    assert explain(error) == ("ValueError: round", True)


def wrapped(error: BaseException, is_explicit: bool) -> RuntimeError:
    try:
        try:
            raise error
        except BaseException as inner:
            if is_explicit:
                raise RuntimeError("x [while running 'Decode']") from inner
            raise RuntimeError("x [while running 'Decode']")  # noqa: B904
    except RuntimeError as outer:
        return outer
