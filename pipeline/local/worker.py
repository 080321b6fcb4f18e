"""Runs the steps with TFX's LocalDagRunner; started by the supervisor.

Reads a configuration from the first line of standard input, as JSON, and writes events to the
file descriptor given as its only argument; everything else that it prints is for the log. The
supervisor keeps standard input open for as long as it lives.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable

from pipeline.config import PipelineConfig, from_dict
from pipeline.loading import loading
from pipeline.local.events import Event, RunFailed
from pipeline.local.interruption import Interruption
from pipeline.local.lifeline import end_with_the_supervisor
from pipeline.local.pipe import EventWriter
from pipeline.runs.failures import explain
from pipeline.runs.progress import ProgressHandler, listen

FAILED = 1


def main() -> None:
    """Runs the pipeline that standard input describes."""
    config = from_dict(json.loads(sys.stdin.readline()))
    end_with_the_supervisor(sys.stdin)
    status = _run(config, EventWriter(int(sys.argv[1])).write)
    logging.shutdown()
    # Threads of Beam or TensorFlow may still wait for something after a failure.
    os._exit(status)


def _run(config: PipelineConfig, emit: Callable[[Event], None]) -> int:
    """Runs everything and returns the exit status."""
    # There is nothing to tidy up yet, and an exception could get lost in what is imported.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    listen(ProgressHandler(emit))
    try:
        # Takes half a minute.
        with loading():
            from pipeline.local import steps
    except Exception as error:
        return _fail(emit, "", error)
    interruption = Interruption()
    run = steps.Run(config, interruption.guard(emit))
    signal.signal(signal.SIGINT, interruption.arrive)
    signal.signal(signal.SIGTERM, interruption.arrive)
    try:
        emit(run.execute())
    except (Exception, SystemExit) as error:
        return _fail(emit, run.current_step, error)
    return 0


def _fail(emit: Callable[[Event], None], step: str, error: BaseException) -> int:
    logging.getLogger(__name__).error("The run failed.", exc_info=error)
    message, is_defect = explain(error)
    try:
        emit(RunFailed(step, message, is_defect))
    except BrokenPipeError:
        logging.getLogger(__name__).error("Nobody was there to be told.")
    return FAILED


if __name__ == "__main__":
    main()
