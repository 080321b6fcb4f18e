import numpy as np
import pytest
import tensorflow_data_validation as tfdv

from components.validation.statistics import (
    find_feature,
    mean_value,
    number_of_images,
    quantiles,
    statistics_options,
    value_counts,
    value_range,
)
from tests.components.validation.small_data import (
    make_record,
    make_records,
    make_statistics,
    write_statistics,
)


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


@pytest.fixture(scope="module")
def statistics():
    """Of images whose brightness is 0.00, 0.01 ... 0.99, a quarter of them gray."""
    return make_statistics(
        [
            make_record("cat", number, brightness=number / 100, channels=1 if number < 25 else 3)
            for number in range(100)
        ]
    )


def test_reads_what_tfdv_writes(statistics):
    assert number_of_images(statistics) == 100
    assert value_counts(statistics, "image/channels") == {"1": 25, "3": 75}
    assert value_counts(statistics, "image/class/text") == {"cat": 100}
    assert value_range(statistics, "image/brightness") == (0.0, pytest.approx(0.99))
    assert mean_value(statistics, "image/brightness") == pytest.approx(0.495)


def test_proportions_are_those_of_the_images_to_one_bucket(statistics):
    found = quantiles(statistics, "image/brightness")
    assert len(found.proportions) == statistics_options().num_quantiles_histogram_buckets == 100
    values = np.array([-1.0, 0.1, 0.5, 0.98, 1.0])
    np.testing.assert_allclose(
        found.proportion_up_to(values), [0.0, 0.11, 0.51, 0.99, 1.0], rtol=0, atol=0.015
    )


def test_equal_values_are_a_step():
    found = quantiles(write_statistics(9, numbers={"x": [5, 5, 5, 8]}), "x")
    values = np.array([4.9, 5.0, 6.5, 8.0])
    np.testing.assert_allclose(found.proportion_up_to(values), [0, 2 / 3, 5 / 6, 1])


def test_one_value_alone_is_a_step():
    found = quantiles(write_statistics(9, numbers={"x": [28, 28]}), "x")
    np.testing.assert_allclose(found.proportion_up_to(np.array([27.9, 28.0, 28.1])), [0, 1, 1])


def test_what_no_record_has_is_nothing():
    empty = write_statistics(0)
    assert find_feature(empty, "x") is None
    assert value_counts(empty, "x") == {}
    assert value_range(empty, "x") is None
    assert quantiles(empty, "x") is None
    assert np.isnan(mean_value(empty, "x"))


def test_a_feature_without_a_histogram_has_no_quantiles():
    assert quantiles(write_statistics(3, counts={"x": {"a": 3}}), "x") is None
    assert value_range(write_statistics(3, counts={"x": {"a": 3}}), "x") is None


def test_statistics_of_nothing():
    empty = write_statistics(0)
    del empty.datasets[:]
    assert number_of_images(empty) == 0
    assert find_feature(empty, "x") is None
