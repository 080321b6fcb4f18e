"""Faults D1 and D3: which version a run looked up, and which pushes of a model are lost."""

import pathlib
import shutil

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx.orchestration import metadata

from components.serving.atomic_pusher import looked_up_version, lost_versions
from components.serving.directory.publishing import publish
from components.serving.directory.release import PUSH, ReleaseOrigin
from tests.components.serving.directory.saved_models import NOW, write_saved_model


@pytest.fixture
def store(tmp_path: pathlib.Path) -> mlmd.MetadataStore:
    path = str(tmp_path / "metadata.sqlite")
    return mlmd.MetadataStore(metadata.sqlite_metadata_connection_config(path))


def put(
    store: mlmd.MetadataStore,
    step: str,
    run: str,
    artifact: pb.Artifact,
    event: "pb.Event.Type",
    reads: int = 0,
    identity: str = "",
) -> None:
    """One execution of a step in a run, with an artifact that it made."""
    execution = pb.Execution(type_id=store.put_execution_type(pb.ExecutionType(name="Step")))
    execution.custom_properties["serving_directory_id"].string_value = identity
    [artifact.id] = store.put_artifacts([artifact])
    pairs = [(artifact, pb.Event(type=event))]
    if reads:
        [model] = store.get_artifacts_by_id([reads])
        pairs.append((model, pb.Event(type=pb.Event.INPUT)))
    contexts = [
        pb.Context(type_id=store.put_context_type(pb.ContextType(name=kind)), name=name)
        for kind, name in (("node", step), ("pipeline_run", run))
    ]
    store.put_execution(execution, pairs, contexts, reuse_context_if_already_exist=True)


def artifact(store: mlmd.MetadataStore, kind: str, **properties: str | int) -> pb.Artifact:
    found = pb.Artifact(type_id=store.put_artifact_type(pb.ArtifactType(name=kind)))
    for name, value in properties.items():
        field = "int_value" if isinstance(value, int) else "string_value"
        setattr(found.custom_properties[name], field, value)
    return found


def test_each_run_finds_what_it_looked_up_first(store: mlmd.MetadataStore) -> None:
    """Fault D3: runs that overlap in one ML Metadata do not read each other's look-up."""
    step = "photos.BaselineResolver"
    for run, version in (("run-1", "5"), ("run-2", "7"), ("run-3", ""), ("run-1", "7")):
        lookup = artifact(store, "ServingLookup", version=version)
        put(store, step, run, lookup, pb.Event.INTERNAL_OUTPUT)
    assert looked_up_version(store, step, "run-1") == 5
    assert looked_up_version(store, step, "run-2") == 7
    assert looked_up_version(store, step, "run-3") is None
    for absent in (("cats.BaselineResolver", "run-1"), (step, "run-4")):
        with pytest.raises(LookupError):
            looked_up_version(store, *absent)


def test_a_push_is_lost_when_its_version_is(
    store: mlmd.MetadataStore, tmp_path: pathlib.Path
) -> None:
    """Fault D1: a version that was removed, or damaged, is a push that the cache must not use."""
    write_saved_model(tmp_path / "model")
    folder = str(tmp_path / "serving")
    versions = []
    [model] = store.put_artifacts([artifact(store, "Model")])
    for number in range(3):
        (tmp_path / "model/saved_model.pb").write_bytes(b"%d" % number)
        versions.append(publish(str(tmp_path / "model"), folder, ReleaseOrigin(PUSH, "a@b"), NOW))
        pushed = artifact(store, "PushedModel", pushed=1, pushed_version=str(versions[-1]))
        put(store, "photos.Pusher", f"run-{number}", pushed, pb.Event.OUTPUT, model, "here")
    refused = artifact(store, "PushedModel", pushed=0, pushed_version="")
    put(store, "photos.Pusher", "run-4", refused, pb.Event.OUTPUT, model, "here")
    elsewhere = artifact(store, "PushedModel", pushed=1, pushed_version="12")
    put(store, "photos.Pusher", "run-5", elsewhere, pb.Event.OUTPUT, model, "there")
    assert lost_versions(store, model, folder, "here") == []
    shutil.rmtree(tmp_path / "serving" / str(versions[0]))
    (tmp_path / "serving" / str(versions[2]) / "saved_model.pb").write_bytes(b"changed")
    assert lost_versions(store, model, folder, "here") == [versions[0], versions[2]]
    assert lost_versions(store, model, folder, "there") == [12]
