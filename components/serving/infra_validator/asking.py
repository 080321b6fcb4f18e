"""Starts the fresh process, sends the requests, reads the answers."""

import base64
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np

PROBE = pathlib.Path(__file__).with_name("probe.py")


@dataclasses.dataclass(frozen=True)
class Request:
    """What the model is asked.

    Attributes:
        name: In words.
        images: Files, as clients send them.
        calls: How often it is asked the same.
    """

    name: str
    images: tuple[bytes, ...]
    calls: int = 1


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the model said.

    Attributes:
        probabilities: float64 [images, classes]; None if it failed.
        top_class: Of each image.
        milliseconds: Of each call.
        error: Why it failed; empty if it did not.
    """

    probabilities: np.ndarray | None = None
    top_class: tuple[str, ...] = ()
    milliseconds: tuple[float, ...] = ()
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Session:
    """What became of a fresh process.

    Attributes:
        load_seconds: How long the model took to load; NaN if it did not.
        answers: To the requests, in their order; fewer if the process ended before.
        problem: Why it ended too early, in a sentence; empty if it did not.
    """

    load_seconds: float
    answers: tuple[Answer, ...]
    problem: str


def ask(model_folder: str, requests: Sequence[Request], seconds: float) -> Session:
    """Asks a model in a fresh process.

    Args:
        model_folder: Folder of the SavedModel.
        requests: What to ask.
        seconds: How long all of it may take.
    """
    lines = "".join(_to_line(request) for request in requests)
    with tempfile.TemporaryFile() as answers, tempfile.TemporaryFile() as errors:
        status = _run(model_folder, lines.encode(), answers, errors, seconds)
        first, *rest = [*_read_lines(answers), {}][: len(requests) + 1]
        received = tuple(_to_answer(values) for values in rest if values)
        problem = ""
        if status is None:
            problem = f"It did not answer within {seconds:g} s."
        elif status or len(received) < len(requests):
            problem = _explain(status, "load_seconds" in first, _last_line(errors))
    return Session(float(first.get("load_seconds", "nan")), received, problem)


def _run(
    model_folder: str, lines: bytes, answers: IO[bytes], errors: IO[bytes], seconds: float
) -> int | None:
    """Returns the exit status; None if the time was over."""
    # -P: no folder of ours is searched for modules.
    command = [sys.executable, "-P", str(PROBE), model_folder, str(answers.fileno())]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=errors,
        stderr=errors,
        pass_fds=[answers.fileno()],
    )
    try:
        process.communicate(lines, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        process.kill()
        process.wait()
    return process.returncode


def _to_line(request: Request) -> str:
    images = [base64.b64encode(image).decode() for image in request.images]
    return json.dumps({"images": images, "calls": request.calls}) + "\n"


def _read_lines(answers: IO[bytes]) -> Iterator[dict[str, Any]]:
    answers.seek(0)
    for line in answers.read().splitlines(keepends=True):
        # The last one may have been cut off.
        if line.endswith(b"\n"):
            yield json.loads(line)


def _to_answer(values: dict[str, Any]) -> Answer:
    if "error" in values:
        return Answer(error=values["error"])
    rows = [[float(value) for value in row] for row in values["probabilities"]]
    return Answer(np.array(rows), tuple(values["top_class"]), tuple(values["milliseconds"]))


def _explain(status: int, is_loaded: bool, said: str) -> str:
    when = "while it answered" if is_loaded else "while it was loaded"
    how = f"with {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
    return f"The process ended {when}, {how}: {said}."


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0, os.SEEK_END)
    errors.seek(max(0, errors.tell() - 4000))
    lines = [line for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:300].rstrip(".") if lines else "it said nothing"
