"""Fitting: history, progress, logs, and the end of a training that went wrong."""

import json
import logging
import pathlib
import re
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from components import progress
from components.errors import PipelineError
from components.training import fit

METRICS = ["accuracy", "loss", "val_accuracy", "val_loss"]


def make_model() -> keras.Model:
    layers = [
        keras.Input((2, 2, 1)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(3, activation="softmax"),
    ]
    return keras.Sequential(layers)


def make_batches() -> tf.data.Dataset:
    """Six images of three classes, in two batches."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 2, 2, 1), dtype=np.uint8)
    return tf.data.Dataset.from_tensor_slices((pixels, [0, 1, 2, 0, 1, 2])).batch(4)


@pytest.fixture
def train(tmp_path: pathlib.Path) -> Callable[..., dict[str, list[float]]]:
    def run(learning_rate: float = 0.01, epochs: int = 3) -> dict[str, list[float]]:
        model = make_model()
        fit.compile_model(model, learning_rate, "constant", steps=2 * epochs)
        return fit.fit_model(model, make_batches(), make_batches(), epochs, str(tmp_path))

    return run


def test_history_has_every_epoch(train: Callable[..., dict[str, list[float]]]) -> None:
    history = train(epochs=3)
    assert sorted(history) == METRICS
    assert [len(values) for values in history.values()] == [3, 3, 3, 3]
    assert {type(value) for values in history.values() for value in values} == {float}
    assert history["val_loss"] == sorted(history["val_loss"], reverse=True)


# Of four steps, by the formula: 0.1 * (1 + cos(pi * step / 4)) / 2.
@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.1, 0.1, 0.1, 0.1, 0.1]),
        ("cosine", [0.1, 0.0853553, 0.05, 0.0146447, 0.0]),
    ],
)
def test_learning_rate_follows_its_schedule(schedule: str, rates: list[float]) -> None:
    model = make_model()
    fit.compile_model(model, 0.1, schedule, steps=4)
    seen = []
    for step in range(5):
        model.optimizer.iterations.assign(step)
        seen.append(float(model.optimizer.learning_rate))
    assert seen == pytest.approx(rates, abs=1e-6)


def test_writes_logs_for_tensorboard(
    train: Callable[..., dict[str, list[float]]], tmp_path: pathlib.Path
) -> None:
    train()
    folders = sorted(path.parent.name for path in tmp_path.rglob("events.out.tfevents*"))
    assert folders == ["train", "validation"]


def test_reports_every_step(
    train: Callable[..., dict[str, list[float]]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_RECORDS", 0)
    with caplog.at_level(logging.INFO, logger=progress.LOGGER.name):
        train(epochs=2)
    records = [record for record in caplog.records if record.name == progress.LOGGER.name]
    assert [(record.done, record.total, record.unit) for record in records] == [
        (step, 4, "training steps") for step in (1, 2, 3, 4)
    ]
    epochs = [re.sub(r"[01]\.\d{4}", "NUMBER", record.detail) for record in records]
    assert epochs == [f"epoch {epoch}/2 accuracy NUMBER loss NUMBER" for epoch in (1, 1, 2, 2)]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["loss", "val_loss"])
def test_a_loss_that_is_no_number_ends_the_training(name: str, loss: float) -> None:
    message = (
        f"The {name} of training must be a finite number. Received: {loss} in epoch 2. "
        "Try a smaller train.learning_rate."
    )
    logs = {"loss": 0.5, "val_loss": 0.5, name: loss}
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}$"):
        fit.StopOnNaN().on_epoch_end(1, logs)


def test_a_finite_loss_does_not_end_the_training() -> None:
    stop = fit.StopOnNaN()
    stop.on_epoch_end(0, {"loss": 1e30, "val_loss": 0.0})
    stop.on_epoch_end(0, {"loss": 0.5})
    stop.on_epoch_end(0, None)


def test_weights_that_explode_end_the_training(
    train: Callable[..., dict[str, list[float]]],
) -> None:
    with pytest.raises(PipelineError, match=r"Received: nan in epoch 1\. Try a smaller"):
        train(learning_rate=float("inf"), epochs=2)


def test_writes_history(tmp_path: pathlib.Path) -> None:
    fit.write_history(str(tmp_path), {"loss": [0.5, 0.25]}, {"trainer": "cnn", "images": 7})
    assert json.loads((tmp_path / "history.json").read_text()) == {
        "trainer": "cnn",
        "images": 7,
        "epochs": {"loss": [0.5, 0.25]},
    }
