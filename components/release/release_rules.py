"""What a model must be to be released: frozen, and checked on construction.

Without TensorFlow, since the configuration is checked before anything heavy is loaded.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.config_checks import (
    ConfigurationError,
    check_between,
    check_choice,
    check_positive,
    check_types,
)

REFUSE = "refuse"
POINT_ESTIMATE = "point_estimate"
POLICIES = (REFUSE, POINT_ESTIMATE)

_POSITIVE = ("max_model_megabytes", "max_latency_milliseconds")


@dataclasses.dataclass(frozen=True)
class ReleaseRules:
    """What a model must reach on the test split, and when it is served, to be pushed.

    A threshold is met if the whole confidence interval of what was measured meets it.

    Attributes:
        min_accuracy: Proportion of the images that it must recognize, 0 to 1; 0 for no rule.
        max_accuracy_loss: How much less accurate than the serving model it may be, on the same
            images, 0 to 1; 1 for no rule. With 0 it must be shown to be better, which two equal
            models never are.
        min_recall: The same for the images of each class; 0 for no rule.
        min_precision: Proportion of the predictions of each class that must be correct, 0 to 1; 0
            for no rule.
        min_recall_of: The same as min_recall for single classes, such as {"tumor": 0.95}.
        min_precision_of: The same as min_precision for single classes.
        max_calibration_error: How far its probabilities may be from the accuracy that they promise,
            expected calibration error, 0 to 1; 1 for no rule.
        max_model_megabytes: Size of its files, millions of bytes, above 0.
        max_latency_milliseconds: Median time of a prediction for one image, above 0.
        confidence: Of the intervals, above 0.5 and below 1.
        not_enough_evidence: What is done where the test images are too few to tell: refuse; or
            point_estimate, decide by the measured value as if it were exact.
    """

    min_accuracy: float = 0.7
    max_accuracy_loss: float = 0.01
    min_recall: float = 0.0
    min_precision: float = 0.0
    min_recall_of: dict[str, float] = dataclasses.field(default_factory=dict)
    min_precision_of: dict[str, float] = dataclasses.field(default_factory=dict)
    max_calibration_error: float = 1.0
    max_model_megabytes: float = 1000.0
    max_latency_milliseconds: float = 1000.0
    confidence: float = 0.95
    not_enough_evidence: str = REFUSE

    def __post_init__(self) -> None:
        check_types(self, "evaluate.")
        for field in dataclasses.fields(self):
            if field.name in _POSITIVE:
                check_positive(f"evaluate.{field.name}", getattr(self, field.name))
            elif field.name.startswith(("min_", "max_")) and field.type is float:
                check_between(f"evaluate.{field.name}", getattr(self, field.name), 0, 1)
        for name in ("min_recall_of", "min_precision_of"):
            object.__setattr__(self, name, _minima(f"evaluate.{name}", getattr(self, name)))
        if not 0.5 < self.confidence < 1:
            raise ConfigurationError(
                "evaluate.confidence must be above 0.5 and below 1. "
                f"Received: evaluate.confidence={self.confidence}."
            )
        check_choice("evaluate.not_enough_evidence", self.not_enough_evidence, POLICIES)


def _minima(name: str, minima: Mapping[Any, Any]) -> dict[str, float]:
    """Checked minima of single classes, as numbers."""
    for class_text, minimum in minima.items():
        if not isinstance(class_text, str):
            raise ConfigurationError(
                f"{name} must map names of classes (in YAML, quoted where they look like numbers) "
                f"to numbers. Received: {name}={dict(minima)!r}."
            )
        if not isinstance(minimum, int | float) or isinstance(minimum, bool):
            raise ConfigurationError(
                f"{name}.{class_text} must be a number. Received: {name}.{class_text}={minimum!r}."
            )
        check_between(f"{name}.{class_text}", minimum, 0, 1)
    return {class_text: float(minimum) for class_text, minimum in minima.items()}
