"""One task of a run: the nodes of one kind, each by TFX's own launcher.

The launcher is what the local runner uses too, so that drivers, cache, resolvers, executors and
what is written into ML Metadata are the same.
"""

import time

from tfx.dsl.compiler import constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from components.errors import PipelineError
from components.validation.schema import FrozenSchema
from pipeline.execution import Environment
from pipeline.kubeflow.attempts import CACHED, COMPUTED, HAD_BEEN_DONE, Recorder
from pipeline.kubeflow.metadata import check_connection, connection_to
from pipeline.kubeflow.names import SCHEMA_STEP
from pipeline.kubeflow.nodes import DATA_STEPS, compile_nodes, create_pipeline
from pipeline.kubeflow.prepared_run import PreparedRun
from pipeline.runs import memory
from pipeline.runs.first_schema import infer_schema
from pipeline.runs.leftovers import remove_leftovers
from pipeline.runs.records import StepRecord, StepRecords, kind_of
from pipeline.runs.results import describe_step
from pipeline.terminal import say

_HOW = {
    COMPUTED: "",
    CACHED: "unchanged, taken from the cache: ",
    HAD_BEEN_DONE: "done by an earlier attempt: ",
}


def launch_step(run: PreparedRun, step: str, recorder: Recorder) -> dict[str, StepRecord]:
    """Runs the nodes of one kind.

    Args:
        run: To which they belong.
        step: The kind, such as "Trainer".
        recorder: Learns what became of each node.

    Returns:
        What ML Metadata knows of all nodes of this run that are done by now.

    Raises:
        PipelineError: A node could not be run, for a reason that the user can mend.
        Exception: Whatever it raised.
    """
    connection = connection_to(run.kubeflow.metadata, run.config)
    check_connection(connection, run.kubeflow.metadata)
    pods = run.kubeflow.pods_of(step)
    beam = [f"--runner={pods.beam_runner}"] if pods.beam_runner else []
    environment = Environment(
        connection, beam_arguments_of={step: [*beam, *map(str, pods.beam_options)]}
    )
    records = StepRecords(connection, run.config.name, run.id)
    schema = _schema_for(run, step, environment, records)
    compiled = compile_nodes(create_pipeline(run.config, environment, schema, run.spans))
    runtime_parameter_utils.substitute_runtime_parameter(
        compiled, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run.id}
    )
    done: dict[str, StepRecord] = {}
    for node in _nodes(compiled):
        name = node.node_info.id
        if kind_of(name) == step:
            done[name], work = _launch(node, compiled, environment, records)
            recorder.did(name, work)
            say(f"{name}: {_HOW[work]}{describe_step(name, done)}")
        elif (found := records.find(name)) is not None:
            done[name] = found
    return done


def _schema_for(
    run: PreparedRun, step: str, environment: Environment, records: StepRecords
) -> FrozenSchema | None:
    if step in DATA_STEPS:
        return None
    if step != SCHEMA_STEP:
        return run.pinned_schema()
    if not run.has_schema():
        compiled = compile_nodes(create_pipeline(run.config, environment, None, run.spans))
        names = [node.node_info.id for node in _nodes(compiled)]
        infer_schema({name: records.read(name) for name in names}, run.config.schema)
        say(
            f"There was no schema {run.config.schema}: it was inferred from the images and frozen. "
            "Review it: this run and all later ones are held to it."
        )
    return run.pin_schema()


def _launch(
    node: pipeline_pb2.PipelineNode,
    compiled: pipeline_pb2.Pipeline,
    environment: Environment,
    records: StepRecords,
) -> tuple[StepRecord, str]:
    """Runs a node; returns what is known of it then, and how it came to that."""
    deployment = runner_utils.extract_local_deployment_config(compiled)
    name = node.node_info.id
    before = records.find(name)
    _remove_what_is_left(name, compiled, records)
    memory.forget_peak()
    started = time.monotonic()
    launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=metadata.Metadata(environment.metadata),
        pipeline_info=compiled.pipeline_info,
        pipeline_runtime_spec=compiled.runtime_spec,
        executor_spec=runner_utils.extract_executor_spec(deployment, name),
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
    ).launch()
    record = records.find(name)
    if record is None or not record.is_successful:
        state = "did not run, since what it needs is missing" if record is None else record.state
        raise PipelineError(
            f"{name} must end well, and those before it. Received: {name}: {state}. See the log of "
            "this task and of those before it."
        )
    if before is not None and before.is_successful:
        return record, HAD_BEEN_DONE
    if record.is_cached:
        return record, CACHED
    records.note_cost(name, time.monotonic() - started, memory.peak())
    return record, COMPUTED


def _remove_what_is_left(name: str, compiled: pipeline_pb2.Pipeline, records: StepRecords) -> None:
    """Of earlier attempts of this run that were killed: TFX would write among their files."""
    artifacts = compiled.runtime_spec.pipeline_root.field_value.string_value
    remove_leftovers(artifacts, name, records)


def _nodes(compiled: pipeline_pb2.Pipeline) -> list[pipeline_pb2.PipelineNode]:
    return [node.pipeline_node for node in compiled.nodes]
