"""How the steps tell that they are alive, and who hears it.

On a cluster it becomes lines in the log of a pod; `runner_local.py` makes a progress bar of it.
"""

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Iterator

LOGGER = logging.getLogger(__name__)
SECONDS_BETWEEN_RECORDS = 0.2


@dataclasses.dataclass(frozen=True)
class StepProgress:
    """A step goes on.

    Attributes:
        done: Units that are done.
        total: Units there are; 0 if nobody knows.
        unit: What is counted, such as "images read".
        detail: A few words more.
    """

    done: int
    total: int
    unit: str
    detail: str = ""

    def __str__(self) -> str:
        """Such as "1,234/2,000 images read"."""
        total = f"/{self.total:,}" if self.total else ""
        return f"{self.done:,}{total} {self.unit} {self.detail}".rstrip()


Tell = Callable[[StepProgress], None]


@contextlib.contextmanager
def listening(tell: Tell, *, is_logged: bool = False) -> Iterator[None]:
    """Hands on what the steps tell.

    Args:
        tell: Takes it.
        is_logged: Whether it stands in the log as well.
    """
    level, propagates = LOGGER.level, LOGGER.propagate
    handler = _Handler(tell)
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = is_logged
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(level)
        LOGGER.propagate = propagates


class _Handler(logging.Handler):
    def __init__(self, tell: Tell):
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        # Of the logger, whose only argument it is.
        if isinstance(record.args, tuple) and isinstance(record.args[0], StepProgress):
            self._tell(record.args[0])


class Progress:
    """Counts units of work and tells the count, at most five times a second."""

    def __init__(self, unit: str, total: int):
        """Starts at zero.

        Args:
            unit: What is counted, such as "images read".
            total: How many there will be; 0 if nobody knows.
        """
        self._unit = unit
        self._total = total
        self._done = 0
        self._next_record = 0.0

    def advance(self, detail: str = "", units: int = 1) -> None:
        """Counts more units, one unless told otherwise, with a few words to show beside them."""
        self._done += units
        now = time.monotonic()
        if now < self._next_record and self._done != self._total:
            return
        self._next_record = now + SECONDS_BETWEEN_RECORDS
        LOGGER.info("%s", StepProgress(self._done, self._total, self._unit, detail))
