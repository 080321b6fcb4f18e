"""Which model a new one is compared with."""

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx import types
from tfx.types import standard_artifacts

from components.evaluation.baseline import (
    LatestBlessedModelOfOtherImages,
    LatestOtherBlessedModel,
)

CANDIDATE_ID = 9


def make_model(number: int) -> types.Artifact:
    model = standard_artifacts.Model()
    model.id = number
    return model


def make_blessing(model_id: int, is_blessed: bool) -> types.Artifact:
    """As the Evaluator writes it: a refused model has the property with 0, or not at all."""
    blessing = standard_artifacts.ModelBlessing()
    blessing.id = 100 + model_id
    blessing.set_int_custom_property("current_model_id", model_id)
    blessing.set_int_custom_property("blessed", int(is_blessed))
    return blessing


def resolve(blessed: dict[int, bool], models: tuple[int, ...]) -> dict[str, list[int]]:
    """The ids of what was chosen.

    Args:
        blessed: Whether each evaluated model was blessed, by its id.
        models: Ids of all models, the candidate among them.
    """
    inputs = {
        "model": [make_model(number) for number in models],
        "model_blessing": [make_blessing(*each) for each in blessed.items()],
        "candidate": [make_model(CANDIDATE_ID)],
    }
    chosen = LatestOtherBlessedModel().resolve_artifacts(None, inputs)
    return {key: [artifact.id for artifact in artifacts] for key, artifacts in chosen.items()}


@pytest.mark.parametrize(
    ("blessed", "models", "expected"),
    [
        pytest.param({}, (9,), [], id="first run"),
        pytest.param({9: True}, (9,), [], id="only the candidate is blessed"),
        pytest.param({3: True}, (3, 9), [3], id="an older one is blessed"),
        pytest.param({3: True, 9: True}, (9, 3), [3], id="the older and the candidate are"),
        pytest.param({3: True, 5: False}, (3, 5, 9), [3], id="the newer one was refused"),
        pytest.param({3: True}, (3, 5, 9), [3], id="the newer one was never evaluated"),
        pytest.param({3: False, 5: False}, (3, 5, 9), [], id="all were refused"),
        pytest.param({5: True, 3: True}, (5, 3, 9), [5], id="the newest of two, in any order"),
        pytest.param({3: True, 12: True}, (3, 9, 12), [12], id="newer than a cached candidate"),
        pytest.param({3: True, 5: True}, (3, 9), [3], id="a blessed one is gone"),
    ],
)
def test_chooses_the_newest_other_blessed_model(
    blessed: dict[int, bool], models: tuple[int, ...], expected: list[int]
) -> None:
    assert resolve(blessed, models) == {
        "model": expected,
        "model_blessing": [100 + number for number in expected],
        "candidate": [CANDIDATE_ID],
    }


def test_a_blessing_without_the_property_is_none() -> None:
    blessing = standard_artifacts.ModelBlessing()
    blessing.set_int_custom_property("current_model_id", 3)
    inputs = {
        "model": [make_model(3)],
        "model_blessing": [blessing],
        "candidate": [make_model(CANDIDATE_ID)],
    }
    chosen = LatestOtherBlessedModel().resolve_artifacts(None, inputs)
    assert chosen["model"] == []
    assert chosen["model_blessing"] == []


class Metadata:
    """A store in which one execution a model read examples and made the model."""

    def __init__(self) -> None:
        config = pb.ConnectionConfig()
        config.fake_database.SetInParent()
        self.store = mlmd.MetadataStore(config)
        self._kinds = {
            name: self.store.put_artifact_type(pb.ArtifactType(name=name))
            for name in ("Examples", "Model")
        }
        self._trainer = self.store.put_execution_type(pb.ExecutionType(name="Trainer"))

    def add(self, kind: str) -> int:
        [number] = self.store.put_artifacts([pb.Artifact(type_id=self._kinds[kind])])
        return int(number)

    def train(self, examples: int) -> int:
        model = self.add("Model")
        [execution] = self.store.put_executions([pb.Execution(type_id=self._trainer)])
        self.store.put_events(
            [
                pb.Event(artifact_id=examples, execution_id=execution, type=pb.Event.INPUT),
                pb.Event(artifact_id=model, execution_id=execution, type=pb.Event.OUTPUT),
            ]
        )
        return model

    def resolve(self, models: list[int], blessed: set[int], examples: int) -> list[int]:
        at_hand = standard_artifacts.Examples()
        at_hand.id = examples
        chosen = LatestBlessedModelOfOtherImages().resolve_artifacts(
            self.store,
            {
                "model": [make_model(number) for number in models],
                "model_blessing": [make_blessing(number, number in blessed) for number in models],
                "examples": [at_hand],
            },
        )
        assert [artifact.id for artifact in chosen["examples"]] == [examples]
        assert [blessing.id - 100 for blessing in chosen["model_blessing"]] == [
            model.id for model in chosen["model"]
        ]
        return [model.id for model in chosen["model"]]


def test_begins_with_the_newest_blessed_model_of_other_images() -> None:
    metadata = Metadata()
    old, recent, new = (metadata.add("Examples") for _ in range(3))
    first, second, third = (metadata.train(examples) for examples in (old, recent, recent))
    models = [first, second, third]
    assert metadata.resolve(models, blessed=set(models), examples=new) == [third]
    assert metadata.resolve(models, blessed={first, second}, examples=new) == [second]
    # Whatever was trained on these very images would make each run train anew.
    assert metadata.resolve(models, blessed=set(models), examples=recent) == [first]
    assert metadata.resolve(models, blessed={second, third}, examples=recent) == []
    assert metadata.resolve([], blessed=set(), examples=new) == []
