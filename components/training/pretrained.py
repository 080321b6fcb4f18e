"""Networks of `keras.applications` as the pretrained part of a model, with weights from anywhere.

Each comes with the preprocessing that its weights were trained with.
"""

from __future__ import annotations

import importlib
import os
import typing
from collections.abc import Callable
from typing import Any

from components.errors import PipelineError, first_line
from components.features import ImageShape
from components.text import did_you_mean

if typing.TYPE_CHECKING:
    import keras

IMAGENET = "imagenet"
NONE = "none"
BASE = "base"
"""The name of the layer that a pretrained network is."""


def check_weights(weights: str) -> None:
    """Checks an option `weights`, without a look into the file.

    Raises:
        ValueError: It is neither "imagenet", "none" nor a file.
    """
    if weights not in (IMAGENET, NONE) and "://" not in weights and not os.path.isfile(weights):
        raise ValueError(
            "weights must be imagenet (Keras downloads them at first use), none, or a file of "
            f"weights (.weights.h5 or .h5). Received: {weights!r}, which is not a file."
        )


def build_classifier(
    application: str,
    shape: ImageShape,
    classes: int,
    weights: str,
    head: list[keras.Layer],
    **options: Any,
) -> keras.Model:
    """Builds preprocessing, a pretrained network, and layers of its own on top.

    Args:
        application: A class or function of `keras.applications`, such as "MobileNetV2".
        shape: Of the images; gray ones are shown to the network as RGB.
        classes: How many there are.
        weights: "imagenet", "none" or a file.
        head: Layers between the network's pooled features and the probabilities.
        **options: Further arguments of the application, such as `alpha`.

    Returns:
        As `TrainerInterface.build_model`: a chain of layers. The layer "base" is the network,
        frozen if it has weights.

    Raises:
        ValueError: The network cannot be built for images of this size.
        PipelineError: The weights cannot be had, or do not fit.
    """
    import keras

    layers = keras.layers
    base = _build_base(application, shape, weights, options)
    base.trainable = weights == NONE
    pixels = keras.Input(shape.dimensions, name="pixels")
    values: Any = pixels
    if shape.channels == 1:
        # By one layer with one input: the frozen part is found along a chain of such.
        values = layers.Lambda(_gray_to_rgb, name="gray_to_rgb", dtype="float32")(values)
    values = _preprocessing(application)(values)
    values = base(values)
    values = layers.GlobalAveragePooling2D(name="pool")(values)
    for layer in head:
        values = layer(values)
    # In float32 whatever the precision of the rest: probabilities are compared and thresholded.
    last = layers.Dense(classes, activation="softmax", name="probabilities", dtype="float32")
    return keras.Model(pixels, last(values), name=application.lower())


def find_application(name: str) -> Callable[..., keras.Model]:
    """Looks a network up by its name in `keras.applications`.

    Raises:
        ValueError: There is none of this name.
    """
    import keras

    found = {
        key: value
        for key, value in vars(keras.applications).items()
        if key[0].isupper() and callable(value)
    }
    if name not in found:
        raise ValueError(
            f"There is no such network in keras.applications. Received: {name!r}."
            f"{did_you_mean(name, tuple(found))} Valid: {', '.join(sorted(found))}."
        )
    application: Callable[..., keras.Model] = found[name]
    return application


def _build_base(
    application: str, shape: ImageShape, weights: str, options: dict[str, Any]
) -> keras.Model:
    make = find_application(application)
    try:
        network = make(
            include_top=False,
            # The file is read below, where an error about it can be told from one about the size.
            weights=IMAGENET if weights == IMAGENET else None,
            input_shape=(shape.height, shape.width, 3),
            **options,
        )
    except (ConnectionError, TimeoutError) as error:
        raise _no_download(application, error) from error
    except OSError as error:
        raise _unreadable("the weights that Keras downloaded", error) from error
    except Exception as error:
        if weights == IMAGENET and "URL fetch failure" in str(error):
            raise _no_download(application, error) from error
        raise
    if weights not in (IMAGENET, NONE):
        _load_weights(network, weights)
    # Not at once: by their names, EfficientNetV2 looks up its blocks, and ConvNeXt its weights.
    network.name = BASE
    return network


def _load_weights(network: keras.Model, path: str) -> None:
    try:
        network.load_weights(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:
        raise PipelineError(
            "train.options.weights must be weights of this very network (include_top=False, the "
            f"same options). Received: {path}, which has others: {first_line(error)}."
        ) from error


def _preprocessing(application: str) -> keras.Layer:
    """The layer that makes of pixels, 0 to 255, what the network was trained on."""
    import keras

    module = importlib.import_module(find_application(application).__module__)
    # In float32: in bfloat16 the mean that some networks subtract would take half of the bits.
    return keras.layers.Lambda(module.preprocess_input, name="preprocess", dtype="float32")


def _gray_to_rgb(pixels: keras.KerasTensor) -> keras.KerasTensor:
    import keras

    return keras.ops.repeat(pixels, 3, axis=-1)


def _unreadable(path: str, error: Exception) -> PipelineError:
    return PipelineError(
        f"A file of weights must be whole HDF5 (.weights.h5, .h5). Received: {path}, which cannot "
        f"be read: {first_line(error)}. Get it again; what Keras downloads lies in "
        "~/.keras/models, and a download that was cut off has to be deleted there."
    )


def _no_download(application: str, error: Exception) -> PipelineError:
    return PipelineError(
        f"The ImageNet weights of {application} could not be downloaded: {first_line(error)}. "
        "Where there is no network, get the file of weights without the top layer (named as in "
        "the message) elsewhere, put it into ~/.keras/models or anywhere else, and say where with "
        "--train.options.weights FILE; or train from nothing with --train.options.weights none."
    )
