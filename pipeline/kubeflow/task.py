"""One task of a run: what each container of the pipeline executes.

    python -m pipeline.kubeflow.task --step STEP --code VERSION --executor-input JSON
        [--configuration JSON]

The last is PrepareRun's, the first task; all others find in the run's folder what it wrote.
ModelRefused runs only if the model was refused, and does nothing but say so.
Exit status: 0 the step is done, 1 it failed, whereupon Kubeflow tries again or fails the run.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence

from components.progress import StepProgress, listening
from pipeline.exit_codes import FAILED, SUCCESS
from pipeline.kubeflow.attempts import close_abandoned_runs
from pipeline.kubeflow.contract import (
    MODEL_REFUSED,
    PREPARE_RUN,
    RUN_FOLDER,
    RUN_ID,
    VERDICT,
    check_code_version,
)
from pipeline.kubeflow.outputs import ExecutorInput
from pipeline.kubeflow.prepare_run import load_run, prepare_run
from pipeline.loading import loading
from pipeline.runs.failures import explain
from pipeline.terminal import say

NOT_FOR_OTHERS = 0o022
"""Bits of permissions: to write is for the user of the pods, to read for all that can now."""
SECONDS_BETWEEN_LINES = 10.0


def main(argv: Sequence[str]) -> int:
    """Executes one task and returns the exit status."""
    arguments = _parse(argv)
    # Argo starts its containers with a mask of 0: all on the volume would be anyone's to change.
    os.umask(os.umask(NOT_FOR_OTHERS) | NOT_FOR_OTHERS)
    logging.basicConfig(level=logging.INFO)
    try:
        check_code_version(arguments.code)
        executor = ExecutorInput(arguments.executor_input)
        if arguments.step == PREPARE_RUN:
            _prepare(arguments.configuration, executor)
        elif arguments.step == MODEL_REFUSED:
            say(executor.parameters[VERDICT])
        else:
            # Ours is the only line that people need of it.
            with listening(ProgressLines(say)):
                _run(arguments.step, executor)
    except (Exception, SystemExit) as error:
        logging.getLogger(__name__).error("%s failed.", arguments.step, exc_info=error)
        message, _ = explain(error)
        say(f"{arguments.step} failed. {message}")
        return FAILED
    return SUCCESS


class ProgressLines:
    """Progress of a long step -> a line in the log of its pod, now and then."""

    def __init__(self, say: Callable[[str], None]):
        self._say = say
        self._said_at = time.monotonic()

    def __call__(self, progress: StepProgress) -> None:
        """Says it, if the last was said long enough ago."""
        now = time.monotonic()
        if now - self._said_at >= SECONDS_BETWEEN_LINES:
            self._said_at = now
            self._say(str(progress))


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipeline.kubeflow.task", allow_abbrev=False)
    parser.add_argument("--step", required=True)
    parser.add_argument("--code", required=True)
    parser.add_argument("--executor-input", required=True)
    parser.add_argument("--configuration")
    return parser.parse_args(argv)


def _prepare(configuration: str, executor: ExecutorInput) -> None:
    parameters = dict(executor.parameters)
    run = prepare_run(parameters.pop(RUN_ID, ""), configuration, parameters)
    for line in close_abandoned_runs(run):
        say(line)
    executor.set_parameter(RUN_FOLDER, run.folder)
    spans = f", {', '.join(span.name for span in run.spans)}" if run.spans else ""
    say(f"Run {run.id} of {run.config.name} on {run.config.data}{spans}. Its folder: {run.folder}")


def _run(step: str, executor: ExecutorInput) -> None:
    # It loads TFX, ten seconds, which PrepareRun does not need.
    with loading():
        from pipeline.kubeflow.run_step import run_step

    run_step(load_run(executor.parameters[RUN_FOLDER]), step, executor)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    logging.shutdown()
    # Threads of Beam or TensorFlow may still wait for something after a failure.
    os._exit(status)
