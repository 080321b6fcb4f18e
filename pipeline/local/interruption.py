"""Ctrl-C in the worker: an exception at once, and another before the next step."""

from collections.abc import Callable
from types import FrameType

from pipeline.local.events import Event, StepStarted
from pipeline.runs.failures import InterruptionError


class Interruption:
    """Whether somebody wants the run to end.

    The exception comes wherever Python happens to be: where a library catches whatever it meets, as
    the handlers of `logging` do, it is lost, and the run would go on to its push.
    """

    def __init__(self) -> None:
        """Nobody wants it yet."""
        self._is_wanted = False

    def arrive(self, number: int, frame: FrameType | None) -> None:
        """Takes a signal.

        Raises:
            InterruptionError: Always.
        """
        del number, frame
        self._is_wanted = True
        self._raise()

    def guard(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """Makes what takes events refuse the start of a step once the run is to end."""

        def guarded(event: Event) -> None:
            if self._is_wanted and isinstance(event, StepStarted):
                self._raise()
            emit(event)

        return guarded

    def _raise(self) -> None:
        raise InterruptionError("Interrupted. The next run goes on with the steps that are done.")
