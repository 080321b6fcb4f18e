"""Precision, recall and number of images of each class."""

import dataclasses

from components.reporting.measuring.confusion import Confusion
from components.reporting.measuring.shares import Share, make_share


@dataclasses.dataclass(frozen=True)
class ClassMetrics:
    """How well a model knows one class.

    Attributes:
        name: Of the class.
        recall: Of the images of the class, those for which it is the answer.
        precision: Of the images for which it is the answer, those of the class.
    """

    name: str
    recall: Share
    precision: Share

    @property
    def support(self) -> int:
        """Test images of the class."""
        return self.recall.trials


def measure_classes(confusion: Confusion, confidence: float) -> tuple[ClassMetrics, ...]:
    """Measures each class.

    Args:
        confusion: Of the test images.
        confidence: Of the intervals, such as 0.95.

    Returns:
        In the order of the confusion's names.
    """
    return tuple(
        ClassMetrics(
            name=name,
            recall=make_share(confusion.count((at, at)), confusion.supports[at], confidence),
            precision=make_share(confusion.count((at, at)), confusion.answers[at], confidence),
        )
        for at, name in enumerate(confusion.names)
    )
