"""One training, or a frozen one and then fine-tuning."""

import pathlib
import re
import time

import keras
import numpy as np
import pytest

from components.errors import PipelineError
from components.features import ImageShape
from components.training import phases
from components.training.phases import Plan, train_network
from components.training.settings import AugmentConfig, FineTuneConfig, TrainConfig
from components.training_history import PhaseResult
from tests.components.training.small_examples import (
    make_examples,
    make_pixels,
    make_plain_model,
    read_weights,
)
from tests.components.training.small_networks import BASE_LAYERS, layer_weights, make_network

LAYERS = ("first", "statistics_1", "second", "statistics_2")
NO_FINE_TUNING = FineTuneConfig()
NO_CHANGE = AugmentConfig()


def make_plan(
    folder: str = "",
    epochs: int = 2,
    fine_tune: FineTuneConfig = NO_FINE_TUNING,
    augment: AugmentConfig = NO_CHANGE,
    **train: object,
) -> Plan:
    settings = {"trainer": "dense", "epochs": epochs, "batch_size": 4, "learning_rate": 0.05}
    return Plan(
        train=TrainConfig(**{**settings, **train}),  # type: ignore[arg-type]
        fine_tune=fine_tune,
        augment=augment,
        shape=ImageShape(4, 4, 1),
        classes=3,
        folder=folder,
        log_folder="",
    )


def train(network: keras.Model, plan: Plan) -> list[PhaseResult]:
    return train_network(network, make_examples(), make_examples(), plan)


def unchanged(network: keras.Model) -> dict[str, bool]:
    """Which layers of the base are as they were made."""
    new = make_network()
    return {name: layer_weights(network, name) == layer_weights(new, name) for name in LAYERS}


def test_without_a_pretrained_part_there_is_one_training() -> None:
    model = make_plain_model()
    [result] = train(model, make_plan())
    assert (result.name, result.epochs) == ("training", 2)
    assert read_weights(model) != read_weights(make_plain_model())


def test_the_pretrained_part_stays_as_it_is_without_fine_tuning(tmp_path: pathlib.Path) -> None:
    network = make_network(dropout=0.2)
    [result] = train(network, make_plan(str(tmp_path)))
    assert set(unchanged(network).values()) == {True}
    head = network.get_layer("probabilities")
    assert [bool(np.any(weight)) for weight in head.get_weights()] == [True, True]
    assert result.epochs == 2


@pytest.mark.parametrize(
    ("from_layer", "changed"), [(0, ["first", "second"]), (4, ["second"]), (BASE_LAYERS - 1, [])]
)
def test_fine_tuning_changes_the_layers_from_a_number_on(
    from_layer: int, changed: list[str]
) -> None:
    network = make_network()
    fine_tune = FineTuneConfig(epochs=1, optimizer="sgd", learning_rate=0.5, from_layer=from_layer)
    results = train(network, make_plan(epochs=1, fine_tune=fine_tune))
    assert [(each.name, each.epochs) for each in results] == [("training", 1), ("fine_tuning", 1)]
    # Batch normalization keeps the statistics that it came with.
    assert [name for name, is_same in unchanged(network).items() if not is_same] == changed


def test_the_base_is_trained_from_the_start_if_it_has_no_weights() -> None:
    network = make_network(is_frozen=False)
    train(network, make_plan(epochs=1, fine_tune=FineTuneConfig(epochs=1, from_layer=4)))
    assert set(unchanged(network).values()) == {False}


def test_fine_tuning_goes_on_from_the_first_training() -> None:
    network = make_network()
    nearly_none = FineTuneConfig(epochs=1, learning_rate=1e-12)
    first, second = train(network, make_plan(epochs=3, fine_tune=nearly_none))
    assert second.history["val_loss"] == pytest.approx(first.history["val_loss"][-1:], abs=1e-5)


@pytest.mark.parametrize("from_layer", [BASE_LAYERS, 1000])
def test_there_must_be_layers_to_fine_tune(from_layer: int) -> None:
    plan = make_plan(epochs=1, fine_tune=FineTuneConfig(epochs=1, from_layer=from_layer))
    message = (
        f"fine_tune.from_layer must be below the {BASE_LAYERS} layers of the pretrained part. "
        f"Received: fine_tune.from_layer={from_layer}."
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}"):
        train(make_network(), plan)


AUGMENT = AugmentConfig(flip="both", contrast=0.5)


def test_what_is_served_changes_no_images() -> None:
    network = make_network()
    before = [layer.name for layer in network.layers]
    plan = make_plan(epochs=1, augment=AUGMENT, fine_tune=FineTuneConfig(epochs=1))
    train(network, plan)
    assert [layer.name for layer in network.layers] == before
    pixels = make_pixels()
    np.testing.assert_array_equal(network(pixels, training=True), network(pixels, training=False))


