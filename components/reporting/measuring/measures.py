"""All that the report says of a model's answers."""

import dataclasses

from components.predictions import Predictions
from components.reporting.measuring.calibration import Calibration, measure_calibration
from components.reporting.measuring.changes import Changes, find_changes
from components.reporting.measuring.class_metrics import ClassMetrics, measure_classes
from components.reporting.measuring.confusion import Confusion, find_confusion
from components.reporting.measuring.label_errors import LabelErrors, find_label_errors
from components.reporting.measuring.mistakes import find_mistakes
from components.reporting.measuring.shares import Share, make_share


@dataclasses.dataclass(frozen=True)
class Measures:
    """What was measured on the test images.

    Attributes:
        accuracy: Share of images whose answer is right.
        classes: The same for each class.
        confusion: Which classes are taken for which.
        calibration: What probabilities are worth.
        mistakes: Rows of images whose answers are wrong, the most confident first.
        label_errors: Images whose label is probably wrong.
        changes: Against the serving model; None without one.
    """

    accuracy: Share
    classes: tuple[ClassMetrics, ...]
    confusion: Confusion
    calibration: Calibration
    mistakes: tuple[int, ...]
    label_errors: LabelErrors
    changes: Changes | None


def measure(predictions: Predictions, confidence: float) -> Measures:
    """Measures a model on the test images.

    Args:
        predictions: What it says of them.
        confidence: Of the intervals, such as 0.95.
    """
    is_right = predictions.model.is_right(predictions.class_texts)
    confusion = find_confusion(predictions)
    return Measures(
        accuracy=make_share(int(is_right.sum()), len(predictions), confidence),
        classes=measure_classes(confusion, confidence),
        confusion=confusion,
        calibration=measure_calibration(predictions.model.confidences, is_right, confidence),
        mistakes=find_mistakes(predictions),
        label_errors=find_label_errors(predictions),
        changes=find_changes(predictions),
    )
