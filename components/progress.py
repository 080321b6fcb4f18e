"""How the steps tell that they are alive: log records that a runner may show as it likes.

On a cluster they are lines in the log of a pod; `runner_local.py` makes a progress bar of them.
"""

import logging
import time

LOGGER = logging.getLogger(__name__)
SECONDS_BETWEEN_RECORDS = 0.2


class Progress:
    """Counts units of work and logs the count, at most five times a second.

    The log record carries `done`, `total` and `unit` as attributes.
    """

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
        LOGGER.info(
            "%d of %d %s %s",
            self._done,
            self._total,
            self._unit,
            detail,
            extra={"done": self._done, "total": self._total, "unit": self._unit, "detail": detail},
        )
