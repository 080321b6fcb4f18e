"""Text on the terminal, as it is."""

from rich.console import Console


def print_plain(console: Console, text: object, style: str = "") -> None:
    """Prints text as it is: no markup in it, no coloring of numbers, no breaking of paths."""
    console.print(text, style=style or None, markup=False, highlight=False, soft_wrap=True)
