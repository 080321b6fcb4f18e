"""Fault B3: in float16 the loss is scaled in every phase, or small gradients are lost."""

import dataclasses
import pathlib
from collections.abc import Iterator

import keras
import numpy as np
import pytest

from components.features import ImageShape
from components.training import architectures, phases
from components.training.fit import OptimizerConfig, Phase, fit_phase
from components.training.frozen import split_frozen
from components.training.phases import train_network
from components.training.precision import computes_in_float16
from components.training.settings import AugmentConfig, FineTuneConfig
from tests.components.training.small_examples import make_examples
from tests.components.training.small_networks import make_network
from tests.components.training.test_phases import make_plan

FLOAT16 = "mixed_float16"
ADAM = OptimizerConfig("adam", 0.01, "constant", 6)


@pytest.fixture(autouse=True)
def _restore_policy() -> Iterator[None]:
    """The models are built in float16; what wraps them is not, as in a run."""
    keras.config.set_dtype_policy(FLOAT16)
    yield
    keras.config.set_dtype_policy("float32")


def make_faint_model() -> keras.Model:
    """The gradients of its hidden layer are about 1e-9, which float16 does not have."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(8, name="hidden"),
            layers.Rescaling(1e-7, dtype="float32"),
            layers.Dense(3, activation="softmax", dtype="float32"),
        ]
    )
    keras.config.set_dtype_policy("float32")
    return model


def wrapped(model: keras.Model) -> keras.Model:
    pixels = keras.Input((4, 4, 1))
    return keras.Model(pixels, model(keras.layers.Identity()(pixels)))


def fit(model: keras.Model, folder: str = "", epochs: int = 2) -> keras.Model:
    fit_phase(
        model, make_examples(), make_examples(), Phase("p", epochs, 4, 1, ADAM, False, 0, 1, folder)
    )
    return model


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_small_gradients_arrive(is_wrapped: bool) -> None:
    model = make_faint_model()
    before = model.get_layer("hidden").kernel.numpy()
    fit(wrapped(model) if is_wrapped else model)
    # Not one weight would move: each gradient would be 0.
    assert np.mean(model.get_layer("hidden").kernel.numpy() != before) > 0.9


@pytest.fixture
def optimizers(monkeypatch: pytest.MonkeyPatch) -> dict[str, keras.optimizers.Optimizer]:
    """Those of the phases, by their names, after the training."""
    found = {}

    def spy(model, training, evaluation, phase):
        result = fit_phase(model, training, evaluation, phase)
        found[phase.name] = model.optimizer
        return result

    monkeypatch.setattr(phases, "fit_phase", spy)
    return found


@pytest.mark.parametrize("augment", [AugmentConfig(), AugmentConfig(flip="both")])
@pytest.mark.parametrize("trainer", ["dense", "compact_cnn"])
def test_a_network_of_our_own(optimizers, trainer: str, augment: AugmentConfig) -> None:
    plan = make_plan(augment=augment)
    plan = dataclasses.replace(plan, shape=ImageShape(12, 12, 1))
    network = architectures.load(trainer, {}).build_model(plan.shape, plan.classes)
    keras.config.set_dtype_policy("float32")
    examples = make_examples(side=12)
    train_network(network, examples, examples, plan)
    assert [type(each).__name__ for each in optimizers.values()] == ["LossScaleOptimizer"]
    # At first some steps overflow, and only halve the scale.
    assert 0 < int(optimizers["training"].inner_optimizer.iterations) <= 6


@pytest.mark.parametrize("augment", [AugmentConfig(), AugmentConfig(flip="both")])
def test_a_head_on_features_and_its_fine_tuning(optimizers, augment: AugmentConfig) -> None:
    network = make_network(dropout=0.2)
    keras.config.set_dtype_policy("float32")
    fine_tune = FineTuneConfig(epochs=1, optimizer="sgd", from_layer=4)
    plan = make_plan(augment=augment, fine_tune=fine_tune)
    train_network(network, make_examples(), make_examples(), plan)
    assert {name: type(each).__name__ for name, each in optimizers.items()} == {
        "training": "LossScaleOptimizer",
        "fine_tuning": "LossScaleOptimizer",
    }


def test_goes_on_with_the_scale_that_it_had(tmp_path: pathlib.Path) -> None:
    whole = fit(wrapped(make_faint_model()), epochs=4)
    folder = str(tmp_path)
    keras.config.set_dtype_policy(FLOAT16)
    fit(wrapped(make_faint_model()), folder, epochs=2)
    keras.config.set_dtype_policy(FLOAT16)
    second = fit(wrapped(make_faint_model()), folder, epochs=4)
    assert type(second.optimizer).__name__ == "LossScaleOptimizer"
    counts = [int(each.optimizer.step_counter) for each in (whole, second)]
    assert counts == [12, 12]


def test_nothing_is_scaled_in_other_precisions() -> None:
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        model = fit(make_faint_model())
        assert type(model.optimizer).__name__ == "Adam"
    keras.config.set_dtype_policy(FLOAT16)
    _, head = split_frozen(make_network(dropout=0.2)) or (None, None)
    assert computes_in_float16(head)
