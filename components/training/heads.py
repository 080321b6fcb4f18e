"""The layers between features and probabilities that several trainers share."""

from __future__ import annotations

import typing

if typing.TYPE_CHECKING:
    import keras


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
