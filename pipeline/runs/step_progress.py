"""What the steps tell of their progress: the log records of `components.progress`."""

import dataclasses
import logging
from collections.abc import Callable

LOGGER = "components.progress"


@dataclasses.dataclass(frozen=True)
class StepProgress:
    """A step goes on.

    Attributes:
        done: Units that are done.
        total: Units there are; 0 if nobody knows.
        unit: What is counted.
        detail: A few words more.
    """

    done: int
    total: int
    unit: str
    detail: str

    def in_words(self) -> str:
        """Such as "1,234/2,000 images "."""
        total = f"/{self.total:,}" if self.total else ""
        return f"{self.done:,}{total} {self.unit} {self.detail}"


class ProgressHandler(logging.Handler):
    """Hands on what the steps tell."""

    def __init__(self, tell: Callable[[StepProgress], None]):
        super().__init__(logging.INFO)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Passes one record on."""
        values = record.__dict__
        self._tell(StepProgress(values["done"], values["total"], values["unit"], values["detail"]))


def listen(handler: ProgressHandler) -> logging.Logger:
    """Begins to hand on; returns the logger."""
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return logger
