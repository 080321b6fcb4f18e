"""How a number is distributed over millions of images, in the memory of a few thousand numbers."""

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.audit import Distribution

MOST_BARS = 24
"""Bars of a distribution that is to be looked at."""
LINEAR_LIMIT = 4096
STEPS_AN_OCTAVE = 64
"""Above `LINEAR_LIMIT`, neighboring bins are 1.1 % apart."""
OCTAVES = 36
"""Up to 2**48: more than any file has bytes."""


@functools.cache
def whole_number_edges() -> npt.NDArray[np.float64]:
    """Edges for numbers from 0: one bin for each up to 4,096, then 64 an octave; 6,400 in all."""
    octaves = np.arange(STEPS_AN_OCTAVE * OCTAVES + 1) / STEPS_AN_OCTAVE
    return np.concatenate([np.arange(LINEAR_LIMIT), LINEAR_LIMIT * 2**octaves])


@functools.cache
def even_edges(upper: float) -> npt.NDArray[np.float64]:
    """Edges for values from 0 to `upper`: a thousand equal bins."""
    return np.linspace(0, upper, 1001)


@functools.cache
def ratio_edges() -> npt.NDArray[np.float64]:
    """Edges for positive values that are compared by their ratio: 64 an octave, from 1 to 2**24."""
    return 2 ** (np.arange(STEPS_AN_OCTAVE * 24 + 1) / STEPS_AN_OCTAVE)


class Histogram:
    """Counts values in bins; values beyond the ends are counted in the outermost bins.

    A quantile is exact where a bin holds one value only, such as widths up to 4,096 pixels; else
    it is the middle of its bin, but never beyond the smallest and largest value.
    """

    def __init__(self, edges: npt.NDArray[np.float64]):
        """Starts empty.

        Args:
            edges: float64 [bins + 1], ascending: bin i holds edges[i] <= value < edges[i + 1].
        """
        self.edges = edges
        self.counts = np.zeros(len(edges) - 1, dtype=np.int64)
        self._minimum = np.inf
        self._maximum = -np.inf

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """Counts values: float64 [any]."""
        if values.size:
            self.counts += np.bincount(self.bins_of(values), minlength=len(self.counts))
            self._minimum = min(self._minimum, float(values.min()))
            self._maximum = max(self._maximum, float(values.max()))

    def merge(self, other: "Histogram") -> None:
        """Counts what another histogram of the same edges has counted."""
        self.counts += other.counts
        self._minimum = min(self._minimum, other._minimum)
        self._maximum = max(self._maximum, other._maximum)

    def bins_of(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
        """The bin of each value: int [any]."""
        bins = np.searchsorted(self.edges, values, side="right") - 1
        return np.clip(bins, 0, len(self.counts) - 1)

    def bin_of_quantile(self, proportion: float) -> int:
        """The bin of the value which `proportion` of the values, 0 to 1, are not above."""
        cumulated = np.cumsum(self.counts)
        return int(np.searchsorted(cumulated, max(1, np.ceil(proportion * cumulated[-1]))))

    def quantile(self, proportion: float) -> float:
        """The value which `proportion` of the values, 0 to 1, are not above; there must be any."""
        position = self.bin_of_quantile(proportion)
        lower, upper = self.edges[position : position + 2]
        middle = lower if upper - lower == 1 else (lower + upper) / 2
        return float(np.clip(middle, self._minimum, self._maximum))

    def summarize(self) -> Distribution | None:
        """Quartiles and bars; None if nothing was counted."""
        if not self.counts.any():
            return None
        edges, counts = _bars(self.edges, self.counts)
        return Distribution(
            minimum=self._minimum,
            lower_quartile=self.quantile(0.25),
            median=self.quantile(0.5),
            upper_quartile=self.quantile(0.75),
            maximum=self._maximum,
            edges=edges,
            counts=counts,
        )


def _bars(
    edges: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Joins neighboring bins to at most `MOST_BARS` bars of equal width or, on wide ranges, ratio.

    Nothing below the first and above the last bin with a value is shown.
    """
    used = np.flatnonzero(counts)
    first, last = int(used[0]), int(used[-1]) + 1
    lower, upper = float(edges[first]), float(edges[last])
    # Bars of equal width would put nearly all into the first one.
    spread = np.geomspace if lower >= 1 and upper > 20 * lower else np.linspace
    wanted = spread(lower, upper, MOST_BARS + 1)
    chosen: Sequence[int] = np.unique(
        np.clip(np.searchsorted(edges, wanted * (1 - 1e-12)), first, last)
    ).tolist()
    sums = np.add.reduceat(counts[:last], chosen[:-1])
    return tuple(round(float(edges[i]), 6) for i in chosen), tuple(int(count) for count in sums)
