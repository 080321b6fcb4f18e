"""Whether a model may be released, and why: every check with what was measured."""

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from typing import Any

from components.text import UNKNOWN, format_ratio

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

ROUNDING = 1e-6
"""Tolerance of comparisons: a value that was computed twice must not violate its own threshold."""
MOST_IMAGES_ADVISED = 10_000_000
"""Beyond that, the value lies so close to its threshold that no advice would help."""
LEAST_MORE = 1.1
"""With fewer more images, the measured value itself moves by more than the interval shrinks."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was asked of a model.

    Attributes:
        name: For machines, such as "accuracy" or "recall/Ankle boot".
        title: For people, such as "Accuracy".
        value: What was measured; NaN if nothing could be.
        low: Lower end of the confidence interval; the value itself where nothing is left to chance.
        high: Upper end.
        bound: The threshold.
        direction: "at least" or "at most".
        unit: "" for a proportion of images, 0 to 1, or a difference of two; "count"; "MB"; "ms".
        outcome: "passed": the whole interval meets the threshold; "failed": none of it does; else
            "not enough evidence".
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

    @property
    def is_met_by_value(self) -> bool:
        """Whether the measured value alone meets the threshold; NaN does not."""
        return _excess(self.value, self.bound, self.direction) >= -ROUNDING

    @property
    def is_of_class(self) -> bool:
        """Whether it is of one class alone, or of one export: its name is "<metric>/<class>"."""
        return "/" in self.name

    @property
    def threshold(self) -> str:
        """What it asks for: "at least 0.7000"."""
        return f"{self.direction} {format_value(self.bound, self.unit)}"

    @property
    def interval(self) -> str:
        """Between which values the truth lies: "0.7672 to 0.8754"; empty where it is known."""
        low, high = (format_value(end, self.unit) for end in (self.low, self.high))
        return f"{low} to {high}" if self.method else ""

    @property
    def measured(self) -> str:
        """What was measured: "0.8280 (0.7672 to 0.8754)"."""
        if math.isnan(self.value):
            return "not to be measured"
        value = format_value(self.value, self.unit)
        return f"{value} ({self.interval})" if self.interval else value


def make_check(
    name: str,
    title: str,
    value: float,
    bound: float,
    *,
    direction: str = AT_MOST,
    interval: tuple[float, float] | None = None,
    method: str = "",
    unit: str = "",
    detail: str = "",
) -> Check:
    """Holds what was measured to a threshold.

    Args:
        name: For machines.
        title: For people.
        value: What was measured; NaN if nothing could be.
        bound: The threshold.
        direction: On which side of it values are good.
        interval: Between which values the truth lies; None where nothing is left to chance.
        method: How the interval was made.
        unit: As of `Check`.
        detail: A sentence more.
    """
    low, high = interval or (value, value)
    worst, best = (low, high) if direction == AT_LEAST else (high, low)
    outcome = NOT_ENOUGH_EVIDENCE
    if _excess(worst, bound, direction) >= -ROUNDING:
        outcome = PASSED
    elif _excess(best, bound, direction) < -ROUNDING:
        outcome = FAILED
    return Check(name, title, value, low, high, bound, direction, unit, outcome, method, detail)


def _excess(value: float, bound: float, direction: str) -> float:
    return value - bound if direction == AT_LEAST else bound - value


def format_value(value: float, unit: str) -> str:
    """A number with its unit, proportions with four digits; "unknown" where there is none."""
    if not math.isfinite(value):
        return UNKNOWN
    if not unit:
        return format_ratio(value)
    if unit == COUNT:
        return f"{value:,.0f}"
    digits = f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:.3g}"
    return f"{digits} {unit}"


def images_needed(check: Check, images: int) -> int | None:
    """About how many test images would be enough, if the measured value is the truth.

    The width of an interval shrinks with the square root of the number of images.

    Args:
        check: One without enough evidence.
        images: How many there are.

    Returns:
        A number with two leading digits; None if that cannot be said.
    """
    edge = check.low if check.direction == AT_LEAST else check.high
    width, room = abs(check.value - edge), abs(check.value - check.bound)
    is_good = (check.value >= check.bound) == (check.direction == AT_LEAST)
    if check.unit or not is_good or not room or not math.isfinite(width / room):
        return None
    needed = images * max((width / room) ** 2, LEAST_MORE)
    if needed > MOST_IMAGES_ADVISED:
        return None
    step = 10 ** max(0, math.floor(math.log10(needed)) - 1)
    return math.ceil(needed / step) * step


@dataclasses.dataclass(frozen=True)
class ModelVerdict:
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

    @property
    def headline(self) -> str:
        """The verdict in a word or a few."""
        if self.is_released:
            return "Released"
        return "Refused, but pushed by force" if self.force_push else "Refused"

    @property
    def explanation(self) -> str:
        """Its sentence without what the headline and the reason for a forced push say."""
        reason = self.sentence.removeprefix(forced_sentence(self.force_push, ""))
        reason = reason.removeprefix("Released: " if self.is_released else "Refused: ")
        return reason[:1].upper() + reason[1:]


def forced_sentence(reason: str, sentence: str) -> str:
    """The sentence of a model that is pushed whatever the checks say."""
    return f"Pushed by force ({reason}). Without that: {sentence}"


def write_verdict(verdict: ModelVerdict, folder: str) -> None:
    """Writes the file.

    Args:
        verdict: The gate's.
        folder: The artifact's.
    """
    with open(os.path.join(folder, VERDICT_FILE), "w", encoding="utf-8") as file:
        json.dump(without_nan(dataclasses.asdict(verdict)), file, indent=2, ensure_ascii=False)


def read_verdict(folder: str) -> ModelVerdict:
    """Reads what `write_verdict` wrote."""
    with open(os.path.join(folder, VERDICT_FILE), encoding="utf-8") as file:
        values: dict[str, Any] = json.load(file)
    checks = tuple(Check(**_with_nan(check)) for check in values.pop("checks"))
    return ModelVerdict(checks=checks, **values)


def without_nan(value: Any) -> Any:
    """A value in the types that JSON has: it has no NaN and no infinity, null stands for them."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _with_nan(check: Mapping[str, Any]) -> dict[str, Any]:
    return {key: math.nan if value is None else value for key, value in check.items()}
