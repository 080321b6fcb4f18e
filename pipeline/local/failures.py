"""An exception -> one readable error."""

import errno
from collections.abc import Iterator

from components.errors import PipelineError

DISK_FULL = "No space left on device"


class InterruptionError(Exception):
    """The user pressed Ctrl-C.

    Not a KeyboardInterrupt: TFX marks a step as failed, and removes its half-written output, only
    for exceptions of the ordinary kind.
    """


def explain(error: BaseException) -> tuple[str, bool]:
    """Finds the words for what went wrong.

    Args:
        error: What a step raised, perhaps wrapped by Beam.

    Returns:
        The message, and whether it is a defect, whose cause only the log shows.
    """
    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, PipelineError | InterruptionError):
            return str(cause), False
    for cause in chain:
        if getattr(cause, "errno", None) == errno.ENOSPC or DISK_FULL in str(cause):
            return (
                "The disk must have room for the artifacts. Received: "
                f"{DISK_FULL}: {getattr(cause, 'filename', None) or _first_line(cause)}. "
                "Free some space, or choose another folder with --output and --serving.",
                False,
            )
        if isinstance(cause, PermissionError):
            return (
                "All folders of the run must be readable, and those of --output and --serving "
                f"writable. Received: {cause}. Change the permissions or choose other folders.",
                False,
            )
    return f"{type(error).__name__}: {_first_line(error)}", True


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
