"""Transfer learning from MobileNetV2, in its narrowest width."""

import pathlib
import re

import keras
import numpy as np
import pytest

from components.features import ImageShape
from components.training import architectures
from components.training.frozen import split_frozen
from tests.shared_data import shared_data

SHAPE = ImageShape(32, 32, 3)


def build(shape: ImageShape = SHAPE, **options: object) -> keras.Model:
    options = {"weights": "none", "alpha": 0.35, **options}
    return architectures.load("mobilenet_v2", options).build_model(shape, 4)


def test_is_pretrained() -> None:
    assert "mobilenet_v2" in architectures.pretrained()


def test_layers_and_parameters() -> None:
    model = build(hidden_units=[7, 5], dropout=0.3)
    assert [layer.name for layer in model.layers][2:] == [
        "base",
        "pool",
        "hidden_1",
        "hidden_2",
        "dropout",
        "probabilities",
    ]
    base = model.get_layer("base").count_params()
    # Keras's documentation gives 410,208 for alpha 0.35 without the top.
    assert base == 410_208
    assert model.count_params() - base == (1280 + 1) * 7 + (7 + 1) * 5 + (5 + 1) * 4
    assert model.get_layer("dropout").rate == 0.3


def test_returns_probabilities() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    probabilities = build()(pixels, training=False).numpy()
    assert (probabilities.shape, probabilities.dtype) == ((3, 4), np.float32)
    np.testing.assert_allclose(probabilities.sum(axis=1), np.ones(3), atol=1e-6)


@pytest.mark.parametrize("shape", [ImageShape(31, 200, 3), ImageShape(200, 31, 1)])
def test_refuses_images_that_are_too_small(shape: ImageShape) -> None:
    message = (
        "The trainer 'mobilenet_v2' needs images of 32x32 pixels or more, and does best with "
        f"160x160 or 224x224. Received: {shape.height}x{shape.width}. Enlarge image.height and "
        "image.width."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        build(shape)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 0}, "alpha must be greater than 0. Received: 0.0."),
        ({"alpha": -1.0}, "alpha must be greater than 0. Received: -1.0."),
        ({"alpha": float("nan")}, "alpha must be greater than 0. Received: nan."),
        ({"alpha": float("inf")}, "alpha must be greater than 0. Received: inf."),
        ({"dropout": 1.0}, "dropout must be from 0 to below 1. Received: 1.0."),
        ({"hidden_units": [0]}, "hidden_units must be numbers above 0. Received: (0,)."),
        ({"weights": "missing.h5"}, "weights must be imagenet (Keras downloads them at first use)"),
    ],
)
def test_refuses_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        build(**options)


def test_loads_the_weights_of_imagenet(tmp_path: pathlib.Path) -> None:
    path = shared_data("weights/mobilenet_v2_0.35_224_no_top.weights.h5")
    model = build(ImageShape(64, 64, 3), weights=str(path))
    base = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(64, 64, 3), alpha=0.35
    )
    base.load_weights(path)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    features, _ = split_frozen(model) or (None, None)
    expected = base(pixels / np.float32(127.5) - 1).numpy().mean(axis=(1, 2))
    np.testing.assert_allclose(features(pixels), expected, atol=1e-4)
    assert expected.std() > 0.01
