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
from components.serving.directory.log import withdrawn_versions
from components.serving.directory.release import Release, read_release

SERVING = "serving"
WITHDRAWN = "withdrawn"
INCOMPLETE = "incomplete"
FOREIGN = "foreign"
EARLIER = ""


@dataclasses.dataclass(frozen=True)
class Version:
    """One version.

    Attributes:
        number: Its name.
        state: `SERVING`: the newest, which servers take; `WITHDRAWN` by a rollback; `INCOMPLETE`:
            a folder without a model; `FOREIGN`: not published by this pipeline; `EARLIER`.
        release: Where it comes from; None of a foreign or incomplete one.
        accuracy: On the test images of its run, 0 to 1; None if unknown.
        accuracy_interval: Between which values the truth lies; None if unknown.
        bytes: Size of all its files.
    """

    number: int
    state: str
    release: Release | None
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    bytes: int


def find_versions(model_folder: str) -> list[Version]:
    """All versions, the newest first.

    Args:
        model_folder: `<serving>/<name>`.

    Raises:
        PipelineError: The release of one is damaged.
    """
    complete = list_versions(model_folder)
    withdrawn = withdrawn_versions(model_folder)
    return [
        _describe(model_folder, number, complete, withdrawn)
        for number in reversed(list_numbers(model_folder))
    ]


def find_version(model_folder: str, number: int) -> Version:
    """One version.

    Args:
        model_folder: `<serving>/<name>`.
        number: Of the version.

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
    """`metrics.json` of a version; empty if there is none, or it cannot be read."""
    path = os.path.join(version_folder(model_folder, number), EXTRA_FOLDER, "metrics.json")
    try:
        with open(path, encoding="utf-8") as file:
            metrics: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return {}
    return metrics


def _describe(model_folder: str, number: int, complete: list[int], withdrawn: set[int]) -> Version:
    folder = version_folder(model_folder, number)
    release = read_release(folder)
    state = EARLIER
    if number not in complete:
        state = INCOMPLETE
    elif number == complete[-1]:
        state = SERVING
    elif number in withdrawn:
        state = WITHDRAWN
    elif release is None:
        state = FOREIGN
    accuracy = read_metrics(model_folder, number).get("accuracy", {})
    ends = accuracy.get("low"), accuracy.get("high")
    return Version(
        number=number,
        state=state,
        release=release,
        accuracy=accuracy.get("value"),
        accuracy_interval=ends if None not in ends else None,
        bytes=_size(folder),
    )


def _size(folder: str) -> int:
    return sum(
        os.path.getsize(os.path.join(parent, name))
        for parent, _, names in os.walk(folder)
        for name in names
    )
