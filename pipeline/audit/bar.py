"""Log records of the components -> a bar on the terminal, and nothing else of theirs."""

import contextlib
import logging
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from components import progress

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
    handler = _BarHandler(bar, bar.add_task(description, total=None))
    with bar, _listening(handler), _quiet():
        yield


@contextlib.contextmanager
def _listening(handler: logging.Handler) -> Iterator[None]:
    logger = progress.LOGGER
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates


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


class _BarHandler(logging.Handler):
    def __init__(self, bar: Progress, task: TaskID):
        super().__init__()
        self._bar = bar
        self._task = task

    def emit(self, record: logging.LogRecord) -> None:
        done, total = getattr(record, "done", 0), getattr(record, "total", 0)
        unit = getattr(record, "unit", "")
        of_total = f" of {total:,}" if total else ""
        self._bar.update(
            self._task,
            completed=done,
            total=total or None,
            description=f"{done:,}{of_total} {unit}",
        )
