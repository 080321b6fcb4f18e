"""A command as a process of its own: what Python does not do by itself at its end."""

import io
import os
import sys
from collections.abc import Callable, Sequence

FAILED = 1


def run_command(
    main: Callable[[Sequence[str]], int], unshowable: str, cut_short: int = FAILED
) -> int:
    """Runs a command with the arguments of the process.

    Args:
        main: From arguments to the exit status.
        unshowable: How characters that standard output cannot show are written, as of
            `io.TextIOWrapper.reconfigure`.
        cut_short: The exit status when the reader, such as `head`, had enough.

    Returns:
        The exit status.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=unshowable)
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return cut_short
    return status
