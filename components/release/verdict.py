"""Whether a model may be released, and why: every check with what was measured."""

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from typing import Any

VERDICT_FILE = "release_verdict.json"

PASSED = "passed"
FAILED = "failed"
NOT_ENOUGH_EVIDENCE = "not enough evidence"
OUTCOMES = (PASSED, FAILED, NOT_ENOUGH_EVIDENCE)

COUNT = "count"
"""The unit of what is counted."""

AT_LEAST = "at least"
AT_MOST = "at most"
DIRECTIONS = (AT_LEAST, AT_MOST)


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was asked of a model.

    Attributes:
        name: For machines, such as "accuracy" or "recall/Ankle boot".
        title: For people, such as "Accuracy".
        value: What was measured; NaN if nothing could be.
        low: Lower end of the confidence interval; the value itself where nothing is left to chance.
        high: Upper end.
        bound: What it is held to.
        direction: "at least" or "at most".
        unit: "" for a share of images, 0 to 1, or a difference of two; "count"; "MB"; "ms".
        outcome: "passed": the whole interval keeps the bound; "failed": none of it does; else "not
            enough evidence".
        method: How the interval was made; empty where there is none.
        detail: A sentence more, such as how many images it rests on.
    """

    name: str
    title: str
    value: float
    low: float
    high: float
    bound: float
    direction: str
    unit: str
    outcome: str
    method: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        for name, valid in (("outcome", OUTCOMES), ("direction", DIRECTIONS)):
            if getattr(self, name) not in valid:
                raise ValueError(
                    f"{name} must be one of {', '.join(valid)}. Received: {getattr(self, name)!r}."
                )


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The gate's word on a model.

    Attributes:
        is_released: Whether it may be pushed.
        sentence: Why or why not, in one sentence.
        checks: All of them, the overall ones first, then those of classes by name.
        test_images: How many images the checks rest on.
        baseline: The version that was serving and was compared with, such as "1795344506"; empty
            if there was none, or none that could be compared.
        baseline_note: Why there is no comparison, or on which images it was made; may be empty.
        policy: What is done where there is not enough evidence, as `evaluate.not_enough_evidence`.
        confidence: Of the intervals, such as 0.95.
        reset_baseline: The reason why the serving model was not compared with; empty if it was.
        force_push: The reason why the model is pushed whatever the checks say; empty otherwise.
    """

    is_released: bool
    sentence: str
    checks: tuple[Check, ...]
    test_images: int
    baseline: str
    baseline_note: str
    policy: str
    confidence: float
    reset_baseline: str = ""
    force_push: str = ""

    def having(self, outcome: str) -> tuple[Check, ...]:
        """The checks with an outcome."""
        return tuple(check for check in self.checks if check.outcome == outcome)


def write_verdict(verdict: Verdict, folder: str) -> None:
    """Writes the file.

    Args:
        verdict: The gate's.
        folder: The artifact's.
    """
    with open(os.path.join(folder, VERDICT_FILE), "w", encoding="utf-8") as file:
        json.dump(without_nan(dataclasses.asdict(verdict)), file, indent=2, ensure_ascii=False)


def read_verdict(folder: str) -> Verdict:
    """Reads what `write_verdict` wrote."""
    with open(os.path.join(folder, VERDICT_FILE), encoding="utf-8") as file:
        values: dict[str, Any] = json.load(file)
    checks = tuple(Check(**_with_nan(check)) for check in values.pop("checks"))
    return Verdict(checks=checks, **values)


def without_nan(value: Any) -> Any:
    """A value in the types that JSON has: it has no NaN and no infinity, null stands for them."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _with_nan(check: Mapping[str, Any]) -> dict[str, Any]:
    return {key: math.nan if value is None else value for key, value in check.items()}
