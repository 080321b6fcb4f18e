"""Which model a new one is compared with."""

import pathlib
import shutil

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx import types
from tfx.types import standard_artifacts

from components.serving.directory.log import Event, append_event
from components.serving.directory.release import PUSH, ROLLBACK, ReleaseOrigin
from components.serving.model_assets import write_class_names
from components.serving.serving_baseline import ServingModel


def make_model(number: int) -> types.Artifact:
    model = standard_artifacts.Model()
    model.id = number
    return model


class Metadata:
    """A store in which one execution a push read a model and pushed it."""

    def __init__(self) -> None:
        config = pb.ConnectionConfig()
        config.fake_database.SetInParent()
        self.store = mlmd.MetadataStore(config)
        self._kinds = {
            name: self.store.put_artifact_type(pb.ArtifactType(name=name))
            for name in ("Model", "PushedModel")
        }
        self._trainer = self.store.put_execution_type(pb.ExecutionType(name="Trainer"))

    def add(self, kind: str) -> int:
        [number] = self.store.put_artifacts([pb.Artifact(type_id=self._kinds[kind])])
        return int(number)

    def push(self, model: int) -> int:
        pushed = self.add("PushedModel")
        [execution] = self.store.put_executions([pb.Execution(type_id=self._trainer)])
        self.store.put_events(
            [
                pb.Event(artifact_id=model, execution_id=execution, type=pb.Event.INPUT),
                pb.Event(artifact_id=pushed, execution_id=execution, type=pb.Event.OUTPUT),
            ]
        )
        return pushed


class Releases:
    """A pipeline whose models were pushed, or not, and a serving directory."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.metadata = Metadata()
        self.models: list[types.Artifact] = []
        self.pushes: list[types.Artifact] = []
        self.serving = ""

    def train(self, *class_names: str) -> types.Artifact:
        model = make_model(self.metadata.add("Model"))
        model.uri = str(self.folder / f"model-{model.id}")
        write_class_names(class_names or ("cat", "dog"), f"{model.uri}/Format-Serving")
        self.models.append(model)
        return model

    def push(self, model: types.Artifact, is_pushed: bool = True, reset: str = "") -> int:
        """Returns the version: 1 for the first."""
        pushed = standard_artifacts.PushedModel()
        pushed.id = self.metadata.push(model.id)
        version = len(self.pushes) + 1
        pushed.set_int_custom_property("pushed", int(is_pushed))
        pushed.set_string_custom_property("pushed_version", str(version) if is_pushed else "")
        pushed.set_string_custom_property("reset_baseline", reset)
        self.pushes.append(pushed)
        self.log(version, str(model.id), ReleaseOrigin(PUSH, "ann@host"))
        return version

    def log(self, version: int, digest: str, origin: ReleaseOrigin) -> None:
        (self.folder / "serving").mkdir(exist_ok=True)
        append_event(str(self.folder / "serving"), Event("", version, digest, origin))

    def baseline(self, candidate: types.Artifact, reset: bool = False) -> dict[str, list[int]]:
        """Ids of what was chosen."""
        chosen = ServingModel(str(self.folder / "serving"), reset).resolve_artifacts(
            self.metadata.store,
            {
                "model": self.models,
                "comparable_model": self.models,
                "pushed_model": self.pushes,
                "candidate": [candidate],
                "serving_lookup": [],
            },
        )
        assert chosen.pop("candidate") == [candidate]
        [lookup] = chosen.pop("serving_lookup")
        [stored] = self.metadata.store.get_artifacts_by_id([lookup.id])
        version = stored.custom_properties["version"].string_value
        assert (stored.type, version) == ("ServingLookup", self.serving)
        pushed = [push.id for push in chosen.pop("pushed_model")]
        assert len(pushed) == len(chosen["model"])
        return {key: [model.id for model in found] for key, found in chosen.items()}


NOTHING: dict[str, list[int]] = {"model": [], "comparable_model": []}


def both(model: types.Artifact) -> dict[str, list[int]]:
    return {"model": [model.id], "comparable_model": [model.id]}


@pytest.fixture
def releases(tmp_path: pathlib.Path) -> Releases:
    return Releases(tmp_path)


def test_there_is_no_baseline_before_the_first_push(releases: Releases) -> None:
    assert releases.baseline(releases.train()) == NOTHING
    releases.push(releases.models[0], is_pushed=False)
    assert releases.baseline(releases.train()) == NOTHING


def test_the_baseline_is_what_was_pushed_last(releases: Releases) -> None:
    first, second, third = (releases.train() for _ in range(3))
    releases.push(first)
    releases.push(second)
    releases.push(third, is_pushed=False)
    assert releases.baseline(releases.train()) == both(second)


def test_a_repeated_run_has_the_baseline_that_it_had(releases: Releases) -> None:
    first, second = releases.train(), releases.train()
    releases.push(first)
    assert releases.baseline(first) == NOTHING
    assert releases.baseline(second) == both(first)
    releases.push(second)
    assert releases.baseline(second) == both(first)
    # The model of an earlier run, trained again from the cache, meets what serves now.
    assert releases.baseline(first) == both(second)


def test_what_was_rolled_back_is_no_baseline(releases: Releases) -> None:
    first, second = releases.train(), releases.train()
    releases.push(first)
    version = releases.push(second)
    origin = ReleaseOrigin(ROLLBACK, "ann@host", "bad", of_version=1, withdraws=(version,))
    releases.log(3, str(first.id), origin)
    assert releases.baseline(releases.train()) == both(first)


def test_a_baseline_of_other_classes_is_not_for_the_evaluator(releases: Releases) -> None:
    first = releases.train("cat", "owl")
    releases.push(first)
    assert releases.baseline(releases.train("cat", "dog")) == {
        "model": [first.id],
        "comparable_model": [],
    }


def test_a_reset_has_no_baseline_now_and_when_it_is_repeated(releases: Releases) -> None:
    first, second = releases.train(), releases.train()
    releases.push(first)
    assert releases.baseline(second, reset=True) == NOTHING
    releases.push(second, reset="new camera")
    assert releases.baseline(second) == NOTHING
    assert releases.baseline(releases.train()) == both(second)


def test_a_model_that_is_gone_is_no_baseline(releases: Releases) -> None:
    first, second = releases.train(), releases.train()
    releases.push(first)
    releases.push(second)
    shutil.rmtree(second.uri)
    assert releases.baseline(releases.train()) == both(first)


def test_a_model_that_does_not_say_its_classes_is_not_for_the_evaluator(
    releases: Releases,
) -> None:
    first = releases.train()
    releases.push(first)
    shutil.rmtree(f"{first.uri}/Format-Serving/assets.extra")
    assert releases.baseline(releases.train()) == {"model": [first.id], "comparable_model": []}


def test_what_serves_is_noted(releases: Releases) -> None:
    """Fault D3: the version that a run looked up is kept, for the push to compare with."""
    candidate = releases.train()
    assert releases.baseline(candidate) == NOTHING
    for version in ("3", "12"):
        (releases.folder / "serving" / version).mkdir(parents=True)
        (releases.folder / "serving" / version / "saved_model.pb").write_bytes(b"")
    releases.serving = "12"
    assert releases.baseline(candidate) == NOTHING
