"""The steps of a data folder with spans."""

import pytest
from tfx.dsl.compiler import compiler
from tfx.proto.orchestration import pipeline_pb2

from components.ingestion.data_spans import Span
from pipeline import dag
from pipeline.execution import this_machine
from tests.pipeline.compiled_steps import CONFIG, STEPS, compile_steps, parameters

SPANS = [Span(number, f"photos/span-0{number}") for number in (7, 8, 9)]
STEPS_OF_A_SPAN = ("ImageFolderExampleGen", "StatisticsGen", "ExampleValidator")


@pytest.fixture(scope="module")
def steps_of_spans() -> dict[str, pipeline_pb2.PipelineNode]:
    return compile_steps(spans=SPANS)


def test_each_span_has_its_own_steps_as_far_as_the_gate(steps_of_spans):
    of_spans = {f"{step}.span-{number}" for step in STEPS_OF_A_SPAN for number in (7, 8, 9)}
    assert set(steps_of_spans) == {*STEPS, *of_spans} - {*STEPS_OF_A_SPAN}
    compiled = compiler.Compiler().compile(
        dag.create_data_pipeline(CONFIG, this_machine(CONFIG), SPANS)
    )
    assert {node.pipeline_node.node_info.id for node in compiled.nodes} == {
        name for name in of_spans if not name.startswith("ExampleValidator")
    }


def test_a_span_comes_after_those_before_it(steps_of_spans):
    ingested = [steps_of_spans[f"ImageFolderExampleGen.span-{number}"] for number in (7, 8, 9)]
    assert [list(step.upstream_nodes) for step in ingested] == [
        [],
        ["ImageFolderExampleGen.span-7"],
        ["ImageFolderExampleGen.span-7", "ImageFolderExampleGen.span-8"],
    ]
    found = [parameters(step) for step in ingested]
    assert [values["data_folder"] for values in found] == [span.folder for span in SPANS]
    assert [values["span"] for values in found] == [7, 8, 9]
    # The driver puts the records of these steps in their place.
    assert [values["earlier_spans"] for values in found] == [
        list(step.upstream_nodes) for step in ingested
    ]


@pytest.mark.parametrize("spans", [SPANS, SPANS[-1:]])
def test_the_steps_of_all_spans_get_all_of_them(spans):
    steps = compile_steps(spans=spans)
    names = [span.name for span in spans]
    for step, key, source in (
        ("DataReport", "examples", "ImageFolderExampleGen"),
        ("DataGate", "statistics", "StatisticsGen"),
        ("DataGate", "anomalies", "ExampleValidator"),
        ("Transform", "examples", "ImageFolderExampleGen"),
        ("BulkInferrer", "examples", "ImageFolderExampleGen"),
    ):
        producers = [name for name in steps[step].upstream_nodes if name.startswith(source)]
        assert producers == [f"{source}.{name}" for name in names]
        mixed = steps[step].inputs.inputs[key].mixed_inputs.input_keys
        assert len(mixed) == (len(spans) if len(spans) > 1 else 0)
    # What arrived last is compared with what arrived last before.
    resolved = steps["StatisticsResolver"].upstream_nodes
    assert list(resolved) == ["StatisticsGen.span-9"]
