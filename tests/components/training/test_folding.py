"""Folded networks: the same answers from fewer layers, and the network itself as it was."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import pytest

from components.training.folding import fold_normalization
from components.training.pretrained import BASE
from tests.components.training.small_networks import make_network

layers = keras.layers
Parts = Sequence[keras.layers.Layer]
SHAPE = (6, 6, 3)


def in_use(network: keras.Model) -> keras.Model:
    """With statistics and weights that no new network has, and that fold to anything but 1."""
    random = np.random.default_rng(0)
    network.set_weights([random.uniform(0.5, 1.5, w.shape) for w in network.get_weights()])
    return network


def around(base: keras.Model) -> keras.Model:
    pixels = keras.Input(SHAPE)
    return in_use(keras.Model(pixels, layers.GlobalAveragePooling2D()(base(pixels))))


def chain(parts: Parts) -> keras.Model:
    pixels = values = keras.Input(SHAPE)
    for part in parts:
        values = part(values)
    return around(keras.Model(pixels, values, name=BASE))


def kinds(network: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in network.get_layer(BASE).layers]


def assert_same_answers(network: keras.Model, folded: keras.Model) -> None:
    images = np.random.default_rng(1).uniform(-1, 1, (4, *network.input_shape[1:]))
    expected = np.array(network(images, training=False))
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(folded(images, training=False), expected, rtol=1e-4, atol=1e-5)


def normalize(**options: object) -> keras.layers.Layer:
    return layers.BatchNormalization(**options)


FOLDED: dict[str, Callable[[], Parts]] = {
    "a convolution": lambda: [layers.Conv2D(4, 3, use_bias=False), normalize(), layers.ReLU(6.0)],
    "with a bias": lambda: [layers.Conv2D(4, 3), normalize(epsilon=0.1)],
    "without a scale": lambda: [layers.Conv2D(4, 3), normalize(scale=False)],
    "without a center": lambda: [layers.Conv2D(4, 3, strides=2), normalize(center=False)],
    "in groups": lambda: [layers.Conv2D(6, 3, groups=3), normalize()],
    "depthwise": lambda: [layers.DepthwiseConv2D(3, use_bias=False), normalize()],
    "depthwise, several filters": lambda: [
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        normalize(),
    ],
}


@pytest.mark.parametrize("parts", FOLDED.values(), ids=FOLDED.keys())
def test_a_normalization_goes_into_the_convolution_before(parts: Callable[[], Parts]) -> None:
    network = chain(parts())
    before = network.get_weights()
    folded = fold_normalization(network)
    assert "BatchNormalization" not in kinds(folded)
    assert_same_answers(network, folded)
    assert "BatchNormalization" in kinds(network)
    for weight, expected in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


LEFT: dict[str, Callable[[], Parts]] = {
    "no convolution before": lambda: [normalize(), layers.Conv2D(4, 3)],
    "an activation between": lambda: [layers.Conv2D(4, 3, activation="relu"), normalize()],
    "a layer between": lambda: [layers.Conv2D(4, 3), layers.MaxPooling2D(), normalize()],
    "fewer bits": lambda: [layers.Conv2D(4, 3, dtype="mixed_bfloat16"), normalize()],
    "another axis": lambda: [layers.Conv2D(4, 3), normalize(axis=1)],
    "two convolutions in one": lambda: [layers.SeparableConv2D(4, 3), normalize()],
    "none": lambda: [layers.Conv2D(4, 3)],
}


@pytest.mark.parametrize("parts", LEFT.values(), ids=LEFT.keys())
def test_what_cannot_be_folded_stays(parts: Callable[[], Parts]) -> None:
    network = chain(parts())
    assert fold_normalization(network) is network


def test_a_convolution_that_others_read_too_stays() -> None:
    pixels = keras.Input(SHAPE)
    found = layers.Conv2D(3, 3, padding="same")(pixels)
    network = around(keras.Model(pixels, layers.Add()([found, normalize()(found)]), name=BASE))
    assert fold_normalization(network) is network


def test_a_convolution_whose_output_is_the_networks_stays() -> None:
    pixels = keras.Input(SHAPE)
    found = layers.Conv2D(3, 3)(pixels)
    base = keras.Model(pixels, [found, normalize()(found)], name=BASE)
    network = keras.Model(pixels, layers.Add()(base(pixels)))
    assert fold_normalization(network) is network


def test_a_network_that_keras_cannot_take_apart_stays() -> None:
    parts = [layers.Conv2D(3, 3), normalize()]
    network = around(keras.Sequential([keras.Input(SHAPE), *parts], name=BASE))
    assert fold_normalization(network) is network


def test_in_branches() -> None:
    pixels = keras.Input(SHAPE)
    branches = [normalize()(layers.Conv2D(3, 3, padding="same")(pixels)) for _ in range(2)]
    base = keras.Model(pixels, layers.Add()([*branches, pixels]), name=BASE)
    network = around(base)
    folded = fold_normalization(network)
    assert kinds(folded).count("BatchNormalization") == 0
    assert_same_answers(network, folded)


def test_all_around_the_pretrained_part_is_shared() -> None:
    network = make_network(dropout=0.5)
    folded = fold_normalization(network)
    assert folded.get_layer("probabilities") is network.get_layer("probabilities")
    assert folded.get_layer("preprocess") is network.get_layer("preprocess")
    assert_same_answers(in_use(network), fold_normalization(network))


# Of each family with normalizations; how many of them there are, and how many are folded.
@pytest.mark.parametrize(
    ("name", "normalizations", "foldable"),
    [("MobileNetV2", 52, 52), ("MobileNetV3Small", 34, 34), ("EfficientNetB0", 49, 49)],
)
def test_networks_of_keras(name: str, normalizations: int, foldable: int) -> None:
    base = getattr(keras.applications, name)(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    base.name = BASE
    pixels = keras.Input(base.input_shape[1:])
    network = keras.Model(pixels, layers.GlobalAveragePooling2D()(base(pixels)))
    assert kinds(network).count("BatchNormalization") == normalizations
    folded = fold_normalization(network)
    assert kinds(folded).count("BatchNormalization") == normalizations - foldable
    assert_same_answers(network, folded)
