"""What the gate does about each kind of finding, and from where on something is a finding.

Without TensorFlow, since the configuration is checked before anything heavy is loaded.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from components.errors import PipelineError
from components.text import did_you_mean

STOP = "stop"
WARN = "warn"
IGNORE = "ignore"
LEVELS = (STOP, WARN, IGNORE)

SCHEMA = "schema"
NEW_CLASS = "new_class"
VANISHED_CLASS = "vanished_class"
SMALL_CLASS = "small_class"
NEW_FORMAT = "new_format"
GRAYSCALE = "grayscale"
OUT_OF_RANGE = "out_of_range"
DRIFT = "drift"
SKEW = "skew"
KINDS = (
    SCHEMA,
    NEW_CLASS,
    VANISHED_CLASS,
    SMALL_CLASS,
    NEW_FORMAT,
    GRAYSCALE,
    OUT_OF_RANGE,
    DRIFT,
    SKEW,
)

_SHARES = ("max_gray_share", "smallest_class_shift", "smallest_feature_shift")


class RuleError(PipelineError, ValueError):
    """A rule is refused. The message says the rule, what was received, and what to do."""


@dataclasses.dataclass(frozen=True)
class ValidationRules:
    """What happens when the images are not as expected: stop, warn or ignore, by kind.

    The defaults are meant for retraining that nobody watches. A run stops where its model would
    mean something else than the last one, which is a decision for people: other classes, or
    records that are not what the steps after this one take. It warns where the model may only
    become worse, since that is measured: the Evaluator refuses a model that is not good enough.

    Attributes:
        schema: stop, warn or ignore: a record lacks a feature, or has one of another type, or
            breaks a rule that people added to the schema file.
        new_class: stop: images of a class that the schema does not name. Nothing else is
            possible, since such a class has no number to train on.
        vanished_class: stop, warn or ignore: a class of the schema has no images to train on.
        small_class: stop, warn or ignore: a class has fewer than min_images_per_class images, or
            none in one of the splits that models are measured on.
        new_format: stop, warn or ignore: files of a format that the schema does not name.
        grayscale: stop, warn or ignore: gray images in a set of color images.
        out_of_range: stop, warn or ignore: a size, brightness or other number outside the range
            that the schema gives it.
        drift: stop, warn or ignore: class proportions or image features are not as in the images
            of the model that was pushed last.
        skew: stop, warn or ignore: those of eval or test are not as in train.
        min_images_per_class: Images that each class must have in all splits together, 0 or more.
            With fewer than 20, a tenth of them is no more than one image.
        max_gray_share: Share of gray images that a set of color images may have, 0 to 1.
        smallest_class_shift: Change of the proportions of classes, formats or treatments that is
            too small to be reported, 0 to 1.
        smallest_feature_shift: Change of a number of the images, such as their brightness, that
            is too small to be reported, 0 to 1: the largest difference, at any value, between
            the shares of the images that do not exceed the value.
        false_alarm_rate: Probability that one run reports any drift or skew by chance, above 0
            and below 1. Small sets are given the larger differences that they have by chance.
    """

    schema: str = STOP
    new_class: str = STOP
    vanished_class: str = STOP
    small_class: str = WARN
    new_format: str = WARN
    grayscale: str = WARN
    out_of_range: str = WARN
    drift: str = WARN
    skew: str = WARN
    min_images_per_class: int = 20
    max_gray_share: float = 0.0
    smallest_class_shift: float = 0.05
    smallest_feature_shift: float = 0.1
    false_alarm_rate: float = 0.001

    def __post_init__(self) -> None:
        for kind in KINDS:
            _check_level(kind, getattr(self, kind))
        if self.new_class != STOP:
            raise RuleError(
                "validate.new_class must be stop: a class that the schema does not name has no "
                f"number to train on. Received: validate.new_class={self.new_class!r}. To admit "
                "a class, add it to the schema with `python -m pipeline.schema freeze`."
            )
        _check_count(self.min_images_per_class)
        for name in (*_SHARES, "false_alarm_rate"):
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise _refused(name, "from 0 to 1", getattr(self, name))
        if not 0 < self.false_alarm_rate < 1:
            raise _refused("false_alarm_rate", "above 0 and below 1", self.false_alarm_rate)

    def level(self, kind: str) -> str:
        """What happens on a finding of a kind: one of `LEVELS`.

        Args:
            kind: One of `KINDS`.
        """
        if kind not in KINDS:
            raise ValueError(f"A kind must be one of {', '.join(KINDS)}. Received: {kind!r}.")
        return str(getattr(self, kind))

    def to_dict(self) -> dict[str, Any]:
        """The rules in the types that JSON has."""
        return dataclasses.asdict(self)


def from_dict(values: Mapping[str, Any]) -> ValidationRules:
    """Constructs rules from what `to_dict` made.

    Args:
        values: Rules by name; those that are not there have their defaults.

    Raises:
        RuleError: A rule is unknown, or its value is refused.
    """
    names = [field.name for field in dataclasses.fields(ValidationRules)]
    for name in values:
        if name not in names:
            raise RuleError(
                f"The settings of validate are {', '.join(names)}. Received: {name!r}."
                f"{did_you_mean(str(name), names)}"
            )
    return ValidationRules(**values)


def _check_level(kind: str, level: Any) -> None:
    if level not in LEVELS:
        hint = did_you_mean(level, LEVELS) if isinstance(level, str) else ""
        raise RuleError(
            f"validate.{kind} must be one of {', '.join(LEVELS)}. "
            f"Received: validate.{kind}={level!r}.{hint}"
        )


def _check_count(value: Any) -> None:
    # Python takes true and false for whole numbers.
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _refused("min_images_per_class", "a whole number, 0 or more", value)


def _number(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _refused(name, "a number", value)
    return float(value)


def _refused(name: str, rule: str, value: Any) -> RuleError:
    return RuleError(
        f"validate.{name} must be {rule}. Received: validate.{name}={value!r}. "
        "Change it in the configuration."
    )
