"""The state of a training on disk, from which it goes on as if it had never been killed.

Kept are all variables: weights, those of the optimizer, and the states of all random numbers in
the network; and the history. Keras's `BackupAndRestore` forgets the last two, and with them early
stopping's. The order of the images follows from the seed and the epoch and needs no state.
"""

import json
import logging
import os
from collections.abc import Mapping

import keras
import tensorflow as tf

from components.errors import first_line
from components.text import escape_unprintable

LOGGER = logging.getLogger(__name__)
History = dict[str, list[float]]


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
