"""What every architecture provides, and the layers before the probabilities that several share."""

from __future__ import annotations

import typing
from typing import Protocol

from components.features import ImageShape

if typing.TYPE_CHECKING:
    import keras


class TrainerInterface(Protocol):
    """A network and its options.

    Importing a trainer's module must not import Keras, which takes seconds: configurations are
    checked against the options of a trainer before anything heavy begins. Import it in
    `build_model`.

    A trainer with the class attribute `is_pretrained = True` can be fine-tuned: its model is a
    chain of layers of which the one named "base" is a pretrained network, frozen at first.
    """

    def build_model(self, shape: ImageShape, classes: int) -> keras.Model:
        """Builds the network, not compiled.

        Args:
            shape: The size of the images.
            classes: How many classes there are.

        Returns:
            A model from uint8 or float [batch, height, width, channels] in 0 to 255 to float
            [batch, classes], probabilities that sum to 1. The layer that makes them has
            dtype="float32", so that they stay exact where the rest computes in fewer bits.

        Raises:
            ValueError: The network cannot be built for images of this size.
        """


def check_head(hidden_units: tuple[int, ...], dropout: float) -> None:
    """Checks the options `hidden_units` and `dropout`.

    Raises:
        ValueError: One of them is out of its range.
    """
    if hidden_units and min(hidden_units) < 1:
        raise ValueError(f"hidden_units must be numbers above 0. Received: {hidden_units}.")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be from 0 to below 1. Received: {dropout}.")


def build_head(hidden_units: tuple[int, ...], dropout: float) -> list[keras.Layer]:
    """Makes fully connected layers with ReLU, and dropout after the last one."""
    import keras

    layers = keras.layers
    hidden = [
        layers.Dense(units, activation="relu", name=f"hidden_{number}")
        for number, units in enumerate(hidden_units, start=1)
    ]
    return [*hidden, layers.Dropout(dropout, name="dropout")] if dropout else hidden
