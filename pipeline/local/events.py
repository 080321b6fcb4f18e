"""What the worker tells the supervisor, as one JSON object a line."""

import dataclasses
import json
from collections.abc import Mapping, Sequence


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
class StepProgress:
    """A step goes on.

    Attributes:
        done: Units that are done.
        total: Units there are; 0 if nobody knows.
        unit: What is counted.
        detail: A few words more.
    """

    done: int
    total: int
    unit: str
    detail: str


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


@dataclasses.dataclass(frozen=True)
class RunFinished:
    """All steps are done.

    Attributes:
        found: Files below the data folder.
        duplicates: Copies left out.
        rejected: Files set aside.
        rejects_file: The list of these; several, with commas between, of several spans.
        findings: What else was found among the images: how many times, by its title.
        warnings: What the validation found and let pass.
        report: The page about the images; about those of the newest span.
        split_sizes: Images used by split.
        accuracies: Accuracy by split, 0 to 1.
        checks: What was asked of the model: outcome and words of each check. Of those of single
            classes, the ones that did not pass.
        verdict: Why it was released or refused, in one sentence.
        notes: What else to know about the verdict, such as why there is no comparison.
        model_report: The page about the model.
        model: Folder of the pushed version; empty if none was pushed.
        spans: Names of the spans used, the oldest first; none for a folder without spans.
    """

    found: int
    duplicates: int
    rejected: int
    rejects_file: str
    findings: Mapping[str, int]
    warnings: Sequence[str]
    report: str
    split_sizes: Mapping[str, int]
    accuracies: Mapping[str, float]
    checks: Sequence[Sequence[str]]
    verdict: str
    notes: Sequence[str]
    model_report: str
    model: str
    spans: Sequence[str] = ()


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
