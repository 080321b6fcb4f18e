"""What is done at each step and epoch of a training."""

import math
from collections.abc import Mapping

import keras

from components.errors import PipelineError
from components.progress import Progress
from components.training.checkpoints import TrainingState

Logs = Mapping[str, float] | None


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
