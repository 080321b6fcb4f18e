"""Runs the steps with TFX's LocalDagRunner; started by the supervisor.

Reads a configuration as JSON from standard input and writes events to the file descriptor given
as its only argument; everything else that it prints is for the log.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TextIO

from pipeline.config import PipelineConfig, from_dict
from pipeline.local.events import Event, RunFailed, StepProgress, to_line
from pipeline.local.failures import InterruptionError, explain

FAILED = 1
PROGRESS_LOGGER = "components.progress"


def main() -> None:
    """Runs the pipeline that standard input describes."""
    config = from_dict(json.load(sys.stdin))
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as events:
        status = _run(config, _emitter(events))
    logging.shutdown()
    # Threads of Beam or TensorFlow may still wait for something after a failure.
    os._exit(status)


def _run(config: PipelineConfig, emit: Callable[[Event], None]) -> int:
    """Runs everything and returns the exit status."""
    signal.signal(signal.SIGINT, _interrupt)
    logging.getLogger(PROGRESS_LOGGER).addHandler(ProgressHandler(emit))
    logging.getLogger(PROGRESS_LOGGER).setLevel(logging.INFO)
    try:
        # Takes half a minute.
        from pipeline.local import steps
    except Exception as error:
        return _fail(emit, "", error)
    run = steps.Run(config, emit)
    try:
        emit(run.execute())
    except Exception as error:
        return _fail(emit, run.current_step, error)
    return 0


class ProgressHandler(logging.Handler):
    """Turns the log records of `components.progress` into events."""

    def __init__(self, emit: Callable[[Event], None]):
        super().__init__(logging.INFO)
        self._emit_event = emit

    def emit(self, record: logging.LogRecord) -> None:
        """Passes one record on."""
        values = record.__dict__
        self._emit_event(
            StepProgress(values["done"], values["total"], values["unit"], values["detail"])
        )


def _emitter(events: TextIO) -> Callable[[Event], None]:
    def emit(event: Event) -> None:
        events.write(to_line(event))
        events.flush()

    return emit


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise InterruptionError("Interrupted. The next run goes on with the steps that are done.")


def _fail(emit: Callable[[Event], None], step: str, error: Exception) -> int:
    logging.getLogger(__name__).error("The run failed.", exc_info=error)
    message, is_defect = explain(error)
    emit(RunFailed(step, message, is_defect))
    return FAILED


if __name__ == "__main__":
    main()
