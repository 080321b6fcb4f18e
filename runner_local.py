"""Runs the pipeline on this machine: `python runner_local.py [--data FOLDER] [flags]`.

Exit status: 0 the model was released and pushed, 1 the run failed, 2 wrong use, 3 the model was
refused, 130 interrupted, by Ctrl-C or by SIGTERM.
"""

import signal
import sys

from rich.console import Console

from pipeline.command_line import parse_arguments
from pipeline.local import supervisor


def main() -> int:
    """Parses the command line, runs the pipeline, returns the exit status."""
    # What stops services and containers is to stop the steps as well, like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = parse_arguments(sys.argv[1:])
    console = Console()
    if arguments.is_sample:
        console.print(
            "No --data and no --config: this is the sample, 2,000 images of Fashion-MNIST.",
            highlight=False,
        )
    try:
        return supervisor.run(arguments.config, console)
    except KeyboardInterrupt:
        return supervisor.INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
