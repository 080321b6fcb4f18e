"""Runs the steps; started by the parent, as the leader of a process group of its own.

Reads a configuration from the first line of standard input, as JSON, and writes events to the
file descriptor given as its only argument; everything else that it prints is for the log. The
parent keeps standard input open for as long as it lives: where it ends, however it does, so do the
worker and all processes that its steps have started. Nothing is tidied up on that way, so that
there is one way to end early and not several: the next run removes what is left.
"""

import json
import logging
import os
import signal
import sys
import threading

from components.progress import listening
from pipeline.config import PipelineConfig, from_dict
from pipeline.exit_codes import FAILED, SUCCESS
from pipeline.loading import loading
from pipeline.local.events import Emit, RunFailed, event_writer
from pipeline.runs.failures import explain


def main() -> None:
    """Runs the pipeline that standard input describes."""
    config = from_dict(json.loads(sys.stdin.readline()))
    end_with_the_parent()
    status = _run(config, event_writer(int(sys.argv[1])))
    logging.shutdown()
    # Threads of Beam or TensorFlow may still wait for something after a failure.
    os._exit(status)


def end_with_the_parent() -> None:
    """Begins to watch whether the parent lives."""
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    sys.stdin.read()
    os.killpg(os.getpid(), signal.SIGKILL)


def _run(config: PipelineConfig, emit: Emit) -> int:
    """Runs everything and returns the exit status."""
    # No exception within TensorFlow.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        # Takes half a minute.
        with loading():
            from pipeline.local.steps import run_pipeline
        with listening(emit, is_logged=True):
            emit(run_pipeline(config, emit))
    except (Exception, SystemExit) as error:
        logging.getLogger(__name__).error("The run failed.", exc_info=error)
        emit(RunFailed(*explain(error)))
        return FAILED
    return SUCCESS


if __name__ == "__main__":
    main()
