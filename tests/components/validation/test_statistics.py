import tensorflow_data_validation as tfdv

from components.validation.statistics import statistics_options
from tests.components.validation.small_data import make_record, make_records, make_statistics


def test_looks_at_what_describes_an_image_and_at_nothing_that_identifies_it():
    options = statistics_options()
    assert sorted(options.feature_allowlist) == [
        "image/aspect_ratio",
        "image/brightness",
        "image/bytes",
        "image/channels",
        "image/class/text",
        "image/contrast",
        "image/encoded",
        "image/entropy",
        "image/format",
        "image/height",
        "image/sharpness",
        "image/treatment",
        "image/width",
    ]
    assert (options.num_top_values, options.num_rank_histogram_buckets) == (100_000, 100_000)


def _feature(statistics, key):
    return tfdv.get_feature_stats(statistics.datasets[0], tfdv.FeaturePath([key]))


def test_counts_the_classes_and_measures_the_images():
    statistics = make_statistics(make_records("cat", "dog", "cat"))
    top = _feature(statistics, "image/class/text").string_stats.top_values
    assert [(value.value, value.frequency) for value in top] == [("cat", 2), ("dog", 1)]
    height = _feature(statistics, "image/height").num_stats
    assert (height.min, height.max, height.common_stats.num_non_missing) == (30, 30, 3)
    brightness = _feature(statistics, "image/brightness").num_stats
    assert (brightness.mean, brightness.common_stats.num_non_missing) == (0.5, 3)


def test_counts_gray_images_to_the_last_one():
    records = [make_record("cat", seed, channels=1 if seed == 7 else 3) for seed in range(1_001)]
    feature = _feature(make_statistics(records), "image/channels")
    buckets = feature.string_stats.rank_histogram.buckets
    assert {bucket.label: bucket.sample_count for bucket in buckets} == {"1": 1, "3": 1_000}


def test_does_not_count_the_different_images():
    feature = _feature(make_statistics(make_records("cat", "dog")), "image/encoded")
    assert feature.WhichOneof("stats") == "bytes_stats"
    assert feature.bytes_stats.common_stats.num_non_missing == 2
