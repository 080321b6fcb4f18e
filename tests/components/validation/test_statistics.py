import tensorflow_data_validation as tfdv

from components.validation.statistics import statistics_options
from tests.components.validation.small_data import make_records, make_statistics


def test_looks_at_what_describes_an_image_and_at_nothing_that_identifies_it():
    options = statistics_options()
    assert sorted(options.feature_allowlist) == [
        "image/channels",
        "image/class/text",
        "image/encoded",
        "image/format",
        "image/height",
        "image/width",
    ]
    assert (options.num_top_values, options.num_rank_histogram_buckets) == (10_000, 10_000)


def _feature(statistics, key):
    return tfdv.get_feature_stats(statistics.datasets[0], tfdv.FeaturePath([key]))


def test_counts_the_classes_and_measures_the_sizes():
    statistics = make_statistics(make_records("cat", "dog", "cat"))
    top = _feature(statistics, "image/class/text").string_stats.top_values
    assert [(value.value, value.frequency) for value in top] == [("cat", 2), ("dog", 1)]
    height = _feature(statistics, "image/height").num_stats
    assert (height.min, height.max, height.common_stats.num_non_missing) == (8, 8, 3)


def test_does_not_count_the_different_images():
    feature = _feature(make_statistics(make_records("cat", "dog")), "image/encoded")
    assert feature.WhichOneof("stats") == "bytes_stats"
    assert feature.bytes_stats.common_stats.num_non_missing == 2
