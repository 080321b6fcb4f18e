"""A few tiny images and a network with everything that has a state, for tests of training."""

import keras
import numpy as np

from components.training.data import ArrayExamples, Examples

SIDE = 4
CLASSES = 3
COUNT = 10
BATCH = 4


def make_pixels(count: int = COUNT, side: int = SIDE, channels: int = 1) -> np.ndarray:
    """Noise; uint8 [count, side, side, channels], always the same."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (count, side, side, channels), dtype=np.uint8)


def make_examples(count: int = COUNT, side: int = SIDE, channels: int = 1) -> ArrayExamples:
    """Noise of three classes in turn, in one view."""
    labels = np.arange(count, dtype=np.int64) % CLASSES
    return ArrayExamples(make_pixels(count, side, channels)[np.newaxis], labels, CLASSES)


def make_plain_model(seed: int = 1) -> keras.Model:
    """One layer, float pixels to probabilities."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def make_model_with_state(seed: int = 1) -> keras.Model:
    """Random changes, batch normalization and dropout: all have more state than their weights."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            layers.RandomFlip("horizontal", seed=5),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.BatchNormalization(momentum=0.1),
            layers.Dropout(0.2),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def values_of(examples: Examples, view: int = 0) -> np.ndarray:
    """A view of all examples, in the order of the files."""
    return np.concatenate([values for values, _ in examples.batches(9, view).as_numpy_iterator()])


def read_weights(model: keras.Model) -> list[bytes]:
    """All weights of a model, bit by bit."""
    return [value.tobytes() for value in model.get_weights()]
