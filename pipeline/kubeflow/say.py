"""What commands say on the terminal, and tasks in the logs of their pods."""

import sys


def say(text: str) -> None:
    """Prints text at once: whoever waits wants to see it, and a pod may be killed at any time."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
