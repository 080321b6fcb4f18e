import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx.types import standard_artifacts

from components.lineage import (
    NODE,
    OUTPUTS,
    RUN,
    ArtifactOrigin,
    executions_in,
    outputs_of,
    read_origins,
    readers_of,
    sources_of,
)

TODAY = "2026-11-22T10-47-28.442992"


def make_artifact(number, name="", uri="/elsewhere", **properties):
    artifact = standard_artifacts.Model()
    artifact.id = number
    artifact.name = name
    artifact.uri = uri
    for key, value in properties.items():
        artifact.set_int_custom_property(key, value)
    return artifact


def read_one(*args, **values):
    (origin,) = read_origins({"model": [make_artifact(*args, **values)]})
    return origin


def test_by_its_folder():
    assert read_one(9, uri="output/pets/artifacts/Trainer/model/8") == ArtifactOrigin(
        "Trainer", "", "model", 8, 9, "Model", "output/pets/artifacts/Trainer/model/8"
    )


def test_by_its_name():
    origin = read_one(9, f"pets:{TODAY}:Trainer.span-1:model:0")
    assert (origin.step, origin.run, origin.key) == ("Trainer.span-1", TODAY, "model")
    assert origin.execution is None


def test_neither_says_anything():
    origin = read_one(9, "any:name", "/models/latest")
    assert (origin.step, origin.run, origin.key, origin.execution) == ("", "", "", None)


def test_time_and_memory():
    origin = read_one(9, step_milliseconds=1500, step_peak_memory_bytes=2**30)
    assert (origin.milliseconds, origin.peak_memory_bytes) == (1500, 2**30)
    origin = read_one(9)
    assert (origin.milliseconds, origin.peak_memory_bytes) == (None, None)


def test_in_the_order_of_making():
    inputs = {"model": [make_artifact(9)], "evaluation": [make_artifact(4), make_artifact(7)]}
    assert [origin.number for origin in read_origins(inputs)] == [4, 7, 9]


@pytest.fixture
def store():
    """A run whose Trainer read examples and made a model, which a resolver chose."""
    config = pb.ConnectionConfig()
    config.fake_database.SetInParent()
    store = mlmd.MetadataStore(config)
    kind = store.put_artifact_type(pb.ArtifactType(name="Model"))
    examples, model = store.put_artifacts([pb.Artifact(type_id=kind)] * 2)
    step = store.put_execution_type(pb.ExecutionType(name="step"))
    train, resolve = store.put_executions([pb.Execution(type_id=step)] * 2)
    made = (
        (train, examples, "INPUT"),
        (train, model, "OUTPUT"),
        (resolve, model, "INTERNAL_OUTPUT"),
    )
    store.put_events(
        [
            pb.Event(execution_id=execution, artifact_id=artifact, type=pb.Event.Type.Value(event))
            for execution, artifact, event in made
        ]
    )
    contexts = []
    for context, name in ((NODE, "pets.Trainer"), (RUN, "today")):
        of_type = store.put_context_type(pb.ContextType(name=context))
        contexts += store.put_contexts([pb.Context(type_id=of_type, name=name)])
    of_run = [
        pb.Association(execution_id=each, context_id=contexts[1]) for each in (train, resolve)
    ]
    of_node = pb.Association(execution_id=train, context_id=contexts[0])
    store.put_attributions_and_associations([], [of_node, *of_run])
    return store


def ids(found):
    return [each.id for each in found]


def test_the_walk_from_what_was_made_to_what_it_was_made_from(store):
    [train] = ids(executions_in(store, NODE, "pets.Trainer"))
    train_too, resolve = ids(executions_in(store, RUN, "today"))
    assert train_too == train
    [model] = ids(outputs_of(store, [train]))
    assert ids(outputs_of(store, [resolve])) == []
    assert ids(outputs_of(store, [resolve], OUTPUTS)) == [model]
    [examples] = ids(sources_of(store, [model]))
    assert ids(readers_of(store, examples)) == [train]
    assert ids(sources_of(store, [examples])) == ids(readers_of(store, model)) == []


def test_what_ml_metadata_does_not_know(store):
    assert executions_in(store, NODE, "pets.Tuner") == []
    assert outputs_of(store, []) == sources_of(store, []) == []
