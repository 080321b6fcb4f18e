"""The compiled pipeline, for tests of what TFX will run."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfx.dsl.compiler import compiler
from tfx.proto.orchestration import pipeline_pb2

from components.ingestion.data_spans import Span
from components.validation.schema import FrozenSchema
from pipeline import dag
from pipeline.config import PipelineConfig, from_dict, to_dict
from pipeline.execution import this_machine

CONFIG = PipelineConfig("photos")
SCHEMA = FrozenSchema("frozen/schema.pbtxt", "frozen/class_names", ("cat", "dog"))
STEPS = [
    "ImageFolderExampleGen",
    "StatisticsGen",
    "ImportSchemaGen",
    "StatisticsResolver",
    "ExampleValidator",
    "DataReport",
    "DataGate",
    "Transform",
    "Trainer",
    "BaselineResolver",
    "BulkInferrer",
    "Evaluator",
    "InfraValidator",
    "ReleaseGate",
    "ModelReport",
    "Pusher",
]


def changed(settings: Mapping[str, Any]) -> PipelineConfig:
    """The configuration with other values for some settings, by their dotted names."""
    values = to_dict(CONFIG)
    for name, value in settings.items():
        group, _, last = name.rpartition(".")
        (values[group] if group else values)[last] = value
    return from_dict(values)


def compile_steps(
    config: PipelineConfig = CONFIG, schema: FrozenSchema = SCHEMA, spans: Sequence[Span] = ()
) -> dict[str, pipeline_pb2.PipelineNode]:
    """The steps by their names, in the order in which they run."""
    compiled = compiler.Compiler().compile(
        dag.create_pipeline(config, this_machine(config), schema, spans)
    )
    return {node.pipeline_node.node_info.id: node.pipeline_node for node in compiled.nodes}


def parameters(step: pipeline_pb2.PipelineNode) -> dict[str, Any]:
    """What is set of a step; JSON is read."""
    values = {}
    for name, value in step.parameters.parameters.items():
        text = value.field_value.string_value
        is_json = text.startswith(("{", "["))
        kind = value.field_value.WhichOneof("value")
        values[name] = json.loads(text) if is_json else getattr(value.field_value, kind)
    return values
