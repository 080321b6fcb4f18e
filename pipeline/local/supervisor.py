"""Starts the worker, shows its events, and ends with the right exit status."""

import datetime
import json
import os
import signal
import subprocess
import sys
from typing import IO

from rich.console import Console
from rich.markup import escape

from components.errors import PipelineError
from pipeline.config import PipelineConfig, to_dict, to_yaml
from pipeline.local.console import RunConsole
from pipeline.local.events import RunFailed, from_line

PUSHED = 0
FAILED = 1
REFUSED = 3
INTERRUPTED = 130
SECONDS_TO_STOP = 30


def run(config: PipelineConfig, console: Console) -> int:
    """Runs the pipeline in a worker.

    Args:
        config: What to run.
        console: Where to show it.

    Returns:
        The exit status: 0 pushed, 1 failed, 3 refused by the thresholds, 130 interrupted.
    """
    try:
        folder = _make_run_folder(config)
    except PipelineError as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return FAILED
    log_path = os.path.join(folder, "run.log")
    console.print(f"Pipeline {escape(config.name)}, images from {escape(config.data)}")
    console.print(f"Log: {escape(log_path)}\n", highlight=False, soft_wrap=True)
    with RunConsole(console, log_path) as shown, open(log_path, "wb") as log:
        status, was_interrupted = _supervise(config, log, shown)
    if was_interrupted:
        console.print("\nInterrupted. The next run goes on with the steps that are done.")
        return INTERRUPTED
    if shown.finished is None or status:
        shown.print_failure(shown.failed or _died(status, shown.step))
        return FAILED
    shown.print_summary(shown.finished)
    return PUSHED if shown.finished.is_blessed else REFUSED


def _make_run_folder(config: PipelineConfig) -> str:
    """Makes all folders that the run writes to, and stores its configuration.

    Raises:
        PipelineError: One of them cannot be written.
    """
    now = datetime.datetime.now().strftime("%Y-%m-%dT%H-%M-%S.%f")
    folder = os.path.join(config.output, config.name, "runs", now)
    serving = os.path.join(config.serving, config.name)
    schemas = os.path.dirname(config.schema) or "."
    for path in (folder, serving, schemas):
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise PipelineError(_unwritable(path, error)) from error
        if not os.access(path, os.W_OK):
            raise PipelineError(_unwritable(path, None))
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as file:
        file.write(to_yaml(config))
    return folder


def _unwritable(path: str, error: OSError | None) -> str:
    reason = error.strerror if error else "no permission to write"
    return (
        f"The folders of --output, --serving and --schema must be writable. Received: {path}: "
        f"{reason}. Change its permissions or choose another folder."
    )


def _supervise(config: PipelineConfig, log: IO[bytes], shown: RunConsole) -> tuple[int, bool]:
    """Runs the worker to its end; returns its exit status, and whether it was interrupted."""
    reading, writing = os.pipe()
    worker = subprocess.Popen(
        [sys.executable, "-m", "pipeline.local.worker", str(writing)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=[writing],
        # Ctrl-C reaches the supervisor alone, which passes it on once.
        start_new_session=True,
    )
    os.close(writing)
    was_interrupted = False
    with os.fdopen(reading, encoding="utf-8") as events:
        try:
            _send(worker, config)
            for line in events:
                shown.show(from_line(line))
            worker.wait()
        except KeyboardInterrupt:
            was_interrupted = True
            _stop(worker)
    return worker.returncode, was_interrupted


def _send(worker: subprocess.Popen[bytes], config: PipelineConfig) -> None:
    if worker.stdin is None:
        raise RuntimeError("The worker must have a standard input.")
    with worker.stdin as stdin:
        stdin.write(json.dumps(to_dict(config)).encode())


def _stop(worker: subprocess.Popen[bytes]) -> None:
    """Lets the worker tidy up; does not wait for ever, nor for a second Ctrl-C."""
    worker.send_signal(signal.SIGINT)
    try:
        worker.wait(SECONDS_TO_STOP)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        worker.kill()
        worker.wait()


def _died(status: int, step: str) -> RunFailed:
    """What to say of a worker that ended without a word."""
    if status == -signal.SIGKILL:
        return RunFailed(
            step,
            "The step was killed, most likely by the system for want of memory. Free some memory, "
            "or use smaller images or batches.",
            is_defect=False,
        )
    reason = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    return RunFailed(step, f"The worker ended with {reason}.", is_defect=True)
