"""Steps by TFX's launcher: what becomes of them, what it costs, and what ML Metadata knows then."""

import pathlib
from collections.abc import Callable

import ml_metadata as mlmd
import numpy as np
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx import types
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.components.common import resolver
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.types import channel, standard_artifacts

from components.errors import PipelineError
from pipeline import execution
from pipeline.execution import StepRunner
from pipeline.runs.records import CACHED, COMPUTED, HAD_BEEN_DONE, sqlite_connection

MIB = 1024**2


@component
def Write(file: Parameter[str], model: OutputArtifact[standard_artifacts.Model]) -> None:  # noqa: N802
    """A step that notes in a file that it ran."""
    with open(file, "a", encoding="utf-8") as log:
        log.write("ran\n")
    pathlib.Path(model.uri, "model").write_text("made")


@component
def Fail(model: InputArtifact[standard_artifacts.Model]) -> None:  # noqa: N802
    """A step that cannot be done."""
    raise ValueError(f"bad {pathlib.Path(model.uri, 'model').read_text()}")


class NoAnswer(resolver.ResolverStrategy):
    """A resolver of which TFX says only that it failed."""

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Fails."""
        raise RuntimeError("no answer")


Make = Callable[[str], tfx_pipeline.Pipeline]


@pytest.fixture
def make(tmp_path: pathlib.Path) -> Make:
    """Makes a pipeline in a folder: one step that works, one that fails, and a resolver."""

    def make_pipeline(folder: str) -> tfx_pipeline.Pipeline:
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        write = Write(file=str(place / "runs"))
        fail = Fail(model=write.outputs["model"])
        ask = resolver.Resolver(
            strategy_class=NoAnswer, model=channel.Channel(type=standard_artifacts.Model)
        ).with_id("Ask")
        ask.add_upstream_node(write)
        return tfx_pipeline.Pipeline(
            pipeline_name="tested",
            pipeline_root=str(place / "artifacts"),
            metadata_connection_config=sqlite_connection(str(place / "metadata.sqlite")),
            components=[write, fail, ask],
            enable_cache=True,
        )

    return make_pipeline


def store_of(pipeline: tfx_pipeline.Pipeline) -> mlmd.MetadataStore:
    return mlmd.MetadataStore(pipeline.metadata_connection_config)


def test_what_becomes_of_a_step(make: Make, tmp_path: pathlib.Path) -> None:
    first, second = StepRunner(make("here"), "run-1"), StepRunner(make("here"), "run-2")
    assert first.steps == ["Write", "Ask", "Fail"]
    results = [first.run("Write"), first.run("Write"), second.run("Write")]
    assert [result.work for result in results] == [COMPUTED, HAD_BEEN_DONE, CACHED]
    assert (tmp_path / "here/runs").read_text() == "ran\n"
    assert {result.record.outputs["model"].uri for result in results} == {
        str(tmp_path / "here/artifacts/Write/model/1")
    }
    properties = first.records.read("Write").outputs["model"].properties
    assert properties["step_milliseconds"] == round(1000 * results[0].seconds)
    assert properties["step_peak_memory_bytes"] == results[0].peak_memory > MIB


def test_what_a_step_raises_comes_through_and_is_recorded(make: Make) -> None:
    runner = StepRunner(make("here"), "run-1")
    runner.run("Write")
    with pytest.raises(ValueError, match=r"^bad made$"):
        runner.run("Fail")
    assert runner.records.read("Fail").state == "FAILED"


@pytest.mark.parametrize(
    ("step", "state"), [("Ask", "FAILED"), ("Fail", "FAILED")], ids=["no answer", "no input"]
)
def test_a_step_that_tfx_would_go_on_without(make: Make, step: str, state: str) -> None:
    with pytest.raises(PipelineError, match=rf"^{step} must end well.* Received: {step}: {state}"):
        StepRunner(make("here"), "run-1").run(step)


def test_what_a_killed_attempt_left_is_removed(make: Make, tmp_path: pathlib.Path) -> None:
    pipeline = make("here")
    runner = StepRunner(pipeline, "run-1")
    runner.run("Write")
    store = store_of(pipeline)
    [killed] = store.get_executions()
    killed.last_known_state = pb.Execution.RUNNING
    store.put_executions([killed])
    left = tmp_path / "here/artifacts/Write/model/1/left"
    left.touch()
    assert runner.run("Write").work == COMPUTED
    assert not left.exists()
    assert (tmp_path / "here/runs").read_text() == "ran\nran\n"


def test_ml_metadata_knows_what_tfx_s_own_runner_writes(make: Make) -> None:
    """So that folders of earlier versions, which used that, go on being of use."""
    ours, theirs = make("ours"), make("theirs")
    runner = StepRunner(ours, "run-1")
    runner.run("Write")
    with pytest.raises(PipelineError):
        runner.run("Ask")
    with pytest.raises(ValueError, match="bad made"):
        runner.run("Fail")
    with pytest.raises(ValueError, match="bad made"):
        LocalDagRunner().run(theirs)
    left, right = describe(store_of(ours), "ours"), describe(store_of(theirs), "theirs")
    assert left == right


def describe(store: mlmd.MetadataStore, place: str) -> list[object]:
    """Everything but times, ids of runs, costs, and where it lies."""
    run, cache = "pipeline_run", "execution_cache"
    return [
        sorted((c.type, "" if c.type in (run, cache) else c.name) for c in store.get_contexts()),
        [
            (
                e.type,
                e.last_known_state,
                sorted(c.type for c in store.get_contexts_by_execution(e.id)),
                sorted(e.custom_properties),
            )
            for e in store.get_executions()
        ],
        [
            (a.type, a.state, a.uri.partition(place)[2], sorted(a.properties))
            for a in store.get_artifacts()
        ],
        [
            (e.artifact_id, e.execution_id, e.type, str(e.path))
            for e in store.get_events_by_execution_ids([e.id for e in store.get_executions()])
        ],
    ]


def test_the_peak_of_memory_remembers_what_was_freed_and_begins_anew() -> None:
    execution._forget_peak()
    before = execution._peak()
    block = np.ones(256 * MIB, dtype=np.uint8)
    del block
    high = execution._peak()
    assert 0.9 < (high - before) / (256 * MIB) < 1.2
    execution._forget_peak()
    assert execution._peak() < high - 0.9 * 256 * MIB


def test_a_system_that_cannot_begin_a_peak_anew_or_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    high = execution._peak()
    monkeypatch.setattr(execution, "CLEAR", tmp_path / "none" / "clear_refs")
    execution._forget_peak()
    assert execution._peak() >= high
    status = tmp_path / "status"
    status.write_text("VmRSS:	1 kB\n")
    monkeypatch.setattr(execution, "STATUS", status)
    with pytest.raises(RuntimeError, match=f"^{status} must have a line VmHWM.$"):
        execution._peak()
