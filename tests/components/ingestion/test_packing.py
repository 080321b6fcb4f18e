import collections
import hashlib

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that

from components.beam_arguments import ONE_PROCESS
from components.ingestion import packing
from components.ingestion.packing import (
    ApplyToAll,
    Gather,
    GatherAll,
    pack,
    part_of,
    unpack,
    unpack_all,
)


def _pipeline():
    return beam.Pipeline(options=PipelineOptions(list(ONE_PROCESS)))


def test_every_value_comes_once_in_few_elements(monkeypatch):
    monkeypatch.setattr(packing, "MOST_WAITING", 10)
    lists = [list(range(start, start + 5)) for start in range(0, 100, 5)]

    def check(gathered):
        values = collections.defaultdict(list)
        for key, packed in gathered:
            some = unpack(packed)
            assert 0 < len(some) <= 10
            values[key] += some
        assert {key: sorted(some) for key, some in values.items()} == {
            key: list(range(key, 100, 3)) for key in range(3)
        }

    with _pipeline() as pipeline:
        # As one bundle, such as a step before would give.
        assert_that(
            pipeline
            | beam.Create([lists])
            | beam.FlatMap(list)
            | beam.ParDo(Gather(lambda number: number % 3)),
            check,
        )


def test_values_without_a_key_come_once_as_well():
    def check(gathered):
        assert sorted(unpack_all(gathered)) == list(range(100))
        assert len(gathered) < 100

    with _pipeline() as pipeline:
        values = pipeline | beam.Create([list(range(100))]) | beam.FlatMap(list)
        assert_that(values | GatherAll(), check)


def test_of_nothing_nothing_comes():
    gather = Gather(lambda value: value)
    gather.start_bundle()
    assert list(gather.finish_bundle()) == []


def test_what_is_packed_can_be_unpacked():
    assert unpack(pack(["a", None])) == ["a", None]
    assert list(unpack_all([pack([1, 2]), pack([]), pack([3])])) == [1, 2, 3]


@pytest.mark.parametrize(
    ("sha256", "parts", "expected"),
    [
        ("00000000" + "f" * 56, 1, 0),
        ("ffffffff" + "0" * 56, 1, 0),
        ("00000000" + "f" * 56, 35, 0),
        ("ffffffff" + "0" * 56, 35, 34),
        ("7fffffff" + "0" * 56, 2, 0),
        ("80000000" + "0" * 56, 2, 1),
        (hashlib.sha256(b"a").hexdigest(), 35, 27),
        (hashlib.sha256(b"b").hexdigest(), 35, 8),
    ],
)
def test_part_of(sha256, parts, expected):
    assert part_of(sha256, parts) == expected


@pytest.mark.parametrize("values", [[], [3], [2, 3, 1]])
def test_a_function_is_called_once_with_all_values(values):
    def check(results):
        assert results == [sorted(values)]

    with _pipeline() as pipeline:
        assert_that(pipeline | beam.Create(values) | ApplyToAll(sorted), check)
