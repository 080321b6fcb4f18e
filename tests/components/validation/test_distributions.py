import numpy as np
import pytest

from components.validation.distributions import (
    distribution,
    find_feature,
    mean_value,
    number_of_images,
    value_counts,
    value_range,
)
from components.validation.statistics import statistics_options
from tests.components.validation.small_data import make_record, make_statistics, write_statistics


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


def test_shares_are_those_of_the_images_to_one_bucket(statistics):
    found = distribution(statistics, "image/brightness")
    assert len(found.shares) == statistics_options().num_quantiles_histogram_buckets == 100
    values = np.array([-1.0, 0.1, 0.5, 0.98, 1.0])
    np.testing.assert_allclose(
        found.share_up_to(values), [0.0, 0.11, 0.51, 0.99, 1.0], rtol=0, atol=0.015
    )


def test_equal_values_are_a_step():
    found = distribution(write_statistics(9, numbers={"x": [5, 5, 5, 8]}), "x")
    values = np.array([4.9, 5.0, 6.5, 8.0])
    np.testing.assert_allclose(found.share_up_to(values), [0, 2 / 3, 5 / 6, 1])


def test_one_value_alone_is_a_step():
    found = distribution(write_statistics(9, numbers={"x": [28, 28]}), "x")
    np.testing.assert_allclose(found.share_up_to(np.array([27.9, 28.0, 28.1])), [0, 1, 1])


def test_what_no_record_has_is_nothing():
    empty = write_statistics(0)
    assert find_feature(empty, "x") is None
    assert value_counts(empty, "x") == {}
    assert value_range(empty, "x") is None
    assert distribution(empty, "x") is None
    assert np.isnan(mean_value(empty, "x"))


def test_a_feature_without_a_histogram_has_no_distribution():
    assert distribution(write_statistics(3, counts={"x": {"a": 3}}), "x") is None
    assert value_range(write_statistics(3, counts={"x": {"a": 3}}), "x") is None


def test_statistics_of_nothing():
    empty = write_statistics(0)
    del empty.datasets[:]
    assert number_of_images(empty) == 0
    assert find_feature(empty, "x") is None
