"""What the worker tells the parent, as one JSON object a line through a pipe."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from typing import IO

from components.progress import StepProgress
from pipeline.runs.summary import RunSummary


@dataclasses.dataclass(frozen=True)
class StepStarted:
    """A step, by its name in TFX, began, as the number-th, from 1, of so many steps."""

    step: str
    number: int
    steps: int


@dataclasses.dataclass(frozen=True)
class StepFinished:
    """A step, as in `StepStarted`, is done.

    Attributes:
        seconds: How long it took.
        peak_memory: Most bytes that the worker held meanwhile, the libraries included.
        cached: Whether an earlier result was used.
        result: What it did, in a few words.
    """

    step: str
    number: int
    steps: int
    seconds: float
    peak_memory: int
    cached: bool
    result: str


@dataclasses.dataclass(frozen=True)
class Notice:
    """Something that the user should know now, in one or more lines."""

    text: str


@dataclasses.dataclass(frozen=True)
class RunFailed:
    """The run cannot go on, from the step that runs.

    Attributes:
        message: The error.
        is_defect: Whether the message was not written for users, so that the log matters.
    """

    message: str
    is_defect: bool


Event = StepStarted | StepProgress | StepFinished | Notice | RunFailed | RunSummary
Emit = Callable[[Event], None]
_CLASSES = {
    event.__name__: event
    for event in (StepStarted, StepProgress, StepFinished, Notice, RunFailed, RunSummary)
}


def event_writer(descriptor: int) -> Emit:
    """The worker's end of the pipe, which threads may share.

    Args:
        descriptor: The pipe's, open for writing; it belongs to the writer from now on.

    Returns:
        What writes an event; it raises BrokenPipeError once the parent is gone.
    """
    # A child of the worker that outlives it would keep the parent waiting for its end.
    os.set_inheritable(descriptor, False)
    stream = os.fdopen(descriptor, "wb")

    def write(event: Event) -> None:
        values = {"event": type(event).__name__, **dataclasses.asdict(event)}
        stream.write(f"{json.dumps(values)}\n".encode())
        stream.flush()

    return write


def read_events(stream: IO[bytes]) -> Iterator[Event]:
    """The parent's end of the pipe: the events until the worker ends.

    Args:
        stream: A worker that is killed leaves half a line, which is no event.
    """
    for line in stream:
        if line.endswith(b"\n"):
            values = json.loads(line)
            yield _CLASSES[values.pop("event")](**values)
