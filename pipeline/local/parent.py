"""Starts the worker, shows its events, and ends with the right exit status."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import IO

from rich.console import Console

from components.errors import PipelineError
from components.ingestion.data_spans import list_data_folders
from components.reporting.run_index import RunEntry
from components.sandbox import Limits, check_machine
from components.storage import is_local
from pipeline import exit_codes
from pipeline.command_line import parse_arguments
from pipeline.config import PipelineConfig, to_dict
from pipeline.local.console import RunConsole
from pipeline.local.events import RunFailed, read_events
from pipeline.local.output_lock import locked_output, remove_leftovers
from pipeline.local.temporary import temporary_folder
from pipeline.paths import check_places, output_folder
from pipeline.process import safe_environment
from pipeline.runs import outcomes
from pipeline.runs.failures import FREE_MEMORY, KILLED_FOR_MEMORY
from pipeline.runs.folders import make_run_folder
from pipeline.runs.outcomes import record_outcome
from pipeline.terminal import print_plain

WORKER = (sys.executable, "-P", "-m", "pipeline.local.worker")
SPACE_OF_TENSORFLOW = 3 * 1024**3
"""Bytes of addresses that TFX and TensorFlow reserve when they are loaded; most is never used."""


def main(argv: Sequence[str]) -> int:
    """Runs the pipeline that the arguments describe; returns the exit status."""
    # What stops services and containers is to stop the steps as well, like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = parse_arguments(argv)
    console = Console()
    if arguments.is_sample:
        print_plain(
            console, "No --data and no --config: this is the sample, 2,000 images of Fashion-MNIST."
        )
    try:
        return run(arguments.config, console)
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED


def run(config: PipelineConfig, console: Console, worker: tuple[str, ...] = WORKER) -> int:
    """Runs the pipeline in a worker.

    Args:
        config: What to run.
        console: Where to show it.
        worker: Command of the worker, which gets the file descriptor for its events as its last
            argument and the configuration on standard input.

    Returns:
        The exit status: 0 pushed, 1 failed, 3 refused, 130 interrupted.
    """
    try:
        check_places(config)
        check_machine(Limits(config.image.max_megapixels).memory + SPACE_OF_TENSORFLOW)
        if is_local(config.data):
            # Ingestion looks again; but whoever mistook the folder need not wait for TensorFlow.
            list_data_folders(config.data, config.ingest.window)
        with locked_output(output_folder(config)) as lock:
            # Whoever is refused leaves no folder of a run that never was.
            return _run(config, console, worker, make_run_folder(config), lock)
    except PipelineError as error:
        print_plain(console, str(error), style="red")
        return exit_codes.FAILED


def _run(
    config: PipelineConfig, console: Console, worker: tuple[str, ...], folder: str, lock: int | None
) -> int:
    log_path = os.path.join(folder, "run.log")
    print_plain(console, f"Pipeline {config.name}, images from {config.data}")
    print_plain(console, f"Schema: {config.schema}")
    print_plain(console, f"Log: {log_path}\n")
    with RunConsole(console, log_path) as shown, open(log_path, "wb") as log:
        try:
            with (
                temporary_folder(folder) as (temporary, owner),
                _started(worker, log, temporary, (lock, owner)) as (process, events),
            ):
                _send(process, config)
                for event in read_events(events):
                    shown.show(event)
                # Its number stays its own, by which what its steps started is ended as well.
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        except KeyboardInterrupt:
            shown.print_interruption()
            record_outcome(config, folder, outcomes.interrupted(log_path))
            # What was just killed may still write, or the disk be full: the next run tries again.
            with contextlib.suppress(Exception):
                remove_leftovers(config)
            return exit_codes.INTERRUPTED
    entry, status = _conclude(process.returncode, shown, log_path)
    print_plain(console, f"All runs: {record_outcome(config, folder, entry)}")
    return status


@contextlib.contextmanager
def _started(
    command: tuple[str, ...], log: IO[bytes], temporary: str, locks: Sequence[int | None]
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Starts the worker; neither it nor what it has started outlives the context."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as events:
        try:
            process = subprocess.Popen(
                [*command, str(writing)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # The locks too: a worker outlives a parent that is killed, for a moment.
                pass_fds=[writing, *(lock for lock in locks if lock is not None)],
                # Ctrl-C reaches the parent alone.
                start_new_session=True,
                # What the worker printed before it was killed must be in the log.
                env={
                    **os.environ,
                    **safe_environment(),
                    "PYTHONUNBUFFERED": "1",
                    "TMPDIR": temporary,
                },
            )
        finally:
            os.close(writing)
        try:
            yield process, events
        finally:
            # At once, whatever a step is at: whatever it writes is whole or not there.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()


def _send(process: subprocess.Popen[bytes], config: PipelineConfig) -> None:
    """Sends the configuration; the pipe stays open and tells the worker that we live."""
    if process.stdin is None:
        raise RuntimeError("The worker must have a standard input.")
    # A worker that is dead already is reported by its exit status.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(to_dict(config)).encode() + b"\n")
        process.stdin.flush()


def _conclude(status: int, shown: RunConsole, log_path: str) -> tuple[RunEntry, int]:
    """Shows how a run ended that nobody interrupted; returns that, and the exit status."""
    if shown.finished is None or status:
        failure = shown.failed or _died(status)
        shown.print_failure(failure)
        where = f"In {shown.step}: " if shown.step else ""
        return outcomes.failed(log_path, f"{where}{failure.message}"), exit_codes.FAILED
    shown.print_summary(shown.finished)
    status = exit_codes.SUCCESS if shown.finished.model else exit_codes.REFUSED
    return outcomes.finished(log_path, shown.finished), status


def _died(status: int) -> RunFailed:
    """What to say of a worker that ended without a word."""
    if status == -signal.SIGKILL:
        return RunFailed(f"{KILLED_FOR_MEMORY} {FREE_MEMORY}", is_defect=False)
    reason = f"signal {-status}: {signal.strsignal(-status)}" if status < 0 else f"status {status}"
    return RunFailed(f"The worker ended with {reason}.", is_defect=True)
