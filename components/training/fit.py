"""Compiles and fits a model, with progress, TensorBoard logs and a history of every epoch."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from components.errors import PipelineError
from components.progress import Progress

HISTORY_FILE = "history.json"
COSINE = "cosine"


class ReportProgress(keras.callbacks.Callback):
    """Reports each step, with the epoch and the metrics of the moment."""

    def __init__(self, epochs: int, steps_per_epoch: int):
        super().__init__()
        self._epochs = epochs
        self._epoch = 0
        self._progress = Progress("training steps", epochs * steps_per_epoch)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Remembers the epoch."""
        del logs
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Reports the step."""
        del batch
        metrics = " ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        self._progress.advance(f"epoch {self._epoch}/{self._epochs} {metrics}")


class StopOnNaN(keras.callbacks.Callback):
    """Stops at the first epoch after which a loss is not a number."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Checks the losses of training and evaluation.

        Raises:
            PipelineError: One of them is not a finite number.
        """
        # The loss of an epoch's last step is measured before its update: only val_loss sees that.
        for name in ("loss", "val_loss"):
            loss = (logs or {}).get(name, 0.0)
            if not math.isfinite(loss):
                raise PipelineError(
                    f"The {name} of training must be a finite number. Received: {loss} in epoch "
                    f"{epoch + 1}. Try a smaller train.learning_rate."
                )


def compile_model(model: keras.Model, learning_rate: float, schedule: str, steps: int) -> None:
    """Prepares a model for training with Adam.

    Args:
        model: Pixels to probabilities.
        learning_rate: Of the first step.
        schedule: "constant", or "cosine": falling to zero over the whole training along half a
            cosine wave (Loshchilov and Hutter, "SGDR", 2017, without restarts).
        steps: Of the whole training.
    """
    if schedule == COSINE:
        learning_rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def fit_model(
    model: keras.Model,
    training: tf.data.Dataset,
    evaluation: tf.data.Dataset,
    epochs: int,
    log_folder: str,
) -> dict[str, list[float]]:
    """Fits a compiled model.

    Args:
        model: Pixels to probabilities.
        training: Batches of (pixels, label), of known cardinality.
        evaluation: The same, measured after each epoch.
        epochs: Passes over the training images.
        log_folder: Where TensorBoard's logs go.

    Returns:
        For each of loss, accuracy, val_loss and val_accuracy, its value after each epoch.

    Raises:
        PipelineError: A loss is not a finite number.
    """
    fitted = model.fit(
        training,
        validation_data=evaluation,
        epochs=epochs,
        shuffle=False,  # The order is the data's.
        verbose=0,
        callbacks=[
            ReportProgress(epochs, int(training.cardinality())),
            StopOnNaN(),
            keras.callbacks.TensorBoard(log_folder),
        ],
    )
    return {name: [float(value) for value in values] for name, values in fitted.history.items()}


def write_history(
    folder: str, history: Mapping[str, Sequence[float]], facts: Mapping[str, Any]
) -> None:
    """Writes the values of every epoch, and some facts of the training, as JSON."""
    with tf.io.gfile.GFile(os.path.join(folder, HISTORY_FILE), "w") as file:
        file.write(json.dumps({**facts, "epochs": history}, indent=2))
