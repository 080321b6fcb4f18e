import numpy as np
import pytest

from components.audit import Distribution
from components.ingestion.histogram import (
    Histogram,
    even_edges,
    ratio_edges,
    whole_number_edges,
)


def count(edges, *values: float) -> Histogram:
    histogram = Histogram(edges)
    histogram.add(np.array(values))
    return histogram


def test_widths_are_exact():
    summary = count(whole_number_edges(), 100, 400, 400, 400, 5000).summarize()
    quartiles = summary.lower_quartile, summary.median, summary.upper_quartile
    assert (summary.minimum, *quartiles, summary.maximum) == (100, 400, 400, 400, 5000)
    assert sum(summary.counts) == 5
    assert len(summary.counts) <= 24


def test_one_value():
    summary = count(whole_number_edges(), 28).summarize()
    assert summary == Distribution(28, 28, 28, 28, 28, (28, 29), (1,))


def test_nothing_counted():
    assert Histogram(even_edges(1)).summarize() is None


@pytest.mark.parametrize("edges", [whole_number_edges(), even_edges(1e6), ratio_edges()])
def test_quartiles_are_close(edges):
    values = np.exp(np.random.RandomState(0).normal(9, 1, 10_000))
    summary = count(edges, *values).summarize()
    quartiles = summary.lower_quartile, summary.median, summary.upper_quartile
    tolerance = {"rel": 0.02, "abs": 1000 if edges[1] == 1000 else 0}
    assert quartiles == pytest.approx(np.quantile(values, [0.25, 0.5, 0.75]), **tolerance)
    assert (summary.minimum, summary.maximum) == (values.min(), values.max())


def test_merged_is_as_counted_at_once():
    parts = count(even_edges(1), 0.1, 0.9)
    parts.merge(count(even_edges(1), 0.2))
    parts.merge(Histogram(even_edges(1)))
    assert parts.summarize() == count(even_edges(1), 0.9, 0.2, 0.1).summarize()


def test_values_beyond_the_ends_are_counted():
    summary = count(even_edges(1), -3, 0.5, 7).summarize()
    assert (summary.minimum, summary.maximum, sum(summary.counts)) == (-3, 7, 3)
