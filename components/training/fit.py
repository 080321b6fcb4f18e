"""Fits a model to examples, from where an earlier attempt was cut off."""

import dataclasses
import time

import keras
import numpy as np

from components.training import callbacks
from components.training.checkpoints import TrainingState
from components.training.compiling import Recipe, compile_model
from components.training.dataset import Examples, FollowEpoch
from components.training_history import PhaseResult


@dataclasses.dataclass(frozen=True)
class Phase:
    """One training of several that a model may go through.

    Attributes:
        name: Such as "training", or "fine-tuning".
        epochs: Passes over the examples.
        batch_size: Examples a step.
        seed: Decides their order.
        recipe: How the model is optimized.
        is_balanced: Whether examples of rare classes count for more.
        patience: Epochs without a smaller loss on the eval split until it ends; 0 for never.
        save_every: Epochs between two checkpoints; 0 for none.
        folder: For the checkpoints, of this phase alone; empty for nowhere.
        log_folder: For TensorBoard's logs.
        started: When the preparations for it began, as of `time.perf_counter`; None for now.
    """

    name: str
    epochs: int
    batch_size: int
    seed: int
    recipe: Recipe
    is_balanced: bool = False
    patience: int = 0
    save_every: int = 0
    folder: str = ""
    log_folder: str = ""
    started: float | None = dataclasses.field(default=None, compare=False)


def fit_phase(
    model: keras.Model, training: Examples, evaluation: Examples, phase: Phase
) -> PhaseResult:
    """Compiles and fits a model.

    Args:
        model: From what the examples are to probabilities [batch, classes].
        training: What to train on.
        evaluation: What each epoch is measured on.
        phase: How.

    Raises:
        PipelineError: A loss is not a finite number.
    """
    start = time.perf_counter() if phase.started is None else phase.started
    steps = training.steps(phase.batch_size)
    compile_model(model, phase.recipe, steps)
    state = TrainingState(model, phase.folder)
    state.restore(with_best=bool(phase.patience))
    done = state.epochs
    if done < phase.epochs and not callbacks.is_over(state, phase.patience):
        _fit(model, training, evaluation, phase, state)
    if phase.patience:
        state.apply_best()
    seconds = time.perf_counter() - start
    return PhaseResult(
        name=phase.name,
        history=state.history,
        kept_epoch=(state.best_epoch if phase.patience else state.epochs - 1) + 1,
        resumed_after=done,
        seconds=seconds,
        images_per_second=(state.epochs - done) * training.count / seconds,
    )


def _fit(
    model: keras.Model,
    training: Examples,
    evaluation: Examples,
    phase: Phase,
    state: TrainingState,
) -> None:
    steps = training.steps(phase.batch_size)
    model.fit(
        training.training_batches(phase.batch_size, phase.seed),
        validation_data=evaluation.batches(phase.batch_size),
        initial_epoch=state.epochs,
        epochs=phase.epochs,
        class_weight=balanced_weights(training.label_counts) if phase.is_balanced else None,
        shuffle=False,  # The order is the data's.
        verbose=0,
        callbacks=[
            FollowEpoch(training),
            callbacks.ReportProgress(phase.name, state.epochs, phase.epochs, steps),
            callbacks.StopOnNaN(steps),
            callbacks.KeepState(state, phase.epochs, phase.save_every, phase.patience),
            *([keras.callbacks.TensorBoard(phase.log_folder)] if phase.log_folder else []),
        ],
    )


def balanced_weights(label_counts: np.ndarray) -> dict[int, float]:
    """Weights by which all classes count the same, and the mean image counts 1.

    Args:
        label_counts: int64 [classes].

    Returns:
        For each class that has images, images / (classes with images * images of the class), as
        scikit-learn's "balanced" (King and Zeng, "Logistic Regression in Rare Events Data", 2001).
    """
    present = np.flatnonzero(label_counts)
    total = int(label_counts.sum())
    return {int(label): total / (len(present) * int(label_counts[label])) for label in present}
