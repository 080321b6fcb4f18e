"""Distributions -> bars that a page draws, and the words for those who cannot see them."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from components.ingestion.reporting.distributions import Distribution
from components.pages.page import format_number

HEIGHT = 60.0
WIDTH = 240.0
LEAST_HEIGHT = 1.0
"""So that one image among a million can be seen."""
GAP = 1.0

TITLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "width": ("Width", "pixels"),
        "height": ("Height", "pixels"),
        "bytes": ("File size", "bytes"),
        "brightness": ("Brightness", "0 black to 1 white"),
        "contrast": ("Contrast", "0 to 0.5, standard deviation of gray"),
        "sharpness": ("Sharpness", "variance of the Laplacian"),
        "entropy": ("Entropy", "bits, 0 to 8"),
    }
)


@dataclasses.dataclass(frozen=True)
class Bar:
    """One rectangle, in the units of its chart: x to the right, y down."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclasses.dataclass(frozen=True)
class Chart:
    """One distribution.

    Attributes:
        title: What it is of.
        unit: Of its values.
        bars: From left to right.
        lowest: The value at the left end.
        highest: The value at the right end.
        distribution: With the quartiles.
    """

    title: str
    unit: str
    bars: tuple[Bar, ...]
    lowest: float
    highest: float
    distribution: Distribution

    @property
    def words(self) -> str:
        """What is seen in it."""
        known = self.distribution
        return (
            f"{self.title} ({self.unit}) from {format_number(known.minimum)} to "
            f"{format_number(known.maximum)}, median {format_number(known.median)}, half of the "
            f"images between {format_number(known.lower_quartile)} and "
            f"{format_number(known.upper_quartile)}"
        )


def make_chart(name: str, distribution: Distribution) -> Chart:
    """Draws a distribution of an audit.

    Args:
        name: A key of `TITLES`.
        distribution: Of this name.
    """
    title, unit = TITLES[name]
    highest = max(distribution.counts)
    step = WIDTH / len(distribution.counts)
    bars = []
    for position, count in enumerate(distribution.counts):
        if not count:
            continue
        height = max(LEAST_HEIGHT, HEIGHT * count / highest)
        ends = distribution.edges[position : position + 2]
        bars.append(
            Bar(
                x=round(position * step, 2),
                y=round(HEIGHT - height, 2),
                width=round(max(step - GAP, GAP), 2),
                height=round(height, 2),
                words=f"{' to '.join(map(format_number, ends))}: {count:,}",
            )
        )
    return Chart(
        title=title,
        unit=unit,
        bars=tuple(bars),
        lowest=distribution.edges[0],
        highest=distribution.edges[-1],
        distribution=distribution,
    )
