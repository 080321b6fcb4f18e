"""A share of images with its confidence interval."""

import dataclasses
import math

from components.release.intervals import wilson


@dataclasses.dataclass(frozen=True)
class Share:
    """How many of some images have a property.

    Attributes:
        successes: Images that have it, 0 to `trials`.
        trials: All of them.
        low: Lower end of the interval, 0 to 1; 0 without images.
        high: Upper end; 1 without images.
    """

    successes: int
    trials: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share, 0 to 1; NaN without images."""
        return self.successes / self.trials if self.trials else math.nan


def make_share(successes: int, trials: int, confidence: float) -> Share:
    """A share with Wilson's interval.

    Args:
        successes: 0 to `trials`.
        trials: 0 or more.
        confidence: Such as 0.95.
    """
    if not trials:
        return Share(0, 0, 0.0, 1.0)
    return Share(successes, trials, *wilson(successes, trials, confidence))
