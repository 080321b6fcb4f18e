"""A configuration -> the steps of its pipeline and their order: the nodes of TFX's IR by kind.

A data folder with spans has several nodes of some kinds, one of each span that is used. How many
is known only when a run begins, so that one task runs all nodes of a kind, one after the other.
"""

from collections.abc import Sequence

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto.orchestration import pipeline_pb2

from components.features import CLASS_NAMES_VOCABULARY
from components.ingestion.listing.spans import Span
from components.validation.schema import FrozenSchema
from pipeline import dag
from pipeline.config import PipelineConfig
from pipeline.execution import Environment
from pipeline.kubeflow.names import SCHEMA_STEP
from pipeline.runs.records import kind_of

DATA_STEPS = ("ImageFolderExampleGen", "StatisticsGen")
"""The steps that need no schema: it may be inferred from what they found."""

# The steps and their order do not depend on what is in the schema.
_ANY_SCHEMA = FrozenSchema("schema.pbtxt", CLASS_NAMES_VOCABULARY, ("0", "1"))


def compile_nodes(pipeline: tfx_pipeline.Pipeline) -> pipeline_pb2.Pipeline:
    """TFX's intermediate representation of a pipeline."""
    return compiler.Compiler().compile(pipeline)


def create_pipeline(
    config: PipelineConfig,
    environment: Environment,
    schema: FrozenSchema | None,
    spans: Sequence[Span],
) -> tfx_pipeline.Pipeline:
    """The pipeline of the local runner; without a schema, its data steps."""
    if schema is None:
        return dag.create_data_pipeline(config, environment, spans)
    return dag.create_pipeline(config, environment, schema, spans)


def upstream_kinds(config: PipelineConfig) -> dict[str, list[str]]:
    """For each kind of step, in an order in which one process could run them, those before it."""
    # Nothing is run here, and no folder made.
    nowhere = metadata_store_pb2.ConnectionConfig(
        fake_database=metadata_store_pb2.FakeDatabaseConfig()
    )
    pipeline = create_pipeline(config, Environment(nowhere), _ANY_SCHEMA, ())
    upstream = {
        kind_of(node.pipeline_node.node_info.id): [
            kind_of(name) for name in node.pipeline_node.upstream_nodes
        ]
        for node in compile_nodes(pipeline).nodes
    }
    # This one decides which schema the run is held to, without which no other can be compiled.
    for step, before in upstream.items():
        if step not in (*DATA_STEPS, SCHEMA_STEP) and SCHEMA_STEP not in before:
            before.append(SCHEMA_STEP)
    return upstream