@pytest.mark.parametrize("make", [make_plain_model, make_network])
def test_images_are_changed_in_training_alone(make) -> None:
    def history(augment: AugmentConfig) -> dict[str, list[float]]:
        # So small a learning rate that the losses only depend on the images.
        plan = make_plan(epochs=1, augment=augment, learning_rate=1e-12)
        [result] = train(make(), plan)
        return result.history

    plain, changed = history(AugmentConfig()), history(AUGMENT)
    assert changed["loss"] != pytest.approx(plain["loss"], abs=1e-4)
    assert changed["val_loss"] == pytest.approx(plain["val_loss"], abs=1e-5)


@pytest.mark.parametrize(
    ("augment", "epochs", "views"),
    [
        (AugmentConfig(), 5, 1),
        (AugmentConfig(views=3), 5, 1),
        (AugmentConfig(flip="both", views=3), 5, 3),
        # More than there are epochs would not be looked at.
        (AugmentConfig(flip="both", views=3), 2, 2),
    ],
)
def test_how_many_views_are_computed(
    monkeypatch: pytest.MonkeyPatch, augment: AugmentConfig, epochs: int, views: int
) -> None:
    asked = []

    class StopHereError(Exception):
        pass

    def compute(*args: object, **settings: object) -> None:
        asked.append(settings["views"] if settings["augmentation"] else 1)
        raise StopHereError

    monkeypatch.setattr(phases, "compute_features", compute)
    with pytest.raises(StopHereError):
        train(make_network(), make_plan(epochs=epochs, augment=augment))
    assert asked == [views]


@pytest.mark.parametrize("from_layer", [0, 4])
def test_the_time_of_a_phase_has_that_of_its_features(
    monkeypatch: pytest.MonkeyPatch, from_layer: int
) -> None:
    """Fault B8: the training was said to take 7.7 s where the step took 68."""
    seconds = 0.6
    calls = []

    def compute(*args: object, **settings: object) -> object:
        calls.append(args)
        time.sleep(seconds)
        return original(*args, **settings)  # type: ignore[arg-type]

    original = phases.compute_features
    monkeypatch.setattr(phases, "compute_features", compute)
    start = time.perf_counter()
    fine_tune = FineTuneConfig(epochs=1, from_layer=from_layer)
    first, second = train(make_network(dropout=0.2), make_plan(fine_tune=fine_tune))
    whole = time.perf_counter() - start
    assert len(calls) == (4 if from_layer else 2)
    assert first.seconds > seconds * len(calls)
    assert first.images_per_second == pytest.approx(20 / first.seconds)
    assert second.seconds < whole - seconds * len(calls)
    assert first.seconds + second.seconds == pytest.approx(whole, abs=0.5)


def test_each_phase_has_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def fit(model: object, training: object, evaluation: object, phase: object) -> object:
        seen.append(phase)
        return phase

    monkeypatch.setattr(phases, "fit_phase", fit)
    plan = make_plan(
        "checkpoints",
        epochs=5,
        optimizer="adamw",
        warmup_epochs=1,
        weight_decay=0.25,
        label_smoothing=0.125,
        class_weights="balanced",
        early_stopping=3,
        checkpoint_every=2,
        seed=9,
        fine_tune=FineTuneConfig(2, "sgd", 0.5, "cosine", 1),
    )
    train(make_network(), plan)
    first, second = seen
    assert (first.name, first.epochs, first.folder) == ("training", 5, "checkpoints/training")
    assert (second.name, second.epochs, second.folder) == (
        "fine_tuning",
        2,
        "checkpoints/fine_tuning",
    )
    for phase in (first, second):
        assert (phase.batch_size, phase.seed, phase.is_balanced) == (4, 9, True)
        assert (phase.patience, phase.save_every) == (3, 2)
        assert (phase.optimizer.weight_decay, phase.optimizer.label_smoothing) == (0.25, 0.125)
    # Ten images are three steps.
    optimizer = first.optimizer
    assert (optimizer.optimizer, optimizer.learning_rate, optimizer.schedule) == (
        "adamw",
        0.05,
        "cosine",
    )
    assert (optimizer.steps, optimizer.warmup_steps) == (15, 3)
    optimizer = second.optimizer
    assert (optimizer.optimizer, optimizer.learning_rate, optimizer.schedule) == (
        "sgd",
        0.5,
        "cosine",
    )
    assert (optimizer.steps, optimizer.warmup_steps) == (6, 0)


@pytest.mark.parametrize(("folder", "every"), [("", 1), ("checkpoints", 0)])
def test_no_checkpoints_are_kept_without_a_folder_or_a_number(
    monkeypatch: pytest.MonkeyPatch, folder: str, every: int
) -> None:
    seen = []
    monkeypatch.setattr(phases, "fit_phase", lambda *args: seen.append(args[-1]))
    train(make_plain_model(), make_plan(folder, checkpoint_every=every))
    assert [(phase.folder, phase.save_every) for phase in seen] == [("", 0)]
