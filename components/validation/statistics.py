"""What TFDV's StatisticsGen looks at."""

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2

from components.features import (
    FLOAT_FEATURES,
    IMAGE_CHANNELS,
    IMAGE_ENCODED,
    INTEGER_FEATURES,
    TEXT_FEATURES,
)
from components.validation.shifts import QUANTILES

MOST_CLASSES = 100_000
"""Values of a text feature that are counted one by one; TFDV's own limit is 1,000."""
QUANTILE_ERROR = 0.002
"""Of a quantile's rank, as a share of the images; TFDV's own is 0.01, a whole quantile here."""


def statistics_options() -> tfdv.StatsOptions:
    """Statistics of what describes an image, and of the image only its presence and size.

    Returns:
        Options for StatisticsGen, which keep it from holding all images in memory to count the
        different ones.
    """
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
