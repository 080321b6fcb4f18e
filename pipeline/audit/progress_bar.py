"""Progress of the components -> a bar on the terminal, and nothing else of theirs."""

import contextlib
import logging
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from components.progress import StepProgress, listening

# What they warn of is for developers, or comes back as a finding.
QUIET = ("apache_beam", "root", "PIL")


@contextlib.contextmanager
def show_progress(console: Console, description: str) -> Iterator[None]:
    """Shows a bar while the components count; on what is no terminal, nothing.

    Args:
        console: The terminal, or a file.
        description: Shown until the components count something.
    """
    bar = Progress(
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task(description, total=None)

    def update(progress: StepProgress) -> None:
        shown = str(progress)
        bar.update(task, completed=progress.done, total=progress.total or None, description=shown)

    with bar, listening(update), _quiet():
        yield


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    loggers = [logging.getLogger(None if name == "root" else name) for name in QUIET]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
