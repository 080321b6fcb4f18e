"""Transfer learning from any network of keras.applications."""

import pathlib
import re

import keras
import numpy as np
import pytest

from components.features import ImageShape
from components.training import architectures
from components.training.settings import TrainConfig

SHAPE = ImageShape(32, 32, 3)


def build(network: str, shape: ImageShape = SHAPE, **options: object) -> keras.Model:
    options = {"weights": "none", "network": network, **options}
    return architectures.load("keras_application", options).build_model(shape, 4)


def test_is_pretrained() -> None:
    assert "keras_application" in architectures.pretrained()
    assert "cnn" not in architectures.pretrained()


def test_the_network_that_was_asked_for() -> None:
    model = build("MobileNet", hidden_units=[6], dropout=0)
    assert model.name == "mobilenet"
    assert [layer.name for layer in model.layers][1:] == [
        "preprocess",
        "base",
        "pool",
        "hidden_1",
        "probabilities",
    ]
    # Keras's documentation: 4.3 million with the top of 1,000 classes, 1,025,000 of them its own.
    assert model.get_layer("base").count_params() == 3_228_864
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    np.testing.assert_allclose(model(pixels).numpy().sum(axis=1), [1, 1], atol=1e-6)


def test_an_unknown_network() -> None:
    message = (
        "There is no such network in keras.applications. Received: 'EfficientNetB00'. "
        "Did you mean 'EfficientNetB0'? Valid: "
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        build("EfficientNetB00")


@pytest.mark.parametrize(
    ("network", "shape"),
    [("InceptionV3", ImageShape(74, 75, 3)), ("Xception", ImageShape(70, 71, 1))],
)
def test_refuses_images_that_are_too_small(network: str, shape: ImageShape) -> None:
    with pytest.raises(ValueError, match=r"(?i)input size must be at least"):
        build(network, shape)


def test_loads_a_file_of_its_own(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "small.weights.h5"
    base = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3))
    base.save_weights(path)
    model = build("MobileNet", weights=str(path))
    for value, expected in zip(
        model.get_layer("base").get_weights(), base.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(value, expected)
    assert len(model.trainable_weights) == 2


def test_the_configuration_refuses_a_missing_file() -> None:
    with pytest.raises(ValueError, match=r"^train\.options are refused: weights must be imagenet"):
        TrainConfig(trainer="keras_application", options={"weights": "missing.weights.h5"})
