"""Starts the fresh process, sends the requests, reads the responses."""

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
        same_as: Name of an earlier request, or of this, whose response this one must get too; empty
            if nothing is known.
        is_broken: Whether a file is broken, so that the response must be an error.
        may_be_refused: Whether an error that names the place of the file will do as well.
    """

    name: str
    images: tuple[bytes, ...]
    calls: int = 1
    same_as: str = ""
    is_broken: bool = False
    may_be_refused: bool = False


@dataclasses.dataclass(frozen=True)
class Response:
    """What the model said.

    Attributes:
        probabilities: float64 [images, classes]; None if it failed.
        class_names: In the order of the probabilities, as the first image got them.
        top_class: Of each image.
        top_k_classes: Of each image.
        top_k_probabilities: float64 [images, k], theirs; None if it failed.
        milliseconds: Of each call.
        error: Why it failed; empty if it did not.
    """

    probabilities: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    top_class: tuple[str, ...] = ()
    top_k_classes: tuple[tuple[str, ...], ...] = ()
    top_k_probabilities: np.ndarray | None = None
    milliseconds: tuple[float, ...] = ()
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Session:
    """What became of a fresh process.

    Attributes:
        load_seconds: How long the model took to load; NaN if it did not.
        responses: To the requests, in their order; fewer if the process ended before.
        problem: Why it ended too early, in a sentence; empty if it did not.
    """

    load_seconds: float
    responses: tuple[Response, ...]
    problem: str


def ask(model_folder: str, requests: Sequence[Request], seconds: float) -> Session:
    """Asks a model in a fresh process.

    Args:
        model_folder: Folder of the SavedModel.
        requests: What to ask.
        seconds: How long all of it may take.
    """
    lines = "".join(_to_line(request) for request in requests)
    with tempfile.TemporaryFile() as responses, tempfile.TemporaryFile() as errors:
        status = _run(model_folder, lines.encode(), responses, errors, seconds)
        first, *rest = [*_read_lines(responses), {}][: len(requests) + 1]
        received = tuple(_to_response(values) for values in rest if values)
        problem = ""
        waiting = [request.name for request in requests[len(received) :]]
        when = _describe_moment("load_seconds" in first, waiting)
        if status is None:
            problem = f"It did not answer within {seconds:g} s: the time was over {when}."
        elif status or waiting:
            problem = f"The process ended {when}, {_explain(status)}: {_last_line(errors)}."
    return Session(float(first.get("load_seconds", "nan")), received, problem)


def _run(
    model_folder: str, lines: bytes, responses: IO[bytes], errors: IO[bytes], seconds: float
) -> int | None:
    """Returns the exit status; None if the time was over."""
    # -P: no folder of ours is searched for modules.
    command = [sys.executable, "-P", str(PROBE), model_folder, str(responses.fileno())]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=errors,
        stderr=errors,
        pass_fds=[responses.fileno()],
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


def _read_lines(responses: IO[bytes]) -> Iterator[dict[str, Any]]:
    responses.seek(0)
    for line in responses.read().splitlines(keepends=True):
        # The last one may have been cut off.
        if line.endswith(b"\n"):
            yield json.loads(line)


def _to_response(values: dict[str, Any]) -> Response:
    if "error" in values:
        return Response(error=values["error"])
    return Response(
        probabilities=_to_numbers(values["probabilities"]),
        class_names=tuple(values["class_names"]),
        top_class=tuple(values["top_class"]),
        top_k_classes=tuple(tuple(row) for row in values["top_k_classes"]),
        top_k_probabilities=_to_numbers(values["top_k_probabilities"]),
        milliseconds=tuple(values["milliseconds"]),
    )


def _to_numbers(rows: list[list[str]]) -> np.ndarray:
    return np.array([[float(value) for value in row] for row in rows] or np.zeros((0, 0)))


def _describe_moment(is_loaded: bool, waiting: Sequence[str]) -> str:
    if not is_loaded:
        return "while it was loaded"
    return f'at the request "{waiting[0]}"' if waiting else "after its last response"


def _explain(status: int) -> str:
    if status >= 0:
        return f"with status {status}"
    hint = ", as when memory runs out" if status == -signal.SIGKILL else ""
    return f"by {signal.Signals(-status).name}{hint}"


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0, os.SEEK_END)
    errors.seek(max(0, errors.tell() - 4000))
    lines = [line for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:300].rstrip(".") if lines else "it said nothing"
