"""The frozen part of a network, computed once for all epochs.

What is in front of the first layer that learns gives the same features for the same image in each
epoch. Computing them takes a hundred times longer than training what comes after them.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from components.errors import PipelineError
from components.progress import Progress
from components.training.data import ArrayExamples, Examples
from components.training.folding import fold_normalization
from components.training.pretrained import BASE


def split_frozen(network: keras.Model) -> tuple[keras.Model, keras.Model] | None:
    """Parts a chain of layers before the first one that learns or throws dice.

    Args:
        network: From pixels, or from features of pixels, to probabilities.

    Returns:
        From the network's input to features, to be called with `training=False`, and from features
        to probabilities, with the network's own layers and weights; None if the first part would
        have no weights, and so no cost, or if the network is no chain.
    """
    layers = _chain(network)
    frozen = list(itertools.takewhile(_is_fixed, layers))
    if not any(layer.weights for layer in frozen):
        return None
    first = _connect(network.input_shape, frozen, "frozen")
    return first, _connect(first.output_shape, layers[len(frozen) :], "head")


def split_base(network: keras.Model, from_layer: int) -> tuple[keras.Model, keras.Model] | None:
    """Parts a chain of layers within its pretrained network, for a fine-tuning of its upper layers.

    Args:
        network: From pixels to probabilities, with a layer "base".
        from_layer: Layers of the base before this number will not learn.

    Returns:
        From pixels to features, and from features to probabilities, with the network's own layers
        and weights. None if there is no layer before that number whose output is all that the
        layers after it need, or if the network is no chain.
    """
    layers = _chain(network)
    if not layers:
        return None
    place = [layer.name for layer in layers].index(BASE)
    base = layers[place]
    tensor = _last_bottleneck(base, from_layer)
    if tensor is None:
        return None
    lower = keras.Model(base.input, tensor, name="lower_base")
    upper = keras.Model(tensor, base.output, name="upper_base")
    first = _connect(network.input_shape, [*layers[:place], lower], "lower")
    return first, _connect(first.output_shape, [upper, *layers[place + 1 :]], "upper")


def compute_features(
    frozen: keras.Model,
    examples: Examples,
    batch_size: int,
    classes: int,
    *,
    augmentation: keras.Model | None = None,
    views: int = 1,
    memory_budget: int,
    folder: str,
) -> ArrayExamples:
    """Runs all images through the frozen part of a network.

    Args:
        frozen: From pixels, or other features, to features.
        examples: Images, or their features in several views, which are all computed.
        batch_size: Images at a time.
        classes: How many there are.
        augmentation: Changes the images at random; differently in each view.
        views: How often each image is looked at, where there is an augmentation.
        memory_budget: Bytes of features that may be kept in memory. More are kept on disk.
        folder: Where they are kept then; if it is not on this machine, among its temporary files.

    Returns:
        float32 features [views, images, ...].

    Raises:
        PipelineError: There is not enough room on the disk.
    """
    views = views if augmentation else examples.views
    shape = (views, examples.count, *frozen.output_shape[1:])
    values = _make_array(shape, memory_budget, folder)
    labels = np.empty(examples.count, np.int64)
    run = _compiled(fold_normalization(frozen), augmentation)
    progress = Progress("images through the frozen layers", views * examples.count)
    for view in range(views):
        start = 0
        batches = examples.batches(batch_size, view=0 if augmentation else view)
        for pixels, some_labels in batches:
            end = start + len(some_labels)
            values[view, start:end] = run(pixels)
            labels[start:end] = some_labels
            progress.advance(units=end - start)
            start = end
    return ArrayExamples(values, labels, classes)


def _chain(network: keras.Model) -> list[keras.Layer]:
    """The layers of a network from its input to its output; none if it has branches."""
    layers = [each for each in network.layers if not isinstance(each, keras.layers.InputLayer)]
    # Where branches meet, a layer is called with several tensors.
    is_chain = all(isinstance(layer.input, keras.KerasTensor) for layer in layers)
    return layers if is_chain else []


def _connect(
    input_shape: tuple[int | None, ...],
    layers: Sequence[Callable[[keras.KerasTensor], keras.KerasTensor]],
    name: str,
) -> keras.Model:
    values = features = keras.Input(input_shape[1:])
    for layer in layers:
        values = layer(values)
    return keras.Model(features, values, name=name)


def _last_bottleneck(base: keras.Model, from_layer: int) -> keras.KerasTensor | None:
    """The output of the last layer before a number that alone goes on to the layers after it."""
    for number in range(min(from_layer, len(base.layers)) - 1, 0, -1):
        below, above = base.layers[: number + 1], base.layers[number + 1 :]
        made = {id(tensor) for layer in below for tensor in keras.tree.flatten(layer.output)}
        read = {id(tensor) for layer in above for tensor in keras.tree.flatten(layer.input)}
        if made & read == {id(below[-1].output)}:
            return below[-1].output
    return None


def _is_fixed(layer: keras.Layer) -> bool:
    # Layers that throw dice have a generator of random numbers, unless they are set to do nothing.
    return not layer.trainable_weights and getattr(layer, "seed_generator", None) is None


def _compiled(
    frozen: keras.Model, augmentation: keras.Model | None
) -> Callable[[tf.Tensor], tf.Tensor]:
    # Keras's own layers need no translation, which takes seconds.
    @tf.function(reduce_retracing=True, autograph=False)
    def run(pixels: tf.Tensor) -> tf.Tensor:
        seen = augmentation(pixels, training=True) if augmentation else pixels
        return tf.cast(frozen(seen, training=False), tf.float32)

    return run


def _make_array(shape: tuple[int, ...], memory_budget: int, folder: str) -> np.ndarray:
    size = int(np.prod(shape)) * np.dtype(np.float32).itemsize
    if size <= memory_budget:
        return np.empty(shape, np.float32)
    place = folder if folder and "://" not in folder else tempfile.gettempdir()
    os.makedirs(place, exist_ok=True)
    free = shutil.disk_usage(place).free
    if size > free:
        raise PipelineError(
            "The features of the frozen layers must fit into memory (train.memory_budget) or on "
            f"the disk. Received: {size / 2**30:.1f} GiB for {shape[1]:,} images in {shape[0]} "
            f"views, with {free / 2**30:.1f} GiB free in {place}. Make augment.views smaller, or "
            "room on the disk."
        )
    # A file without a name, which goes with this process, however that ends.
    with tempfile.TemporaryFile(dir=place) as file:
        return np.memmap(file, np.float32, "w+", shape=shape)
