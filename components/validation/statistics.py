"""What TFDV's StatisticsGen looks at, and what its statistics say of a feature.

To read them takes no TensorFlow: only the protocol buffers are read.
"""

import dataclasses
import typing
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.features import (
    FLOAT_FEATURES,
    IMAGE_CHANNELS,
    IMAGE_ENCODED,
    INTEGER_FEATURES,
    TEXT_FEATURES,
)

if typing.TYPE_CHECKING:
    import tensorflow_data_validation as tfdv

MOST_CLASSES = 100_000
"""Values of a text feature that are counted one by one; TFDV's own limit is 1,000."""
QUANTILES = 100
"""Buckets that statistics have of each number, and with that the precision of a proportion: 1 %."""
QUANTILE_ERROR = 0.002
"""Of a quantile's rank, 0 to 1; TFDV's own is 0.01, a whole quantile here."""

Statistics: typing.TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
"""Of one split, as TFDV writes them."""
OfSplits = Mapping[str, Statistics]
"""Statistics of one span, by split."""


def statistics_options() -> "tfdv.StatsOptions":
    """Statistics of what describes an image, and of the image only its presence and size.

    Returns:
        Options for StatisticsGen, which keep it from holding all images in memory to count the
        different ones.
    """
    import tensorflow_data_validation as tfdv

    schema = schema_pb2.Schema()
    for key in TEXT_FEATURES:
        schema.feature.add(name=key, type=schema_pb2.BYTES)
    for key in INTEGER_FEATURES:
        schema.feature.add(name=key, type=schema_pb2.INT)
    for key in FLOAT_FEATURES:
        schema.feature.add(name=key, type=schema_pb2.FLOAT)
    channels = next(feature for feature in schema.feature if feature.name == IMAGE_CHANNELS)
    # Counted one by one: a histogram of TFDV only estimates how many images are gray.
    channels.int_domain.is_categorical = True
    # As an image, its values are not counted one by one.
    schema.feature.add(name=IMAGE_ENCODED, type=schema_pb2.BYTES).image_domain.SetInParent()
    return tfdv.StatsOptions(
        schema=schema,
        feature_allowlist=[feature.name for feature in schema.feature],
        num_top_values=MOST_CLASSES,
        num_rank_histogram_buckets=MOST_CLASSES,
        num_quantiles_histogram_buckets=QUANTILES,
        epsilon=QUANTILE_ERROR,
    )


@dataclasses.dataclass(frozen=True)
class Quantiles:
    """How the values of a number are distributed, to the precision of TFDV's quantiles.

    Attributes:
        low: float64 [buckets], where each bucket begins.
        high: float64 [buckets], where it ends; where it begins, too, if all its values are equal.
        proportions: float64 [buckets], parts of all values, which add up to 1.
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    proportions: npt.NDArray[np.float64]

    def proportion_up_to(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The proportion of the images that do not exceed each value, taking buckets as even."""
        below = np.concatenate([[0.0], np.cumsum(self.proportions)])
        position = np.searchsorted(self.high, values, side="right")
        inside = np.minimum(position, len(self.high) - 1)
        width = self.high[inside] - self.low[inside]
        begun = (position < len(self.high)) & (values > self.low[inside]) & (width > 0)
        part = np.where(begun, (values - self.low[inside]) / np.where(width > 0, width, 1), 0)
        return below[position] + part * self.proportions[inside]


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


def quantiles(statistics: Statistics, key: str) -> Quantiles | None:
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
            return Quantiles(
                np.array([bucket.low_value for bucket in histogram.buckets]),
                np.array([bucket.high_value for bucket in histogram.buckets]),
                np.array([bucket.sample_count / total for bucket in histogram.buckets]),
            )
    return None


def add_up(spans: Sequence[OfSplits], key: str) -> dict[str, Statistics]:
    """Adds up how many images have each value of a text feature.

    Args:
        spans: Of each span.
        key: The feature.

    Returns:
        Statistics of that feature alone, by split; those of a single span as they are.
    """
    if len(spans) == 1:
        return dict(spans[0])
    splits = dict.fromkeys(split for span in spans for split in span)
    return {
        split: _add_up([span[split] for span in spans if split in span], key) for split in splits
    }


def _add_up(statistics: Iterable[Statistics], key: str) -> Statistics:
    counts: Counter[str] = Counter()
    images = 0
    for found in statistics:
        counts.update(value_counts(found, key))
        images += number_of_images(found)
    added = Statistics()
    dataset = added.datasets.add(num_examples=images)
    feature = dataset.features.add()
    feature.path.step.append(key)
    for value, count in sorted(counts.items()):
        feature.string_stats.rank_histogram.buckets.add(label=value, sample_count=count)
    return added
