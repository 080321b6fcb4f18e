"""Progress of a long step -> a line in the log of its pod, now and then."""

import logging
import time
from collections.abc import Callable

LOGGER = "components.progress"
SECONDS_BETWEEN_LINES = 10.0


class ProgressLines(logging.Handler):
    """Turns the log records of `components.progress` into lines."""

    def __init__(self, say: Callable[[str], None]):
        super().__init__(logging.INFO)
        self._say = say
        self._said_at = time.monotonic()

    @classmethod
    def install(cls, say: Callable[[str], None]) -> None:
        """Begins to listen."""
        logger = logging.getLogger(LOGGER)
        logger.addHandler(cls(say))
        logger.setLevel(logging.INFO)
        # Ours is the only line that people need of it.
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Says one record, if the last was said long enough ago."""
        now = time.monotonic()
        if now - self._said_at < SECONDS_BETWEEN_LINES:
            return
        self._said_at = now
        values = record.__dict__
        total = f"/{values['total']:,}" if values["total"] else ""
        self._say(f"{values['done']:,}{total} {values['unit']} {values['detail']}".rstrip())
