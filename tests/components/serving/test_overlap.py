import datetime

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx.orchestration import metadata

from components.errors import PipelineError
from components.serving.directory.log import REMOVAL, Event, append_event
from components.serving.directory.release import PUSH, Origin
from components.serving.overlap import check_nobody_pushed_since, looked_up_at

LOOKED = datetime.datetime(2026, 11, 25, 12, 0, 0, tzinfo=datetime.UTC)


def log(tmp_path, time: str, version: int, action: str = PUSH) -> None:
    origin = Origin(action, "ann@host", "", "Released.", "run-1", "")
    append_event(str(tmp_path), Event(time, version, "digest", origin))


def test_a_push_of_another_run_meanwhile(tmp_path):
    log(tmp_path, "2026-11-25T11:00:00+00:00", 6)
    log(tmp_path, "2026-11-25T12:00:01+00:00", 7)
    with pytest.raises(PipelineError) as refused:
        check_nobody_pushed_since(str(tmp_path), LOOKED)
    assert str(refused.value) == (
        "A model must be pushed over the one that it was compared with. Received: version 7, a "
        "push by ann@host at 2026-11-25T12:00:01+00:00, after this run had looked up what serves, "
        "at 2026-11-25T12:00:00+00:00. Run again, which compares with that version; what is done "
        "is cached."
    )


def test_what_does_not_matter(tmp_path):
    check_nobody_pushed_since(str(tmp_path), LOOKED)
    log(tmp_path, "2026-11-25T12:00:00+00:00", 6)
    # A version that gives way to newer ones was no model that served.
    log(tmp_path, "2026-11-25T12:00:09+00:00", 3, REMOVAL)
    check_nobody_pushed_since(str(tmp_path), LOOKED)
    log(tmp_path, "2026-11-25T12:00:01+00:00", 7)
    check_nobody_pushed_since(str(tmp_path), None)


def test_when_a_run_looked(tmp_path):
    config = metadata.sqlite_metadata_connection_config(str(tmp_path / "m.sqlite"))
    store = mlmd.MetadataStore(config)
    kinds = {
        name: store.put_context_type(pb.ContextType(name=name)) for name in ("node", "pipeline_run")
    }
    step = store.put_execution_type(pb.ExecutionType(name="Resolver"))
    for run in ("run-1", "run-2"):
        contexts = [
            pb.Context(type_id=kinds["node"], name="photos.BaselineResolver"),
            pb.Context(type_id=kinds["pipeline_run"], name=run),
        ]
        execution = pb.Execution(type_id=step)
        store.put_execution(execution, [], contexts, reuse_context_if_already_exist=True)
    first, second = sorted(store.get_executions(), key=lambda each: each.id)
    looked = looked_up_at(store, "photos.BaselineResolver", "run-1")
    assert looked is not None
    assert looked.timestamp() == first.create_time_since_epoch // 1000
    assert second.create_time_since_epoch >= first.create_time_since_epoch
    assert looked_up_at(store, "photos.BaselineResolver", "run-3") is None
    assert looked_up_at(store, "cats.BaselineResolver", "run-1") is None
