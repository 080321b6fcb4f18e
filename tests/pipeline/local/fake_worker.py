"""A worker without TensorFlow: `python fake_worker.py BEHAVIOUR DESCRIPTOR`."""

import dataclasses
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable

from pipeline.local.events import Event, RunFailed, StepStarted, to_line
from pipeline.local.lifeline import end_with_the_supervisor
from pipeline.runs.finished import RunFinished

FINISHED = RunFinished(
    found=10,
    duplicates=0,
    rejected=0,
    rejects_file="",
    findings={},
    warnings=[],
    report="output/report.html",
    split_sizes={"train": 8, "eval": 1, "test": 1},
    accuracies={"train": 1.0, "eval": 1.0, "test": 0.9},
    checks=[["passed", "Accuracy: 0.9000, at least 0.7000"]],
    verdict="Released: all 1 checks passed on 1 test images.",
    notes=[],
    model_report="output/report/report.html",
    model="serving/photos/1",
)
LONG = 600
FILE = "worker.txt"
"""In the current directory: the process id of the worker, later what became of it."""


def main(behaviour: str, descriptor: int) -> None:
    events = os.fdopen(descriptor, "w", buffering=1)

    def emit(event: Event) -> None:
        events.write(to_line(event))

    if behaviour == "dead on arrival":
        sys.exit(7)
    leave_temporary_files()
    config = json.loads(sys.stdin.readline())
    print(f"The worker was given {config['data']}.")
    emit(StepStarted("Trainer", 7, 10))
    BEHAVIOURS[behaviour](emit)


def leave_temporary_files() -> None:
    """What AutoGraph, multiprocessing and Beam leave in a worker that is not let end."""
    for prefix in ("pymp-", "beam-pipeline-temp"):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        (folder / "file").touch()
    tempfile.mkstemp(prefix="__autograph_generated_file", suffix=".py")


def _finish(emit: Callable[[Event], None], **changes: str | bool) -> None:
    folder = pathlib.Path(FINISHED.model_report).parent
    folder.mkdir(parents=True, exist_ok=True)
    accuracy = {"value": 0.9, "low": 0.8, "high": 0.95, "images": 10}
    (folder / "metrics.json").write_text(json.dumps({"accuracy": accuracy}))
    emit(dataclasses.replace(FINISHED, **changes))


def _fail(emit: Callable[[Event], None]) -> None:
    emit(RunFailed("Trainer", "The images must be [red]right[/].", is_defect=False))
    sys.exit(1)


def _crash_at_the_end(emit: Callable[[Event], None]) -> None:
    emit(FINISHED)
    os.abort()


def _die_in_the_middle_of_a_line(emit: Callable[[Event], None]) -> None:
    os.write(int(sys.argv[2]), b'{"event": "StepSta')
    os.kill(os.getpid(), signal.SIGKILL)


def _talk_nonsense(emit: Callable[[Event], None]) -> None:
    _go_on(emit, lambda: os.write(int(sys.argv[2]), b"nonsense\n"))


def _go_on(emit: Callable[[Event], None], do: Callable[[], object] = lambda: None) -> None:
    try:
        _write("running")
        do()
        time.sleep(LONG)
    except KeyboardInterrupt:
        _write("tidy")


def _go_on_whatever_happens(emit: Callable[[Event], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _write("running")
    time.sleep(LONG)


def _watch_the_supervisor(emit: Callable[[Event], None]) -> None:
    end_with_the_supervisor(sys.stdin, seconds=LONG)
    _go_on(emit)


def _watch_the_supervisor_and_hang(emit: Callable[[Event], None]) -> None:
    end_with_the_supervisor(sys.stdin, seconds=0.1)
    _go_on_whatever_happens(emit)


def _write(state: str) -> None:
    unfinished = pathlib.Path(f"{FILE}.unfinished")
    unfinished.write_text(f"{os.getpid()} {state}")
    unfinished.rename(FILE)


BEHAVIOURS: dict[str, Callable[[Callable[[Event], None]], None]] = {
    "pushed": _finish,
    "refused": lambda emit: _finish(emit, verdict="Refused: no.", model=""),
    "pushed before": lambda emit: _finish(emit, is_unchanged=True),
    "refused before": lambda emit: _finish(
        emit, verdict="Refused: no.", model="", is_unchanged=True
    ),
    "failed": _fail,
    "silent": lambda emit: sys.exit(7),
    "killed": lambda emit: os.kill(os.getpid(), signal.SIGKILL),
    "aborted": lambda emit: os.abort(),
    "crash at the end": _crash_at_the_end,
    "half a line": _die_in_the_middle_of_a_line,
    "nonsense": _talk_nonsense,
    "long": _go_on,
    "stubborn": _go_on_whatever_happens,
    "watching": _watch_the_supervisor,
    "watching, stubborn": _watch_the_supervisor_and_hang,
}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
