"""Errors that are written for the person who runs the pipeline."""


class PipelineError(Exception):
    """A run cannot go on, for a reason that its user can understand and mend.

    The message says the rule, what was received, and what to do. Runners show it as it is,
    without a traceback; every other exception is shown as a defect, with the place of the log.
    """


LONGEST_LINE = 300


def first_line(error: BaseException) -> str:
    """What an error of a library says, as a part of a message: one line, without its full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:LONGEST_LINE].rstrip(".")
