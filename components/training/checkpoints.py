"""What a training does at each step and epoch, and its state, from which it resumes when killed.

Kept are all variables: weights, those of the optimizer, and the states of all random numbers in
the network; and the history. Keras's `BackupAndRestore` forgets the last two, and with them early
stopping's. The order of the images follows from the seed and the epoch and needs no state.
"""

import json
import logging
import math
import os
from collections.abc import Mapping

import keras
import tensorflow as tf

from components.errors import PipelineError, first_line
from components.progress import Progress
from components.text import escape_unprintable

LOGGER = logging.getLogger(__name__)
History = dict[str, list[float]]
Logs = Mapping[str, float] | None


class TrainingState:
    """A compiled model and what happened to it so far, in memory and in a folder.

    Attributes:
        history: For each metric, its value after each epoch that was trained.
    """

    def __init__(self, model: keras.Model, folder: str):
        """Reads and writes nothing yet.

        Args:
            model: A compiled one.
            folder: Of this training alone; empty for nowhere.
        """
        self.history: History = {}
        self._folder = folder
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        self._history_text = tf.Variable("", dtype=tf.string, trainable=False)
        self._all = tf.train.Checkpoint(
            model=list(model.variables),
            optimizer=list(model.optimizer.variables),
            history=self._history_text,
        )
        self._weights = tf.train.Checkpoint(model=list(model.variables))
        self._best_weights: list[tf.Tensor] | None = None
        self._model = model

    @property
    def epochs(self) -> int:
        """How many were trained."""
        return len(next(iter(self.history.values()), []))

    @property
    def best_epoch(self) -> int:
        """The epoch of the smallest val_loss, counted from 0; the first one of several."""
        losses = self.history["val_loss"]
        return losses.index(min(losses))

    def record(self, logs: Mapping[str, float]) -> None:
        """Adds the metrics of an epoch."""
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))

    def save(self) -> None:
        """Writes the state whole or not at all, and then removes the one before."""
        if self._folder:
            self._history_text.assign(json.dumps(self.history))
            self._write(self._all, "last")

    def restore(self, *, with_best: bool) -> None:
        """Reads the newest state, if there is one that can be read; starts anew otherwise.

        Args:
            with_best: Whether the best weights must be there too.
        """
        path = self._newest("last")
        if path is None:
            return
        before = [variable.numpy() for variable in self._variables()]
        try:
            if with_best:
                # At the end of the training it would be too late to find them damaged.
                self.apply_best()
            self._all.restore(path).assert_consumed()
            self.history = json.loads(self._history_text.numpy())
        except Exception as error:  # Of a dozen classes, by where the damage is.
            for variable, value in zip(self._variables(), before, strict=True):
                variable.assign(value)
            LOGGER.warning(
                "The checkpoint %s cannot be read, so the training starts anew: %s",
                escape_unprintable(path),
                escape_unprintable(first_line(error)),
            )

    def keep_best(self) -> None:
        """Remembers the weights of this moment as the best ones, in the folder too."""
        if self._folder:
            self._write(self._weights, "best")
        else:
            self._best_weights = self._model.get_weights()

    def apply_best(self) -> None:
        """Gives the model the weights that were remembered.

        Raises:
            FileNotFoundError: Somebody has removed them.
        """
        if self._best_weights is not None:
            self._model.set_weights(self._best_weights)
            return
        path = self._newest("best")
        if path is None:
            raise FileNotFoundError(f"There are no best weights in {self._folder}.")
        self._weights.restore(path).assert_existing_objects_matched()

    def _variables(self) -> list[keras.Variable]:
        return [*self._model.variables, *self._model.optimizer.variables]

    def _write(self, checkpoint: tf.train.Checkpoint, name: str) -> None:
        folder = os.path.join(self._folder, name)
        manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=1)
        # By its epoch, so that the only file that is ever written again gets the same content.
        manager.save(checkpoint_number=self.epochs)

    def _newest(self, name: str) -> str | None:
        if not self._folder:
            return None
        return tf.train.latest_checkpoint(os.path.join(self._folder, name))


class ReportProgress(keras.callbacks.Callback):
    """Reports the steps, with the epoch and the metrics of the moment."""

    def __init__(self, title: str, first_epoch: int, epochs: int, steps_per_epoch: int):
        super().__init__()
        self._title = title
        self._epochs = epochs
        self._epoch = 0
        self._done = 0
        self._steps = steps_per_epoch
        self._progress = Progress("training steps", epochs * steps_per_epoch)
        self._progress.advance(units=first_epoch * steps_per_epoch)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Remembers the epoch."""
        del logs
        self._epoch = epoch + 1
        self._done = 0

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Reports the steps since the last report: several may have run at once."""
        metrics = " ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        # Keras counts as if there were as many in the last ones that run at once as in the others.
        done = min(batch + 1, self._steps)
        self._progress.advance(
            f"{self._title} epoch {self._epoch}/{self._epochs} {metrics}", units=done - self._done
        )
        self._done = done


class StopOnNaN(keras.callbacks.Callback):
    """Ends a training as soon as a loss is not a number."""

    def __init__(self, steps_per_epoch: int):
        super().__init__()
        self._epoch = 0
        self._steps = steps_per_epoch

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Remembers the epoch."""
        del logs
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Checks the mean loss of the epoch so far, which one bad step spoils.

        Raises:
            PipelineError: It is not a finite number.
        """
        step = min(batch + 1, self._steps)
        self._check("loss", logs, f"step {step} of epoch {self._epoch}")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Checks the loss on the eval split: an epoch's last loss is measured before its update.

        Raises:
            PipelineError: It is not a finite number.
        """
        self._check("val_loss", logs, f"epoch {epoch + 1}")

    def _check(self, name: str, logs: Logs, place: str) -> None:
        loss = (logs or {}).get(name, 0.0)
        if not math.isfinite(loss):
            raise PipelineError(
                f"The {name} of training must be a finite number. Received: {loss} by {place}. "
                "Try a smaller train.learning_rate, train.warmup_epochs 1 or "
                "train.precision float32."
            )


class KeepState(keras.callbacks.Callback):
    """Records each epoch, keeps checkpoints, and stops a training that gets no better."""

    def __init__(self, state: TrainingState, epochs: int, save_every: int, patience: int):
        """Does nothing yet.

        Args:
            state: Where everything is recorded.
            epochs: Of the whole training.
            save_every: Epochs between two checkpoints; 0 for none.
            patience: Epochs without a smaller val_loss after which to stop; 0 for never.
        """
        super().__init__()
        self._state = state
        self._epochs = epochs
        self._save_every = save_every
        self._patience = patience

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Records, saves, stops."""
        state = self._state
        state.record(logs or {})
        if self._patience and state.best_epoch == epoch:
            state.keep_best()
        self.model.stop_training = is_over(state, self._patience)
        is_last = self.model.stop_training or epoch + 1 == self._epochs
        if self._save_every and (is_last or (epoch + 1) % self._save_every == 0):
            state.save()


def is_over(state: TrainingState, patience: int) -> bool:
    """Whether a training has seen so many epochs without a smaller val_loss."""
    return bool(patience and state.epochs and state.epochs - 1 - state.best_epoch >= patience)
