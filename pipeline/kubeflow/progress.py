"""Progress of a long step -> a line in the log of its pod, now and then."""

import time
from collections.abc import Callable

from pipeline.runs.step_progress import ProgressHandler, StepProgress, listen

SECONDS_BETWEEN_LINES = 10.0


class ProgressLines(ProgressHandler):
    """Turns progress into lines."""

    def __init__(self, say: Callable[[str], None]):
        super().__init__(self._show)
        self._say = say
        self._said_at = time.monotonic()

    @classmethod
    def install(cls, say: Callable[[str], None]) -> None:
        """Begins to listen."""
        # Ours is the only line that people need of it.
        listen(cls(say)).propagate = False

    def _show(self, progress: StepProgress) -> None:
        """Says it, if the last was said long enough ago."""
        now = time.monotonic()
        if now - self._said_at >= SECONDS_BETWEEN_LINES:
            self._said_at = now
            self._say(progress.in_words().rstrip())
