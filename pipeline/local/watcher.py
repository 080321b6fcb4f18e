"""What TFX's LocalDagRunner does -> events.

The runner has no hooks. It logs when a step starts and ends, with the step's name as an argument
of the log record, and it writes into ML Metadata what became of the step.
"""

import logging
import time
from collections.abc import Callable

from pipeline.local.events import Event, StepFinished, StepStarted
from pipeline.runs import memory
from pipeline.runs.records import StepRecord, StepRecords
from pipeline.runs.results import describe_step

STARTED = "Component %s is running."
ENDED = "Component %s is finished."


class StepWatcher(logging.Handler):
    """Turns the log records of one run into events."""

    def __init__(self, steps: int, step_records: StepRecords, emit: Callable[[Event], None]):
        """Watches one run.

        Args:
            steps: How many steps it has.
            step_records: What ML Metadata knows of them.
            emit: Takes the events.
        """
        super().__init__(logging.INFO)
        self.step = ""
        self.records: dict[str, StepRecord] = {}
        self._steps = steps
        self._step_records = step_records
        self._emit = emit
        self._started_at = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Looks at one log record.

        Raises:
            RuntimeError: A step ended without success and TFX would go on, as it does when a
                baseline cannot be resolved.
        """
        if record.msg == STARTED and record.args:
            self._start(str(record.args[0]))  # type: ignore[index]
        elif record.msg == ENDED and record.args:
            self._end(str(record.args[0]))  # type: ignore[index]

    def _start(self, step: str) -> None:
        self.step = step
        self._started_at = time.monotonic()
        memory.forget_peak()
        self._emit(StepStarted(step, len(self.records) + 1, self._steps))

    def _end(self, step: str) -> None:
        record = self._step_records.read(step)
        if not record.is_successful:
            raise RuntimeError(f"{step} ended as {record.state}.")
        self.records[step] = record
        seconds, peak_memory = time.monotonic() - self._started_at, memory.peak()
        if not record.is_cached:
            self._step_records.note_cost(step, seconds, peak_memory)
        self._emit(
            StepFinished(
                step=step,
                number=len(self.records),
                steps=self._steps,
                seconds=seconds,
                peak_memory=peak_memory,
                cached=record.is_cached,
                result=describe_step(step, self.records),
            )
        )
        self.step = ""
