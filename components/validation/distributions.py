"""TFDV's statistics of a split -> counts of values and shares below a value.

Without TensorFlow: only the protocol buffers are read.
"""

import dataclasses
import typing

import numpy as np
import numpy.typing as npt
from tensorflow_metadata.proto.v0 import statistics_pb2

Statistics: typing.TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
"""Of one split, as TFDV writes them."""


@dataclasses.dataclass(frozen=True)
class Distribution:
    """How the values of a number are distributed, to the precision of TFDV's quantiles.

    Attributes:
        low: float64 [buckets], where each bucket begins.
        high: float64 [buckets], where it ends; where it begins, too, if all its values are equal.
        shares: float64 [buckets], parts of all values, which add up to 1.
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    def share_up_to(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The share of the images that do not exceed each value, taking buckets as even."""
        below = np.concatenate([[0.0], np.cumsum(self.shares)])
        position = np.searchsorted(self.high, values, side="right")
        inside = np.minimum(position, len(self.high) - 1)
        width = self.high[inside] - self.low[inside]
        begun = (position < len(self.high)) & (values > self.low[inside]) & (width > 0)
        part = np.where(begun, (values - self.low[inside]) / np.where(width > 0, width, 1), 0)
        return below[position] + part * self.shares[inside]


def find_feature(statistics: Statistics, key: str) -> statistics_pb2.FeatureNameStatistics | None:
    """The statistics of one feature; None where no record has it."""
    for dataset in statistics.datasets[:1]:
        for feature in dataset.features:
            if list(feature.path.step) == [key]:
                return feature
    return None


def number_of_images(statistics: Statistics) -> int:
    """Records of the split."""
    return int(statistics.datasets[0].num_examples) if statistics.datasets else 0


def value_counts(statistics: Statistics, key: str) -> dict[str, int]:
    """How many images have each value of a text feature, or of the number of channels."""
    feature = find_feature(statistics, key)
    if feature is None:
        return {}
    buckets = feature.string_stats.rank_histogram.buckets
    return {bucket.label: round(bucket.sample_count) for bucket in buckets}


def value_range(statistics: Statistics, key: str) -> tuple[float, float] | None:
    """The least and the greatest value of a number; None where no record has it."""
    feature = find_feature(statistics, key)
    if feature is None or not feature.num_stats.common_stats.num_non_missing:
        return None
    return feature.num_stats.min, feature.num_stats.max


def mean_value(statistics: Statistics, key: str) -> float:
    """The mean of a number; not a number where no record has it."""
    feature = find_feature(statistics, key)
    return float("nan") if feature is None else float(feature.num_stats.mean)


def distribution(statistics: Statistics, key: str) -> Distribution | None:
    """Reads TFDV's quantiles of a number.

    Returns:
        None where no record has a value.
    """
    feature = find_feature(statistics, key)
    if feature is None:
        return None
    for histogram in feature.num_stats.histograms:
        total = sum(bucket.sample_count for bucket in histogram.buckets)
        if histogram.type == statistics_pb2.Histogram.QUANTILES and total > 0:
            return Distribution(
                np.array([bucket.low_value for bucket in histogram.buckets]),
                np.array([bucket.high_value for bucket in histogram.buckets]),
                np.array([bucket.sample_count / total for bucket in histogram.buckets]),
            )
    return None
