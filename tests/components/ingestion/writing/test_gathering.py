import collections

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that

from components.ingestion.survey import LOCAL_BEAM
from components.ingestion.writing import gathering
from components.ingestion.writing.gathering import Gather


def test_every_value_comes_once_in_few_lists(monkeypatch):
    monkeypatch.setattr(gathering, "MOST_WAITING", 10)
    elements = [(number % 3, number) for number in range(100)]

    def check(gathered):
        values = collections.defaultdict(list)
        for key, some in gathered:
            assert 0 < len(some) <= 10
            values[key] += some
        assert {key: sorted(some) for key, some in values.items()} == {
            key: list(range(key, 100, 3)) for key in range(3)
        }
        assert len(gathered) < 50

    with beam.Pipeline(options=PipelineOptions(list(LOCAL_BEAM))) as pipeline:
        assert_that(
            pipeline | beam.Create([elements]) | beam.FlatMap(list) | beam.ParDo(Gather()), check
        )


def test_of_nothing_nothing_comes():
    gather = Gather()
    gather.start_bundle()
    assert list(gather.finish_bundle()) == []
