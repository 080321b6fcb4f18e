"""The search for settings: what is searched, and what the Trainer makes of what was found."""

import pathlib

import keras_tuner
import pytest

from components.features import ImageShape
from components.training.phases import Plan
from components.training.settings import AugmentConfig, FineTuneConfig, TrainConfig, with_values
from components.training.tuning import OBJECTIVE, TrainingTuner, search_space
from tests.components.training.small_examples import CLASSES, SIDE, make_examples


@pytest.mark.parametrize(
    ("values", "kind", "settings"),
    [
        ([0.001, 0.1], "Float", {"min_value": 0.001, "max_value": 0.1, "sampling": "log"}),
        ([0.001, 0.01], "Float", {"min_value": 0.001, "max_value": 0.01, "sampling": "log"}),
        ([0.1, 0.5], "Float", {"min_value": 0.1, "max_value": 0.5, "sampling": "linear"}),
        ([0.0, 0.5], "Float", {"min_value": 0.0, "max_value": 0.5, "sampling": "linear"}),
        ([16, 64], "Int", {"min_value": 16, "max_value": 64, "sampling": "linear"}),
        ([16, 0.5, 64], "Choice", {"values": [16.0, 0.5, 64.0]}),
        (["adam", "sgd"], "Choice", {"values": ["adam", "sgd"]}),
    ],
)
def test_two_numbers_are_a_range_and_the_rest_a_choice(values, kind, settings) -> None:
    [declared] = search_space({"learning_rate": values}).get_config()["space"]
    assert declared["class_name"] == kind
    found = {key: declared["config"][key] for key in settings}
    assert found == settings
    assert declared["config"]["name"] == "learning_rate"


def test_the_trainer_gets_what_was_found() -> None:
    found = keras_tuner.HyperParameters()
    found.Fixed("learning_rate", 0.25)
    found.Fixed("options.hidden_units", 7)
    values = dict(keras_tuner.HyperParameters.from_config(found.get_config()).values)
    assert values == {"learning_rate": 0.25, "options.hidden_units": 7}
    train = with_values(
        TrainConfig(trainer="dense", options={"dropout": 0.1}),
        {"learning_rate": 0.25, "options.hidden_units": [7]},
    )
    assert train.learning_rate == 0.25
    assert train.options == {"dropout": 0.1, "hidden_units": [7]}


def test_tries_what_it_was_told_and_keeps_the_best(tmp_path: pathlib.Path) -> None:
    examples = make_examples()
    plan = Plan(
        train=TrainConfig(trainer="dense", options={"hidden_units": [8]}, epochs=30, batch_size=4),
        fine_tune=FineTuneConfig(),
        augment=AugmentConfig(),
        shape=ImageShape(SIDE, SIDE, 1),
        classes=CLASSES,
        folder="",
        log_folder="",
    )
    tuner = TrainingTuner(
        plan, {"learning_rate": [1e-9, 1e-8, 0.01]}, trials=3, folder=str(tmp_path)
    )
    tuner.search(training=examples, evaluation=examples)
    scores = {
        trial.hyperparameters.values["learning_rate"]: trial.score
        for trial in tuner.oracle.get_best_trials(3)
    }
    assert sorted(scores) == [1e-9, 1e-8, 0.01]
    assert scores[0.01] == max(scores.values()) > scores[1e-9]
    [best] = tuner.get_best_hyperparameters()
    assert best.values == {"learning_rate": 0.01}
    assert tuner.oracle.objective.name == OBJECTIVE
