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


CASES = {
    "for the user": (PipelineError("No images."), "No images.", False),
    "annotated by Beam": (
        PipelineError("No images. [while running 'Write [train]/Write']"),
        "No images.",
        False,
    ),
    "full disk": (
        system_error(errno.ENOSPC, "/out/a"),
        f"The disk must have room for the artifacts. Received: /out/a: No space left on device. "
        f"{ROOM}",
        False,
    ),
    "full quota": (
        system_error(errno.EDQUOT, "/out/a"),
        f"The disk must have room for the artifacts. Received: /out/a: Disk quota exceeded. {ROOM}",
        False,
    ),
    "full disk, said by TensorFlow": (
        RuntimeError("/out/b; No space left on device"),
        "The disk must have room for the artifacts. "
        f"Received: /out/b; No space left on device. {ROOM}",
        False,
    ),
    "full disk, said by SQLite": (
        RuntimeError("sqlite3_exec failed: database or disk is full"),
        "The disk must have room for the artifacts. "
        f"Received: sqlite3_exec failed: database or disk is full. {ROOM}",
        False,
    ),
    "no permission": (
        system_error(errno.EACCES, "/out/a"),
        RIGHTS.format("/out/a: Permission denied"),
        False,
    ),
    "read-only": (
        system_error(errno.EROFS, "/out/a"),
        RIGHTS.format("/out/a: Read-only file system"),
        False,
    ),
    "no permission, said by TensorFlow": (
        RuntimeError("/out/b; Permission denied\nstack"),
        RIGHTS.format("/out/b; Permission denied"),
        False,
    ),
    "no permission, nameless": (
        system_error(errno.EPERM),
        RIGHTS.format("[Errno 1] Operation not permitted"),
        False,
    ),
    # Fault D15: these were unexpected errors, with a traceback in the log.
    "no memory": (MemoryError(), MEMORY.format("MemoryError: no message"), False),
    "no memory, said by the system": (
        system_error(errno.ENOMEM),
        MEMORY.format("OSError: [Errno 12] Cannot allocate memory"),
        False,
    ),
    "no memory for an array": (
        array_too_large(),
        MEMORY.format(
            "MemoryError: Unable to allocate 7.45 PiB for an array with shape "
            "(1048576000000000,) and data type float64"
        ),
        False,
    ),
    "no memory of a GPU": (
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[9]"),
        MEMORY.format("ResourceExhaustedError: OOM when allocating tensor with shape[9]"),
        False,
    ),
    "a killed process of a pool": (
        BrokenProcessPool("A process was terminated abruptly."),
        MEMORY.format("BrokenProcessPool: A process was terminated abruptly"),
        False,
    ),
    "no memory, told on by Beam": (
        RuntimeError("MemoryError [while running 'Decode']"),
        MEMORY.format("RuntimeError: MemoryError"),
        False,
    ),
    "full quota, said by a library": (
        RuntimeError("/out/c: Disk quota exceeded"),
        f"The disk must have room for the artifacts. Received: /out/c: Disk quota exceeded. {ROOM}",
        False,
    ),
    "another system error": (
        system_error(errno.ENOENT, "/x"),
        "FileNotFoundError: [Errno 2] No such file or directory: '/x'",
        True,
    ),
    "defect": (ValueError("\n \nbad shape\nof something"), "ValueError: bad shape", True),
    "defect without a message": (KeyError(), "KeyError: no message", True),
    "exit of a library": (SystemExit(3), "SystemExit: 3", True),
}


@pytest.mark.parametrize(("error", "message", "is_defect"), CASES.values(), ids=CASES)
def test_explain(error, message, is_defect):
    """Fault D15, among others: a lack of memory was an unexpected error."""
    assert explain(error) == (message, is_defect)


@pytest.mark.parametrize(
    ("error", "message"),
    [(error, message) for error, message, is_defect in CASES.values() if not is_defect],
    ids=[name for name, (_, _, is_defect) in CASES.items() if not is_defect],
)
@pytest.mark.parametrize("is_explicit", [True, False])
def test_explain_what_beam_wrapped(error, message, is_explicit):
    assert explain(wrapped(error, is_explicit)) == (message, False)


def test_a_wrapped_defect_is_called_what_was_raised_last():
    error = wrapped(ValueError("bad shape"), True)
    assert explain(error) == ("RuntimeError: x [while running 'Decode']", True)


def test_an_error_that_leads_to_itself():
    error = ValueError("round")
    error.__context__ = RuntimeError("trip")
    error.__context__.__context__ = error
    assert explain(error) == ("ValueError: round", True)


def test_a_long_message_is_cut():
    assert explain(ValueError("x" * 1000)) == ("ValueError: " + "x" * 500, True)


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
