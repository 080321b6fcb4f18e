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
from collections.abc import Sequence

from pipeline.exit_codes import FAILED
from pipeline.kubeflow.abandoned import close_abandoned_runs
from pipeline.kubeflow.attempts import recorded
from pipeline.kubeflow.code_version import check_code_version
from pipeline.kubeflow.executor_input import ExecutorInput
from pipeline.kubeflow.metadata import connection_to
from pipeline.kubeflow.names import (
    LAST_STEP,
    MODEL_REFUSED,
    PREPARE_RUN,
    RUN_FOLDER,
    RUN_ID,
    VERDICT,
)
from pipeline.kubeflow.prepared_run import load_run
from pipeline.kubeflow.preparing import prepare_run
from pipeline.kubeflow.progress import ProgressLines
from pipeline.loading import loading
from pipeline.runs.failures import explain
from pipeline.terminal import say

NOT_FOR_OTHERS = 0o022
"""Bits of permissions: to write is for the user of the pods, to read for all that can now."""


def main(argv: Sequence[str]) -> int:
    """Executes one task and returns the exit status."""
    arguments = _parse(argv)
    # Argo starts its containers with a mask of 0: all on the volume would be anyone's to change.
    os.umask(os.umask(NOT_FOR_OTHERS) | NOT_FOR_OTHERS)
    logging.basicConfig(level=logging.INFO)
    ProgressLines.install(say)
    try:
        check_code_version(arguments.code)
        executor = ExecutorInput(arguments.executor_input)
        if arguments.step == PREPARE_RUN:
            _prepare(arguments, executor)
        elif arguments.step == MODEL_REFUSED:
            say(executor.parameters[VERDICT])
        else:
            _run_step(arguments.step, executor)
    except (Exception, SystemExit) as error:
        logging.getLogger(__name__).error("%s failed.", arguments.step, exc_info=error)
        message, _ = explain(error)
        say(f"{arguments.step} failed. {message}")
        return FAILED
    return 0


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipeline.kubeflow.task", allow_abbrev=False)
    parser.add_argument("--step", required=True)
    parser.add_argument("--code", required=True)
    parser.add_argument("--executor-input", required=True)
    parser.add_argument("--configuration")
    return parser.parse_args(argv)


def _prepare(arguments: argparse.Namespace, executor: ExecutorInput) -> None:
    parameters = executor.parameters
    run = prepare_run(parameters.pop(RUN_ID, ""), arguments.configuration, parameters)
    for line in close_abandoned_runs(run, connection_to(run.kubeflow.metadata, run.config)):
        say(line)
    executor.set_parameter(RUN_FOLDER, run.folder)
    spans = f", {', '.join(span.name for span in run.spans)}" if run.spans else ""
    say(f"Run {run.id} of {run.config.name} on {run.config.data}{spans}. Its folder: {run.folder}")


def _run_step(step: str, executor: ExecutorInput) -> None:
    # These load TFX, ten seconds, which PrepareRun does not need.
    with loading():
        from pipeline.kubeflow.launching import launch_step
        from pipeline.kubeflow.outcome import record_failure, record_killed, record_success
        from pipeline.kubeflow.outputs import hand_over

    run = load_run(executor.parameters[RUN_FOLDER])
    # Nothing tells this process that its pod is to end: the next attempt sees what it left.
    record_killed(run, step)
    try:
        pods = run.kubeflow.pods_of(step)
        limits = (pods.attempt_timeout_seconds, pods.memory)
        with recorded(run.folder, step, *limits) as recorder:
            records = launch_step(run, step, recorder)
            hand_over(step, records, executor)
    except (Exception, SystemExit) as error:
        record_failure(run, step, error)
        raise
    if step == LAST_STEP:
        record_success(run, records)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    logging.shutdown()
    # Threads of Beam or TensorFlow may still wait for something after a failure.
    os._exit(status)
