"""A network of fully connected layers: fast, and a baseline for anything cleverer.

The defaults are the network of TensorFlow's "Quickstart for beginners": 128 units, dropout 0.2.
"""

from __future__ import annotations

import dataclasses
import typing

from components.features import ImageShape
from components.training.architectures.interface import build_head, check_head

if typing.TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class Trainer:
    """Hidden layers of the given sizes, then dropout.

    Attributes:
        hidden_units: Units of each hidden layer, from the input to the output.
        dropout: Proportion of the last hidden layer's outputs dropped in training, 0 to below 1.
    """

    hidden_units: tuple[int, ...] = (128,)
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if not self.hidden_units:
            raise ValueError("hidden_units must be one or more numbers. Received: none.")
        check_head(self.hidden_units, self.dropout)

    def build_model(self, shape: ImageShape, classes: int) -> keras.Model:
        """Builds the network; see `TrainerInterface`."""
        import keras

        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(shape.dimensions, name="pixels"),
                layers.Rescaling(1 / 255, name="rescale"),
                layers.Flatten(name="flatten"),
                *build_head(self.hidden_units, self.dropout),
                layers.Dense(classes, activation="softmax", name="probabilities", dtype="float32"),
            ],
            name="dense",
        )
