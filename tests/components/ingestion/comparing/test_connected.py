import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from components.ingestion.comparing.connected import ConnectedComponents, connected_components


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], {}),
        ([("a", "b")], {"a": "a", "b": "a"}),
        ([("c", "b"), ("b", "a")], {"a": "a", "b": "a", "c": "a"}),
        ([("a", "b"), ("a", "b"), ("b", "a")], {"a": "a", "b": "a"}),
        ([("a", "d"), ("b", "c")], {"a": "a", "b": "b", "c": "b", "d": "a"}),
        ([("x", "x")], {"x": "x"}),
        ([("ä/1", "z/\udcff")], {"z/\udcff": "z/\udcff", "ä/1": "z/\udcff"}),
    ],
)
def test_connected_components(pairs, expected):
    assert connected_components(pairs) == expected


def test_a_long_chain_is_one_component():
    names = [f"{number:05}" for number in range(20_000)]
    chain = zip(names[1:], names[:-1], strict=True)
    assert connected_components(chain) == dict.fromkeys(names, "00000")


def test_on_beam():
    with TestPipeline() as pipeline:
        pairs = pipeline | beam.Create([("b", "c"), ("a", "b"), ("d", "e")])
        expected = {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d"}
        assert_that(pairs | ConnectedComponents(), equal_to([expected]))


def test_nothing_on_beam():
    with TestPipeline() as pipeline:
        assert_that(pipeline | beam.Create([]) | ConnectedComponents(), equal_to([{}]))
