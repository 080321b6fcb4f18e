"""A chain of layers with a frozen base, as trainers with a pretrained part build it, but tiny."""

from typing import Any

import keras

from components.training.pretrained import BASE
from tests.components.training.small_examples import CLASSES, SIDE

BASE_LAYERS = 6
"""Of the base, the input's included."""


def make_network(seed: int = 1, dropout: float = 0.0, is_frozen: bool = True) -> keras.Model:
    """From pixels [4, 4, 1] to probabilities; the base has convolutions and their statistics."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    pictures = keras.Input((SIDE, SIDE, 1))
    values: Any = pictures
    for layer in (
        layers.Conv2D(3, 3, padding="same", name="first"),
        layers.BatchNormalization(name="statistics_1"),
        layers.ReLU(),
        layers.Conv2D(4, 3, padding="same", name="second"),
        layers.BatchNormalization(name="statistics_2"),
    ):
        values = layer(values)
    base = keras.Model(pictures, values, name=BASE)
    base.trainable = not is_frozen
    pixels = keras.Input((SIDE, SIDE, 1), name="pixels")
    values = layers.Rescaling(1 / 255, name="preprocess")(pixels)
    values = base(values, training=False if is_frozen else None)
    values = layers.GlobalAveragePooling2D(name="pool")(values)
    if dropout:
        values = layers.Dropout(dropout)(values)
    last = layers.Dense(CLASSES, activation="softmax", name="probabilities", dtype="float32")
    return keras.Model(pixels, last(values))


def layer_weights(network: keras.Model, name: str) -> list[bytes]:
    """The weights of a layer of the base, bit by bit."""
    return [value.tobytes() for value in network.get_layer(BASE).get_layer(name).get_weights()]
