"""What `python -m pipeline.predict` runs."""

import io
import os
import sys

from pipeline.predict.asking import FAILED, main


def run() -> int:
    """Runs the command as a process of its own.

    Returns:
        The exit status.
    """
    # Linux allows any bytes as a file name; they come out as they went in.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return status


if __name__ == "__main__":
    sys.exit(run())
