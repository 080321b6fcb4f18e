"""Settings -> a compiled model: optimizer, learning rate over time, loss."""

import dataclasses

import keras
import tensorflow as tf

from components.training.precision import computes_in_float16
from components.training.settings import ADAM, ADAMW, COSINE, RMSPROP

MOMENTUM = 0.9
MOST_STEPS_AT_ONCE = 32
"""Steps that run without a look at Python between them, which costs a small network half its time.
More bring nothing, and progress would be shown too seldom."""


@dataclasses.dataclass(frozen=True)
class Recipe:
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
        label_smoothing: Share of the target spread over all classes (Szegedy et al., "Rethinking
            the Inception Architecture", 2016).
    """

    optimizer: str
    learning_rate: float
    schedule: str
    steps: int
    warmup_steps: int = 0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0


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


def compile_model(model: keras.Model, recipe: Recipe, steps_per_epoch: int) -> None:
    """Prepares a model for training.

    Args:
        model: To probabilities [batch, classes].
        recipe: How it is optimized.
        steps_per_epoch: Of the training; no more run at once.
    """
    optimizer = _make_optimizer(recipe)
    if computes_in_float16(model):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(
        optimizer=optimizer,
        # Keras goes by the policy of the outermost model, which may be a wrapper of another one.
        auto_scale_loss=False,
        loss=_make_loss(recipe.label_smoothing, model.output_shape[-1]),
        metrics=["accuracy"],
        steps_per_execution=_steps_at_once(steps_per_epoch),
        jit_compile=False,
    )


def _steps_at_once(steps_per_epoch: int) -> int:
    # Keras 3.15 fails with more than one on several devices, and there is less to gain.
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        return 1
    return min(MOST_STEPS_AT_ONCE, steps_per_epoch)


def _make_optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    rate = _learning_rate(recipe)
    decay = recipe.weight_decay or None
    optimizers = keras.optimizers
    if recipe.optimizer == ADAM:
        return optimizers.Adam(rate, weight_decay=decay)
    if recipe.optimizer == ADAMW:
        return optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
    if recipe.optimizer == RMSPROP:
        return optimizers.RMSprop(rate, weight_decay=decay)
    return optimizers.SGD(rate, momentum=MOMENTUM, nesterov=True, weight_decay=decay)


def _learning_rate(recipe: Recipe) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if recipe.schedule != COSINE:
        if recipe.warmup_steps:
            return WarmUp(recipe.learning_rate, recipe.warmup_steps)
        return recipe.learning_rate
    decay_steps = max(1, recipe.steps - recipe.warmup_steps)
    if not recipe.warmup_steps:
        return keras.optimizers.schedules.CosineDecay(recipe.learning_rate, decay_steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps,
        warmup_target=recipe.learning_rate,
        warmup_steps=recipe.warmup_steps,
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
