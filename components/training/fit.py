"""Fits a model to examples, from where an earlier attempt was cut off."""

import dataclasses
import time

import keras
import numpy as np
import tensorflow as tf

from components.training.checkpoints import (
    KeepState,
    ReportProgress,
    StopOnNaN,
    TrainingState,
    is_over,
)
from components.training.data import Examples, FollowEpoch
from components.training.precision import computes_in_float16
from components.training.settings import ADAM, ADAMW, COSINE, RMSPROP
from components.training_history import PhaseResult

MOMENTUM = 0.9
MOST_STEPS_AT_ONCE = 32
"""Steps that run without a look at Python between them, which costs a small network half its time.
More bring nothing, and progress would be shown too seldom."""


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """How a model is optimized.

    Attributes:
        optimizer: "adam", "adamw", "rmsprop" or "sgd".
        learning_rate: Its highest.
        schedule: "constant", or "cosine": falling to zero over the whole training along half a
            cosine wave (Loshchilov and Hutter, "SGDR", 2017, without restarts).
        warmup_steps: In which the learning rate rises from zero (Goyal et al., "Accurate, Large
            Minibatch SGD", 2017).
        steps: Of the whole training.
        weight_decay: Decoupled from the loss (Loshchilov and Hutter, "Decoupled Weight Decay
            Regularization", 2019).
        label_smoothing: Proportion of the target spread over all classes (Szegedy et al.,
            "Rethinking the Inception Architecture", 2016).
    """

    optimizer: str
    learning_rate: float
    schedule: str
    steps: int
    warmup_steps: int = 0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0


@dataclasses.dataclass(frozen=True)
class Phase:
    """One training of several that a model may go through.

    Attributes:
        name: Such as "training", or "fine-tuning".
        epochs: Passes over the examples.
        batch_size: Examples a step.
        seed: Decides their order.
        optimizer: How the model is optimized.
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
    optimizer: OptimizerConfig
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
    compile_model(model, phase.optimizer, steps)
    state = TrainingState(model, phase.folder)
    state.restore(with_best=bool(phase.patience))
    done = state.epochs
    if done < phase.epochs and not is_over(state, phase.patience):
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
            ReportProgress(phase.name, state.epochs, phase.epochs, steps),
            StopOnNaN(steps),
            KeepState(state, phase.epochs, phase.save_every, phase.patience),
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


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Rises from zero to a constant learning rate, in a straight line."""

    def __init__(self, learning_rate: float, steps: int):
        self.learning_rate = learning_rate
        self.steps = steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The learning rate of a step, counted from 0."""
        return self.learning_rate * tf.minimum(1.0, tf.cast(step, tf.float32) / self.steps)

    def get_config(self) -> dict[str, float]:
        """What it was made with."""
        return {"learning_rate": self.learning_rate, "steps": self.steps}


def compile_model(model: keras.Model, config: OptimizerConfig, steps_per_epoch: int) -> None:
    """Prepares a model for training.

    Args:
        model: To probabilities [batch, classes].
        config: How it is optimized.
        steps_per_epoch: Of the training; no more run at once.
    """
    optimizer = _make_optimizer(config)
    if computes_in_float16(model):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(
        optimizer=optimizer,
        # Keras goes by the policy of the outermost model, which may be a wrapper of another one.
        auto_scale_loss=False,
        loss=_make_loss(config.label_smoothing, model.output_shape[-1]),
        metrics=["accuracy"],
        steps_per_execution=_steps_at_once(steps_per_epoch),
        jit_compile=False,
    )


def _steps_at_once(steps_per_epoch: int) -> int:
    # Keras 3.15 fails with more than one on several devices, and there is less to gain.
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        return 1
    return min(MOST_STEPS_AT_ONCE, steps_per_epoch)


def _make_optimizer(config: OptimizerConfig) -> keras.optimizers.Optimizer:
    rate = _learning_rate(config)
    decay = config.weight_decay or None
    optimizers = keras.optimizers
    if config.optimizer == ADAM:
        return optimizers.Adam(rate, weight_decay=decay)
    if config.optimizer == ADAMW:
        return optimizers.AdamW(rate, weight_decay=config.weight_decay)
    if config.optimizer == RMSPROP:
        return optimizers.RMSprop(rate, weight_decay=decay)
    return optimizers.SGD(rate, momentum=MOMENTUM, nesterov=True, weight_decay=decay)


def _learning_rate(
    config: OptimizerConfig,
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if config.schedule != COSINE:
        if config.warmup_steps:
            return WarmUp(config.learning_rate, config.warmup_steps)
        return config.learning_rate
    decay_steps = max(1, config.steps - config.warmup_steps)
    if not config.warmup_steps:
        return keras.optimizers.schedules.CosineDecay(config.learning_rate, decay_steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps,
        warmup_target=config.learning_rate,
        warmup_steps=config.warmup_steps,
    )


def _make_loss(label_smoothing: float, classes: int) -> keras.losses.Loss | str:
    if not label_smoothing:
        return "sparse_categorical_crossentropy"
    # Keras's sparse loss has no smoothing, and labels that are sparse are a class's number.
    smooth = keras.losses.CategoricalCrossentropy(label_smoothing=label_smoothing, reduction=None)

    def loss(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        one_hot = tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), classes)
        return smooth(one_hot, probabilities)

    return loss
