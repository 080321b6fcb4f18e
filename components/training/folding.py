"""A pretrained network that only predicts, with each batch normalization in the convolution before.

A network that does not learn normalizes by fixed numbers, so that convolution and normalization
together are one convolution with other weights (Jacob et al., "Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 3.2). TensorFlow runs such
a convolution, its bias and ReLU in one operation, where Keras's normalization alone takes several
passes through memory: MobileNetV2 predicts twice as fast on two cores (`benchmarks/folding.py`).
"""

from __future__ import annotations

import collections
from typing import Any

import keras
import numpy as np

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
_FLOAT32 = "float32"


def fold_normalization(network: keras.Model) -> keras.Model:
    """Copies a network with a pretrained part for `training=False`.

    Args:
        network: It stays as it is. Only the networks that are layers of it are folded.

    Returns:
        A network whose predictions differ by rounding alone. It shares all layers that are not
        within a pretrained part; what that learns later is not seen. The network itself where
        there is nothing to fold.
    """
    folded = {
        layer.name: _fold(layer, pairs)
        for layer in network.layers
        if _is_graph(layer) and (pairs := _find_pairs(layer))
    }
    if not folded:
        return network
    return keras.models.clone_model(
        network, clone_function=lambda layer: folded.get(layer.name, layer)
    )


def _is_graph(layer: keras.Layer) -> bool:
    """Whether it is a network that is made of tensors, as those of `keras.applications` are."""
    is_network = isinstance(layer, keras.Model) and not isinstance(layer, keras.Sequential)
    return is_network and hasattr(layer, "outputs")


def _find_pairs(network: keras.Model) -> dict[str, keras.layers.BatchNormalization]:
    """Names of convolutions, and the normalization that alone takes what each makes."""
    taken = collections.Counter(
        id(tensor) for layer in network.layers for tensor in keras.tree.flatten(layer.input)
    )
    taken.update(id(tensor) for tensor in network.outputs)
    made = {id(layer.output): layer for layer in network.layers if _is_foldable(layer)}
    return {
        made[id(layer.input)].name: layer
        for layer in network.layers
        if _is_normalization(layer) and id(layer.input) in made and taken[id(layer.input)] == 1
    }


def _is_foldable(layer: keras.Layer) -> bool:
    return (
        # Not of classes made of them, which may do more.
        type(layer) in _CONVOLUTIONS
        and layer.activation is keras.activations.linear
        and layer.data_format == "channels_last"
        # In fewer bits, the numbers would be rounded in other places.
        and layer.compute_dtype == _FLOAT32
    )


def _is_normalization(layer: keras.Layer) -> bool:
    return type(layer) is keras.layers.BatchNormalization and layer.axis in (-1, 3)


def _fold(network: keras.Model, pairs: dict[str, keras.layers.BatchNormalization]) -> keras.Model:
    left_out = {normalization.name for normalization in pairs.values()}

    def clone(layer: keras.Layer) -> keras.Layer:
        if layer.name not in pairs:
            return layer
        return type(layer).from_config({**layer.get_config(), "use_bias": True})

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        return inputs[0] if layer.name in left_out else layer(*inputs, **options)

    copy = keras.models.clone_model(network, clone_function=clone, call_function=call)
    for name, normalization in pairs.items():
        copy.get_layer(name).set_weights(_folded_weights(network.get_layer(name), normalization))
    return copy


def _folded_weights(
    convolution: keras.Layer, normalization: keras.layers.BatchNormalization
) -> list[np.ndarray]:
    """Kernel and bias that do what both layers do."""
    mean, variance = np.array(normalization.moving_mean), np.array(normalization.moving_variance)
    scale = 1 / np.sqrt(variance + normalization.epsilon)
    if normalization.scale:
        scale *= np.array(normalization.gamma)
    kernel, *bias = convolution.get_weights()
    shift = (bias[0] if bias else 0) * scale - mean * scale
    if normalization.center:
        shift += np.array(normalization.beta)
    is_depthwise = isinstance(convolution, keras.layers.DepthwiseConv2D)
    # [height, width, channels, filters of each channel]; else [height, width, channels, filters].
    by_filter = scale.reshape(kernel.shape[2:]) if is_depthwise else scale
    return [kernel * by_filter, shift]
