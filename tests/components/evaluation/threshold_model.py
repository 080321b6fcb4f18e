"""A model of one number, so that what its evaluation must say can be computed by hand."""

import pathlib

import keras
import numpy as np
import tensorflow_transform as tft

from components.features import ImageShape
from components.normalisation.rules import ImageRules
from components.serving.signatures import export_model

ONE_PIXEL = ImageShape(1, 1, 1)
CLASS_NAMES = ("dark", "light")
STEEPNESS = 20.0


def export_threshold_model(
    folder: pathlib.Path, transform: tft.TFTransformOutput, threshold: float
) -> None:
    """A model that calls a pixel light if it is brighter than `threshold`, 0 to 255."""
    output = keras.layers.Dense(len(CLASS_NAMES), activation="softmax")
    model = keras.Sequential(
        [
            keras.Input(ONE_PIXEL.dimensions),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            output,
        ]
    )
    bias = STEEPNESS * threshold / 255
    output.set_weights([np.array([[0.0, STEEPNESS]]), np.array([0.0, -bias])])
    export_model(model, transform, ONE_PIXEL, str(folder), ImageRules(channels=1))


def cross_entropy(pixel: int, class_name: str, threshold: float) -> float:
    """The loss of one image, in nats."""
    towards_light = STEEPNESS * (pixel - threshold) / 255
    return float(np.log1p(np.exp(towards_light if class_name == "dark" else -towards_light)))
