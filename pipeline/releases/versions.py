"""The serving directory -> what there is to say of each version."""

import dataclasses
import json
import os
from typing import Any

from components.errors import PipelineError
from components.serving.directory.layout import (
    EXTRA_FOLDER,
    list_numbers,
    list_versions,
    version_folder,
)
from components.serving.directory.log import rolled_back_versions
from components.serving.directory.release import RELEASE_FILE, Release, read_release

SERVING = "serving"
ROLLED_BACK = "rolled back"
INCOMPLETE = "incomplete"
DAMAGED = "damaged"
FOREIGN = "foreign"
EARLIER = ""


@dataclasses.dataclass(frozen=True)
class Version:
    """One version.

    Attributes:
        number: Its name.
        state: `SERVING`: the newest, which servers take; `ROLLED_BACK`; `INCOMPLETE`:
            a folder without a model; `DAMAGED`: its release cannot be read; `FOREIGN`: not
            published by this pipeline; `EARLIER`.
        release: Where it comes from; None if unknown.
        problem: Why it is unknown; empty if it is not.
        accuracy: On the test images of its run, 0 to 1; None if unknown.
        accuracy_interval: Between which values the truth lies; None if unknown.
        bytes: Size of all its files.
    """

    number: int
    state: str
    release: Release | None
    problem: str
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    bytes: int


def find_versions(model_folder: str) -> list[Version]:
    """All versions in a model's folder, `<serving>/<name>`, the newest first."""
    complete = list_versions(model_folder)
    rolled_back = rolled_back_versions(model_folder)
    return [
        _describe(model_folder, number, complete, rolled_back)
        for number in reversed(list_numbers(model_folder))
    ]


def find_version(model_folder: str, number: int) -> Version:
    """One version.

    Raises:
        PipelineError: There is no such version.
    """
    versions = find_versions(model_folder)
    for version in versions:
        if version.number == number:
            return version
    known = ", ".join(str(version.number) for version in versions)
    raise PipelineError(
        f"A version must be one of those in {model_folder}: {known}. Received: {number}."
    )


def read_metrics(model_folder: str, number: int) -> dict[str, Any]:
    """`metrics.json` of a version; empty if there is none, or it is something else."""
    path = os.path.join(version_folder(model_folder, number), EXTRA_FOLDER, "metrics.json")
    try:
        with open(path, encoding="utf-8") as file:
            metrics = json.load(file)
    except (OSError, ValueError):
        return {}
    return metrics if isinstance(metrics, dict) else {}


def _describe(
    model_folder: str, number: int, complete: list[int], rolled_back: set[int]
) -> Version:
    folder = version_folder(model_folder, number)
    release, state, problem = _identify(folder, number)
    if number not in complete:
        release, state, problem = None, INCOMPLETE, "without a model"
    elif number == complete[-1]:
        state = SERVING
    elif number in rolled_back:
        state = ROLLED_BACK
    accuracy, interval = _accuracy(read_metrics(model_folder, number))
    return Version(number, state, release, problem, accuracy, interval, _size(folder))


def _identify(folder: str, number: int) -> tuple[Release | None, str, str]:
    """The release of a version, whose it is, and why there is no release."""
    try:
        release = read_release(folder)
    except PipelineError:
        return None, DAMAGED, f"{RELEASE_FILE} is damaged"
    if release is None:
        return None, FOREIGN, "not published by us"
    if release.version != number:
        return None, FOREIGN, f"a copy of {release.version}, not published by us"
    return release, EARLIER, ""


def _accuracy(metrics: dict[str, Any]) -> tuple[float | None, tuple[float, float] | None]:
    """The measured value and its interval, as far as there are any."""
    found = metrics.get("accuracy")
    values = found if isinstance(found, dict) else {}
    numbers = [values.get(name) for name in ("value", "low", "high")]
    value, low, high = (each if isinstance(each, int | float) else None for each in numbers)
    return value, None if low is None or high is None else (low, high)


def _size(folder: str) -> int:
    return sum(
        os.path.getsize(os.path.join(parent, name))
        for parent, _, names in os.walk(folder)
        for name in names
    )
