"""What the worker tells the supervisor, as one JSON object a line."""

import dataclasses
import json

from pipeline.runs.finished import RunFinished
from pipeline.runs.progress import StepProgress


@dataclasses.dataclass(frozen=True)
class StepStarted:
    """A step began.

    Attributes:
        step: Its name in TFX.
        number: 1 for the first.
        steps: How many there are.
    """

    step: str
    number: int
    steps: int


@dataclasses.dataclass(frozen=True)
class StepFinished:
    """A step is done.

    Attributes:
        step: Its name in TFX.
        number: 1 for the first.
        steps: How many there are.
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
    """Something that the user should know now.

    Attributes:
        text: One or more lines.
    """

    text: str


@dataclasses.dataclass(frozen=True)
class RunFailed:
    """The run cannot go on.

    Attributes:
        step: Where it happened; empty outside of any step.
        message: The error.
        is_defect: Whether the message was not written for users, so that the log matters.
    """

    step: str
    message: str
    is_defect: bool


Event = StepStarted | StepProgress | StepFinished | Notice | RunFailed | RunFinished
_CLASSES = {
    event.__name__: event
    for event in (StepStarted, StepProgress, StepFinished, Notice, RunFailed, RunFinished)
}


def to_line(event: Event) -> str:
    """An event as one line of JSON."""
    return json.dumps({"event": type(event).__name__, **dataclasses.asdict(event)}) + "\n"


def from_line(line: str) -> Event:
    """Reads what `to_line` wrote."""
    values = json.loads(line)
    return _CLASSES[values.pop("event")](**values)
