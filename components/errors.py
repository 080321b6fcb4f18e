"""Errors that are written for the person who runs the pipeline."""

import os
import shlex
import sys


class PipelineError(Exception):
    """A run cannot go on, for a reason that its user can understand and mend.

    The message says the rule, what was received, and what to do. Runners show it as it is,
    without a traceback; every other exception is shown as a defect, with the place of the log.
    """


LONGEST_LINE = 300


def command(module: str, *arguments: str) -> str:
    """What to type to call a command of this project, from the current directory.

    Args:
        module: Such as "pipeline.schema".
        arguments: As they are; they are quoted where a shell needs it.
    """
    python = os.path.relpath(sys.executable)
    # An interpreter somewhere else is easier to read by its whole path.
    shown = sys.executable if python.startswith("..") else python
    # -P: a file of the user's, such as random.py, is not taken for a module.
    return shlex.join([shown, "-P", "-m", module, *arguments])


def first_line(error: BaseException) -> str:
    """What an error of a library says, as a part of a message: one line, without its full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:LONGEST_LINE].rstrip(".")
