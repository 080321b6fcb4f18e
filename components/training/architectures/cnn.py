"""A small convolutional network, for small images.

The network of TensorFlow's tutorial "Convolutional Neural Network (CNN)": three convolutions of
32, 64 and 64 filters, and one hidden layer; 93,322 parameters for 28x28x1 and 10 classes.
"""

from __future__ import annotations

import dataclasses
import typing

from components.features import ImageShape

if typing.TYPE_CHECKING:
    import keras

SMALLEST = 18
"""Pixels a side: below that, nothing is left after the third convolution."""


@dataclasses.dataclass(frozen=True)
class Trainer:
    """Convolutions of 32, 64 and 64 filters, then one hidden layer.

    Attributes:
        dense_units: Units of the hidden layer.
    """

    dense_units: int = 64

    def __post_init__(self) -> None:
        if self.dense_units < 1:
            raise ValueError(f"dense_units must be at least 1. Received: {self.dense_units}.")

    def build_model(self, shape: ImageShape, classes: int) -> keras.Model:
        """Builds the network; see `TrainerInterface`."""
        import keras

        if min(shape.height, shape.width) < SMALLEST:
            raise ValueError(
                f"The trainer 'cnn' needs images of {SMALLEST}x{SMALLEST} pixels or more. "
                f"Received: {shape.height}x{shape.width}. Enlarge image.height and image.width, "
                "or use the trainer 'dense'."
            )
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(shape.dimensions, name="pixels"),
                layers.Rescaling(1 / 255, name="rescale"),
                layers.Conv2D(32, 3, activation="relu", name="convolution_1"),
                layers.MaxPooling2D(name="pool_1"),
                layers.Conv2D(64, 3, activation="relu", name="convolution_2"),
                layers.MaxPooling2D(name="pool_2"),
                layers.Conv2D(64, 3, activation="relu", name="convolution_3"),
                layers.Flatten(name="flatten"),
                layers.Dense(self.dense_units, activation="relu", name="hidden"),
                layers.Dense(classes, activation="softmax", name="probabilities", dtype="float32"),
            ],
            name="cnn",
        )
