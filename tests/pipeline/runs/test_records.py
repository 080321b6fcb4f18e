import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx.orchestration import metadata

from pipeline.runs.records import (
    StepArtifact,
    StepRecord,
    StepRecords,
    kind_of,
    records_of,
    span_of,
)
from pipeline.runs.results import describe_step

OUTPUT = pb.Event.OUTPUT
INTERNAL_OUTPUT = pb.Event.INTERNAL_OUTPUT


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "metadata.sqlite")


def steps(path: str, run: str = "run-0") -> StepRecords:
    return StepRecords(metadata.sqlite_metadata_connection_config(path), "photos", run)


def record(
    path: str,
    step: str,
    state: int,
    outputs: dict[str, str],
    kind: int = OUTPUT,
    pipeline: str = "photos",
    run: str = "run-0",
) -> None:
    """Writes an execution of a step as TFX does; the outputs are folders by key."""
    store = mlmd.MetadataStore(metadata.sqlite_metadata_connection_config(path))
    types = {
        pb.ContextType: store.put_context_type(pb.ContextType(name="node")),
        pb.ExecutionType: store.put_execution_type(pb.ExecutionType(name="Step")),
        pb.ArtifactType: store.put_artifact_type(pb.ArtifactType(name="Thing")),
    }
    execution = pb.Execution(type_id=types[pb.ExecutionType], last_known_state=state)
    pairs = []
    for key, uri in outputs.items():
        artifact = pb.Artifact(type_id=types[pb.ArtifactType], uri=uri)
        artifact.custom_properties["pushed"].int_value = 1
        artifact.custom_properties["pushed_destination"].string_value = f"{uri}/7"
        event = pb.Event(type=kind)
        event.path.steps.add().key = key
        pairs.append((artifact, event))
    run_type = store.put_context_type(pb.ContextType(name="pipeline_run"))
    contexts = [
        pb.Context(type_id=types[pb.ContextType], name=f"{pipeline}.{step}"),
        pb.Context(type_id=run_type, name=run),
    ]
    store.put_execution(execution, pairs, contexts, reuse_context_if_already_exist=True)


def test_other_pipelines_and_other_runs_do_not_count(path):
    complete = pb.Execution.COMPLETE
    record(path, "Trainer", complete, {"model": "first"}, run="1")
    record(path, "Trainer", complete, {"model": "second"}, run="2")
    record(path, "Trainer", complete, {"model": "other"}, pipeline="cats", run="3")
    assert steps(path, run="2").read("Trainer").outputs["model"].uri == "second"
    assert steps(path, run="1").read("Trainer").outputs["model"].uri == "first"
    with pytest.raises(LookupError, match=r"^ML Metadata knows no execution of Trainer\.$"):
        steps(path, run="3").read("Trainer")


def test_two_runs_at_once_do_not_read_each_other(path):
    """Fault D2: each finds its own records, and writes costs on its own artifacts."""
    record(path, "Trainer", pb.Execution.COMPLETE, {"model": "mine"}, run="run-1")
    record(path, "Trainer", pb.Execution.RUNNING, {"model": "theirs"}, run="run-2")
    mine, theirs = steps(path, "run-1"), steps(path, "run-2")
    assert mine.read("Trainer").is_successful
    assert mine.read("Trainer").outputs["model"].uri == "mine"
    assert theirs.read("Trainer").state == "RUNNING"
    mine.note_cost("Trainer", 2.0, 7)
    assert mine.read("Trainer").outputs["model"].properties["step_milliseconds"] == 2000
    assert "step_milliseconds" not in theirs.read("Trainer").outputs["model"].properties


def test_the_newest_execution_with_its_outputs(path):
    record(path, "Pusher", pb.Execution.COMPLETE, {"pushed_model": "old"})
    record(path, "Pusher", pb.Execution.CACHED, {"pushed_model": "new"})
    record(path, "Trainer", pb.Execution.FAILED, {})
    step = steps(path).read("Pusher")
    properties = {"pushed": 1, "pushed_destination": "new/7"}
    assert dict(step.outputs) == {"pushed_model": StepArtifact("new", properties)}
    assert describe_step("Pusher", {"Pusher": step}) == "version 7"
    trainer = steps(path).read("Trainer")
    flags = [(each.is_cached, each.is_successful) for each in (step, trainer)]
    assert flags == [(True, True), (False, False)]


@pytest.mark.parametrize(
    ("outputs", "text"),
    [
        ({"candidate": "c"}, "no earlier model to compare with"),
        ({"candidate": "c", "model": "m", "pushed_model": "p"}, "the serving model"),
        ({"candidate": "c", "comparable_model": "m", "pushed_model": "p"}, "the serving model"),
    ],
)
def test_what_a_resolver_chose_counts_as_output(path, outputs, text):
    record(path, "BaselineResolver", pb.Execution.COMPLETE, outputs, INTERNAL_OUTPUT)
    step = steps(path).read("BaselineResolver")
    assert set(step.outputs) == set(outputs)
    assert describe_step("BaselineResolver", {"BaselineResolver": step}) == text


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"version": "7", "refusal": ""}, "version 7, which serves"),
        (
            {"version": "", "refusal": "no model serves yet"},
            "training starts from scratch: no model serves yet",
        ),
    ],
)
def test_what_a_warm_start_begins_with(properties, text):
    step = StepRecord("COMPLETE", {"model": StepArtifact("m", properties)})
    assert describe_step("WarmStart", {"WarmStart": step}) == text


def test_what_a_search_found(path, tmp_path):
    (tmp_path / "best_hyperparameters.txt").write_text(
        '{"space": [], "values": {"learning_rate": 0.002, "options.dropout": 0.1}}'
    )
    outputs = {"best_hyperparameters": str(tmp_path)}
    record(path, "Tuner", pb.Execution.COMPLETE, outputs)
    step = steps(path).read("Tuner")
    assert describe_step("Tuner", {"Tuner": step}) == "learning_rate 0.002, options.dropout 0.1"


def test_the_steps_of_spans_are_told_apart(path):
    for number in (9, 10):
        step = f"StatisticsGen.span-{number}"
        record(path, step, pb.Execution.COMPLETE, {"statistics": f"of {number}"})
    assert steps(path).read("StatisticsGen.span-9").outputs["statistics"].uri == "of 9"
    names = ("ExampleGen.span-9", "StatisticsGen.span-9", "ExampleGen.span-10", "Trainer")
    found = {name: StepRecord("COMPLETE", {}) for name in names}
    assert list(records_of(found, "ExampleGen")) == ["ExampleGen.span-9", "ExampleGen.span-10"]
    assert list(records_of(found, "Trainer")) == ["Trainer"]
    assert [(kind_of(name), span_of(name)) for name in names[2:]] == [
        ("ExampleGen", "span-10"),
        ("Trainer", ""),
    ]
