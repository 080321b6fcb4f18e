"""Two runs on one output folder, and what killed ones leave in it."""

import pathlib
import signal
import subprocess
import sys

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from components.errors import PipelineError
from pipeline.config import PipelineConfig
from pipeline.local import output_lock
from pipeline.local.output_lock import locked_output, remove_leftovers
from pipeline.runs.records import sqlite_connection

HOLDER = """
import sys, time
from pipeline.local import output_lock
from pipeline.local.output_lock import locked_output
with locked_output(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_told_who_is_at_it_and_a_killed_one_lets_go(
    tmp_path: pathlib.Path,
) -> None:
    """Fault D2: another process holds the folder until it ends, even by a kill."""
    folder = str(tmp_path / "output/photos")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, folder], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(PipelineError, match=rf"process {process.pid} of \S+@\S+ since \d{{4}}-"),
            locked_output(folder),
        ):
            raise AssertionError
        process.send_signal(signal.SIGKILL)
    with locked_output(folder) as lock:
        assert lock is not None


def test_where_there_are_no_locks_a_run_goes_on(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault D2: as on some network file systems; records are found by run there too."""

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(output_lock.fcntl, "flock", refuse)
    with locked_output(str(tmp_path / "photos")) as lock:
        assert lock is None


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


def test_what_no_live_run_owns_is_removed(tmp_path: pathlib.Path) -> None:
    """Fault D13: folders without an artifact go, and nothing is RUNNING for ever.

    Only under the lock of the output folder: without, another run may be at it.
    """
    folder = tmp_path / "photos"
    folder.mkdir()
    store = mlmd.MetadataStore(sqlite_connection(str(folder / "metadata.sqlite")))
    folders = record(store, folder)
    config = PipelineConfig("photos", output=str(tmp_path))
    remove_leftovers(config)
    assert states(store) == list(STATES.values())
    with locked_output(str(folder)):
        remove_leftovers(config)
    failed = pb.Execution.FAILED
    assert states(store) == [pb.Execution.COMPLETE, failed, failed, failed]
    assert [name for name, place in folders.items() if place.exists()] == ["ended", "failed"]
    systems = folder.glob("artifacts/*/.system/executor_execution/*")
    assert sorted(path.name for path in systems) == ["1", "4"]
