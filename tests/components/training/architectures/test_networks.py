"""What the networks look like, and what they return."""

import re

import keras
import numpy as np
import pytest

from components.features import ImageShape
from components.training import architectures

FASHION_MNIST = ImageShape(28, 28, 1)


def layer_names(model: keras.Model) -> list[str]:
    return [layer.name for layer in model.layers]


def test_cnn_of_fashion_mnist() -> None:
    model = architectures.load("cnn", {}).build_model(FASHION_MNIST, 10)
    assert model.count_params() == 93_322
    assert model.name == "cnn"
    assert layer_names(model) == [
        "rescale",
        "convolution_1",
        "pool_1",
        "convolution_2",
        "pool_2",
        "convolution_3",
        "flatten",
        "hidden",
        "probabilities",
    ]


def test_dense_of_fashion_mnist() -> None:
    trainer = architectures.load("dense", {"hidden_units": [64, 64]})
    model = trainer.build_model(FASHION_MNIST, 10)
    # (784 + 1) * 64 + (64 + 1) * 64 + (64 + 1) * 10
    assert model.count_params() == 55_050
    assert model.name == "dense"
    assert layer_names(model) == [
        "rescale",
        "flatten",
        "hidden_1",
        "hidden_2",
        "dropout",
        "probabilities",
    ]


def test_options_reach_the_layers() -> None:
    cnn = architectures.load("cnn", {"dense_units": 7}).build_model(FASHION_MNIST, 10)
    assert cnn.get_layer("hidden").units == 7
    dense = architectures.load("dense", {"hidden_units": [5, 3], "dropout": 0.4})
    model = dense.build_model(FASHION_MNIST, 10)
    assert [model.get_layer(f"hidden_{number}").units for number in (1, 2)] == [5, 3]
    assert model.get_layer("dropout").rate == 0.4


@pytest.mark.parametrize("name", ["cnn", "dense"])
@pytest.mark.parametrize("shape", [ImageShape(18, 20, 1), ImageShape(20, 18, 3)])
def test_returns_probabilities(name: str, shape: ImageShape) -> None:
    model = architectures.load(name, {}).build_model(shape, 4)
    pixels = np.random.default_rng(0).integers(0, 256, (5, *shape.dimensions), dtype=np.uint8)
    probabilities = model(pixels, training=False).numpy()
    assert probabilities.shape == (5, 4)
    assert probabilities.dtype == np.float32
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), np.ones(5), atol=1e-6)


@pytest.mark.parametrize("name", ["cnn", "dense"])
def test_takes_pixels_as_they_leave_transform(name: str) -> None:
    model = architectures.load(name, {}).build_model(FASHION_MNIST, 10)
    white = np.full((1, *FASHION_MNIST.dimensions), 255, np.uint8)
    rescaled = model.get_layer("rescale")(white).numpy()
    np.testing.assert_array_equal(rescaled, np.ones((1, 28, 28, 1), np.float32))
    np.testing.assert_array_equal(model(white), model(white.astype(np.float32)))


@pytest.mark.parametrize("shape", [ImageShape(17, 28, 1), ImageShape(28, 17, 1)])
def test_cnn_refuses_images_that_nothing_would_be_left_of(shape: ImageShape) -> None:
    message = (
        "The trainer 'cnn' needs images of 18x18 pixels or more. Received: "
        f"{shape.height}x{shape.width}. Enlarge image.height and image.width, or use the trainer "
        "'dense'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        architectures.load("cnn", {}).build_model(shape, 10)


def test_dense_takes_images_of_one_pixel() -> None:
    model = architectures.load("dense", {"hidden_units": [2]}).build_model(ImageShape(1, 1, 1), 2)
    assert model.output_shape == (None, 2)
