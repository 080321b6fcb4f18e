"""An exception -> one readable error."""

import errno
import re
from collections.abc import Iterator

from components.errors import PipelineError

DISK_FULL_ERRORS = (errno.ENOSPC, errno.EDQUOT)
DISK_FULL_WORDS = (
    "No space left on device",
    "Disk quota exceeded",
    "database or disk is full",
)
"""What the system and SQLite say; libraries put it into exceptions of their own."""
PERMISSION_ERRORS = (errno.EACCES, errno.EPERM, errno.EROFS)
PERMISSION_WORDS = ("Permission denied", "Read-only file system")
MEMORY_ERRORS = (errno.ENOMEM,)
MEMORY_WORDS = (
    "MemoryError",
    "Cannot allocate memory",
    "std::bad_alloc",
    "OOM when allocating",
    "failed to allocate memory",
    "Out of memory",
)
"""What Python's, the system's, C++'s, TensorFlow's and a GPU's errors say when they are told on."""
MEMORY_CLASSES = ("MemoryError", "ResourceExhaustedError", "BrokenProcessPool", "ProcessExpired")
"""By name, since TensorFlow is not loaded here. A pool breaks when a process of it is killed."""
KILLED_FOR_MEMORY = "The step was killed, most likely by the system because it was out of memory."
FREE_MEMORY = "Free some memory, or use smaller images or batches."

# Beam appends its own step to the message of what a step raised.
_BEAM_STEP = re.compile(r" \[while running '.*'\]$")


def explain(error: BaseException) -> tuple[str, bool]:
    """Finds the words for what went wrong.

    Args:
        error: What a step raised, perhaps wrapped by Beam.

    Returns:
        The message, and whether it is a defect, whose cause only the log shows.
    """
    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, PipelineError):
            return _BEAM_STEP.sub("", str(cause)), False
    for cause in chain:
        message = _explain_system(cause)
        if message:
            return message, False
    return f"{type(error).__name__}: {_first_line(error)}", True


def _explain_system(cause: BaseException) -> str:
    """What the user can do about the machine; empty if that is not the cause."""
    if _is_system_error(cause, DISK_FULL_ERRORS, DISK_FULL_WORDS):
        return (
            f"The disk must have room for the artifacts. Received: {_received(cause)}. "
            "Free some space, or choose another folder with --output and --serving."
        )
    if _is_system_error(cause, PERMISSION_ERRORS, PERMISSION_WORDS):
        return (
            "All folders of the run must be readable, and those of --output and --serving "
            f"writable. Received: {_received(cause)}. Change the permissions or choose other "
            "folders."
        )
    if _is_system_error(cause, MEMORY_ERRORS, MEMORY_WORDS) or _is_of_memory(cause):
        return f"The step ran out of memory. Received: {_named(cause)}. {FREE_MEMORY}"
    return ""


def _is_of_memory(cause: BaseException) -> bool:
    return any(kind.__name__ in MEMORY_CLASSES for kind in type(cause).__mro__)


def _named(cause: BaseException) -> str:
    return _BEAM_STEP.sub("", f"{type(cause).__name__}: {_first_line(cause)}").rstrip(".")


def _is_system_error(
    cause: BaseException, numbers: tuple[int, ...], words: tuple[str, ...]
) -> bool:
    if isinstance(cause, OSError) and cause.errno in numbers:
        return True
    return any(said in str(cause) for said in words)


def _received(cause: BaseException) -> str:
    if isinstance(cause, OSError) and cause.filename:
        return f"{cause.filename}: {cause.strerror}"
    return _first_line(cause)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that led to it."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0][:500] if lines else "no message"
