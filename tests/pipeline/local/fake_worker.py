"""A worker without TensorFlow: `python fake_worker.py BEHAVIOUR DESCRIPTOR`."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from pipeline.local.events import Emit, RunFailed, StepStarted, event_writer
from pipeline.local.worker import end_with_the_parent
from pipeline.runs.summary import RunSummary

FINISHED = RunSummary(
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
"""In the current directory, once it is at work: the ids of the worker and of its child."""


def main(behavior: str, descriptor: int) -> None:
    emit = event_writer(descriptor)
    if behavior == "dead on arrival":
        sys.exit(7)
    leave_temporary_files()
    config = json.loads(sys.stdin.readline())
    print(f"The worker was given {config['data']}.")
    emit(StepStarted("Trainer", 7, 10))
    BEHAVIOURS[behavior](emit)


def leave_temporary_files() -> None:
    """What AutoGraph, multiprocessing and Beam leave in a worker that is not let end."""
    for prefix in ("pymp-", "beam-pipeline-temp"):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        (folder / "file").touch()
    tempfile.mkstemp(prefix="__autograph_generated_file", suffix=".py")


def _finish(emit: Emit, **changes: str | bool) -> None:
    folder = pathlib.Path(FINISHED.model_report).parent
    folder.mkdir(parents=True, exist_ok=True)
    accuracy = {"value": 0.9, "low": 0.8, "high": 0.95, "images": 10}
    (folder / "metrics.json").write_text(json.dumps({"accuracy": accuracy}))
    emit(dataclasses.replace(FINISHED, **changes))


def _fail(emit: Emit) -> None:
    emit(RunFailed("The images must be [red]right[/].", is_defect=False))
    sys.exit(1)


def _crash_at_the_end(emit: Emit) -> None:
    emit(FINISHED)
    os.abort()


def _die_in_the_middle_of_a_line(emit: Emit) -> None:
    os.write(int(sys.argv[2]), b'{"event": "StepSta')
    os.kill(os.getpid(), signal.SIGKILL)


def _go_on(emit: Emit, do: Callable[[], object] = lambda: None) -> None:
    """As a step that is somewhere within TensorFlow, with a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({LONG})"])
    unfinished = pathlib.Path(f"{FILE}.unfinished")
    unfinished.write_text(f"{os.getpid()} {child.pid}")
    unfinished.rename(FILE)
    do()
    time.sleep(LONG)


def _talk_nonsense(emit: Emit) -> None:
    _go_on(emit, lambda: os.write(int(sys.argv[2]), b"nonsense\n"))


def _watch_the_parent(emit: Emit) -> None:
    _go_on(emit, end_with_the_parent)


BEHAVIOURS: dict[str, Callable[[Emit], None]] = {
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
    "watching": _watch_the_parent,
}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
