"""One task of a run: the nodes of one kind."""

from components.validation.schema import FrozenSchema
from pipeline.execution import Environment, StepRunner, infer_schema
from pipeline.kubeflow.attempts import Recorder
from pipeline.kubeflow.metadata import check_connection, connection_to
from pipeline.kubeflow.names import SCHEMA_STEP
from pipeline.kubeflow.nodes import DATA_STEPS, create_pipeline
from pipeline.kubeflow.prepared_run import PreparedRun
from pipeline.runs.records import CACHED, COMPUTED, HAD_BEEN_DONE, StepRecord, kind_of
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
    schema = _schema_for(run, step, environment)
    runner = StepRunner(create_pipeline(run.config, environment, schema, run.spans), run.id)
    done: dict[str, StepRecord] = {}
    for name in runner.steps:
        if kind_of(name) == step:
            result = runner.run(name)
            done[name] = result.record
            recorder.did(name, result.work)
            say(f"{name}: {_HOW[result.work]}{describe_step(name, done)}")
        elif (found := runner.records.find(name)) is not None:
            done[name] = found
    return done


def _schema_for(run: PreparedRun, step: str, environment: Environment) -> FrozenSchema | None:
    if step in DATA_STEPS:
        return None
    if step != SCHEMA_STEP:
        return run.pinned_schema()
    if not run.has_schema():
        data = StepRunner(create_pipeline(run.config, environment, None, run.spans), run.id)
        infer_schema({name: data.records.read(name) for name in data.steps}, run.config.schema)
        say(
            f"There was no schema {run.config.schema}: it was inferred from the images and frozen. "
            "Review it: this run and all later ones are held to it."
        )
    return run.pin_schema()
