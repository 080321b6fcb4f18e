"""What killed steps left behind."""

import pathlib

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx.orchestration import metadata

from pipeline.config import PipelineConfig
from pipeline.local import steps
from pipeline.local.output_lock import locked_output

STATES = {
    "ended": pb.Execution.COMPLETE,
    "killed": pb.Execution.RUNNING,
    "killed at once": pb.Execution.NEW,
    "failed": pb.Execution.FAILED,
}


def record(store: mlmd.MetadataStore, folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Executions of a step, as TFX records them, each with a folder that it wrote to."""
    node_type = store.put_context_type(pb.ContextType(name="node"))
    step_type = store.put_execution_type(pb.ExecutionType(name="Step"))
    run_type = store.put_context_type(pb.ContextType(name="pipeline_run"))
    context = pb.Context(type_id=node_type, name="photos.ImageExampleGen.span-1")
    folders = {}
    for name, state in STATES.items():
        execution = pb.Execution(type_id=step_type, last_known_state=state)
        contexts = [context, pb.Context(type_id=run_type, name=f"run {name}")]
        number, *_ = store.put_execution(
            execution, [], contexts, reuse_context_if_already_exist=True
        )
        node = folder / "artifacts/ImageExampleGen.span-1"
        folders[name] = node / "examples" / str(number)
        (folders[name] / "Split-train").mkdir(parents=True)
        (node / ".system/executor_execution" / str(number) / ".temp").mkdir(parents=True)
    return folders


def states(store: mlmd.MetadataStore) -> list[int]:
    return [execution.last_known_state for execution in store.get_executions()]


def test_the_next_run_tidies_up_what_no_live_run_owns(
    tmp_path: pathlib.Path,
) -> None:
    """Fault D13: folders without an artifact go, and nothing is RUNNING for ever.

    Only under the lock of the output folder: without, another run may be at it.
    """
    folder = tmp_path / "photos"
    folder.mkdir()
    store = mlmd.MetadataStore(
        metadata.sqlite_metadata_connection_config(str(folder / "metadata.sqlite"))
    )
    folders = record(store, folder)
    # The data folder has no images: a run ends after it has tidied up.
    config = PipelineConfig(data=str(tmp_path / "nothing"), name="photos", output=str(tmp_path))
    run(config)
    assert states(store) == list(STATES.values())
    with locked_output(str(folder)):
        run(config)
    assert states(store) == [
        pb.Execution.COMPLETE,
        pb.Execution.FAILED,
        pb.Execution.FAILED,
        pb.Execution.FAILED,
    ]
    assert [name for name, place in folders.items() if place.exists()] == ["ended", "failed"]
    systems = folder.glob("artifacts/*/.system/executor_execution/*")
    assert sorted(path.name for path in systems) == ["1", "4"]


def run(config: PipelineConfig) -> None:
    """A run that finds no images."""
    try:
        steps.Run(config, lambda event: None).execute()
    except Exception as error:
        assert "nothing" in str(error)  # noqa: PT017
