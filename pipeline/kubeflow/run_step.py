"""All tasks but the first: the nodes of one kind of TFX's pipeline, and what became of the run.

It is kept in the run's folder, on the page over all runs, and in the last task's log.
"""

import io
import itertools
import os
from collections.abc import Sequence

from rich.console import Console
from tfx.orchestration import pipeline as tfx_pipeline

from components.validation.schema import FrozenSchema
from pipeline import dag
from pipeline.execution import Environment, StepRunner, infer_schema
from pipeline.kubeflow.attempts import (
    Attempt,
    Recorder,
    describe_killed,
    killed_of,
    read_attempts,
    recorded,
)
from pipeline.kubeflow.contract import DATA_STEPS, LAST_STEP, SCHEMA_STEP
from pipeline.kubeflow.outputs import ExecutorInput, Records, hand_over
from pipeline.kubeflow.prepare_run import PreparedRun, check_connection
from pipeline.runs import outcomes
from pipeline.runs.failures import explain
from pipeline.runs.records import CACHED, COMPUTED, HAD_BEEN_DONE, StepRecord, kind_of
from pipeline.runs.results import describe_step, summarize
from pipeline.runs.summary import print_summary
from pipeline.terminal import say

_HOW = {
    COMPUTED: "",
    CACHED: "unchanged, taken from the cache: ",
    HAD_BEEN_DONE: "done by an earlier attempt: ",
}


def run_step(run: PreparedRun, step: str, executor: ExecutorInput) -> None:
    """Runs the nodes of one kind, hands over what they have to show, and records the attempt.

    Args:
        run: To which they belong.
        step: The kind, such as "Trainer".
        executor: What Kubeflow wants.

    Raises:
        PipelineError: A node could not be run, for a reason that the user can fix.
        Exception: Whatever it raised.
    """
    # Nothing tells this process that its pod is to end: the next attempt sees what it left.
    record_killed(run, step)
    try:
        pods = run.kubeflow.pods_of(step)
        limits = (pods.attempt_timeout_seconds, pods.memory)
        with recorded(run.folder, step, *limits) as recorder:
            records = launch_step(run, step, recorder)
            hand_over(step, records, executor)
    except (Exception, SystemExit) as error:
        message, _ = explain(error)
        earlier = killed_of(read_attempts(run.folder, step))
        before = f" Before: {describe_killed(earlier)}" if earlier else ""
        _record_failure(run, f"In {step}: {message}{before}")
        raise
    if step == LAST_STEP:
        _record_success(run, records)


def launch_step(run: PreparedRun, step: str, recorder: Recorder) -> dict[str, StepRecord]:
    """Runs the nodes of one kind; raises like `run_step`.

    Args:
        run: To which they belong.
        step: The kind, such as "Trainer".
        recorder: Learns what became of each node.

    Returns:
        What ML Metadata knows of all nodes of this run that are done by now.
    """
    connection = run.connection()
    check_connection(connection, run.kubeflow.metadata)
    pods = run.kubeflow.pods_of(step)
    beam = [f"--runner={pods.beam_runner}"] if pods.beam_runner else []
    environment = Environment(
        connection, beam_arguments_of={step: [*beam, *map(str, pods.beam_options)]}
    )
    runner = StepRunner(_pipeline_of(run, step, environment), run.id)
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


def record_killed(run: PreparedRun, step: str) -> None:
    """Keeps, and says, that earlier attempts at a step were killed; success takes it back.

    Before the next attempt begins, since that may be the last, and be killed as well.
    """
    earlier = read_attempts(run.folder, step)
    if killed := killed_of(earlier):
        description = describe_killed(killed)
        say(description)
        _record_failure(run, f"{description} Attempt {len(earlier) + 1} has begun.")


def closing_line(attempts: Sequence[Attempt], model: str) -> str:
    """Says what a run did, by the records of its own attempts.

    Args:
        attempts: All of the run.
        model: Folder of the version that came out, now or earlier; empty if it was refused.
    """
    trained, pushed = (_work_of(attempts, step) for step in ("Trainer", LAST_STEP))
    version = os.path.basename(model)
    if not model:
        push = "it was refused"
    else:
        push = f"version {version} was pushed" if pushed == COMPUTED else "nothing was pushed"
    if trained == COMPUTED:
        return f"A new model was trained; {push}."
    if trained == CACHED:
        return (
            "Data, code and configuration of the training are unchanged: no new model was trained, "
            f"the earlier one was taken from the cache; {push}."
        )
    return f"This run trained nothing: its training had been done before it began; {push}."


def _pipeline_of(run: PreparedRun, step: str, environment: Environment) -> tfx_pipeline.Pipeline:
    """The pipeline of the local runner; of it the data steps, for these."""
    data_steps = dag.create_data_pipeline(run.config, environment, run.spans)
    if step in DATA_STEPS:
        return data_steps
    return dag.create_pipeline(
        run.config, environment, _schema_for(run, step, data_steps), run.spans
    )


def _schema_for(run: PreparedRun, step: str, data_steps: tfx_pipeline.Pipeline) -> FrozenSchema:
    if step != SCHEMA_STEP:
        return run.pinned_schema()
    if not os.path.exists(run.config.schema):
        data = StepRunner(data_steps, run.id)
        infer_schema({name: data.records.read(name) for name in data.steps}, run.config.schema)
        say(
            f"There was no schema {run.config.schema}: it was inferred from the images and frozen. "
            "Review it: this run and all later ones are held to it."
        )
    return run.pin_schema()


def _record_success(run: PreparedRun, records: Records) -> None:
    """Keeps the verdict on a run's model, and says it."""
    finished = summarize(records)
    # Kubeflow keeps the logs of pods.
    page = outcomes.record_outcome(run.config, run.folder, outcomes.finished("", finished))
    text = io.StringIO()
    print_summary(Console(file=text, width=100), finished)
    attempts = read_attempts(run.folder)
    for _, of_step in itertools.groupby(attempts, key=lambda each: each.step):
        # Of the last of a step this does not know whether it goes on.
        if killed := killed_of(list(of_step)[:-1]):
            text.write(f"{describe_killed(killed)}\n")
    say(f"{text.getvalue()}All runs: {page}")
    say(closing_line(attempts, finished.model))


def _record_failure(run: PreparedRun, message: str) -> None:
    outcomes.record_outcome(run.config, run.folder, outcomes.failed("", message))


def _work_of(attempts: Sequence[Attempt], step: str) -> str:
    """How a step of one node came to its result in this run; empty if none of its attempts did."""
    of_step = [each for each in attempts if each.step == step]
    work = {each.work[step] for each in of_step if step in each.work}
    # An attempt may be killed after its work was published, and before it could note that.
    if COMPUTED in work or (work and CACHED not in work and killed_of(of_step)):
        return COMPUTED
    return CACHED if CACHED in work else ""
