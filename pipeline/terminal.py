"""Text on the terminal, and in the logs of pods, as it is."""

from __future__ import annotations

import sys
import typing

if typing.TYPE_CHECKING:
    from rich.console import Console


def print_plain(console: Console, text: object, style: str = "") -> None:
    """Prints text as it is: no markup in it, no coloring of numbers, no breaking of paths."""
    console.print(text, style=style or None, markup=False, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Prints text at once: whoever waits wants to see it, and a pod may be killed at any time."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
