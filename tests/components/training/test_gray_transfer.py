"""Fault B2: pretrained networks on gray images, from records to what the served model answers.

The right probabilities are those of plain Keras: the application itself, shown each gray image as
RGB, with the weights that the training left.
"""

import dataclasses
import io
import pathlib
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.python.framework import config as tensorflow_config
from tfx.components.trainer.fn_args_utils import FnArgs

from components.features import ImageShape
from components.normalization.normalization_rules import ImageRules
from components.training.run_fn import run_fn
from components.training.settings import (
    AugmentConfig,
    FineTuneConfig,
    TrainConfig,
)
from components.training_history import read_history
from tests.components.training.transformed_records import write_records
from tests.components.transform_graph import write_transform_graph
from tests.shared_data import shared_data

SIDE = 32
SHAPE = ImageShape(SIDE, SIDE, 1)
ALPHA = 0.35
SMALL = "MobileNetV3Small"


@pytest.fixture(autouse=True, scope="module")
def _restore_determinism():
    """Undoes for the other tests what `run_fn` sets for the whole process."""
    yield
    tensorflow_config.disable_op_determinism()


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Dark images, then light ones, so that there is something to learn."""
    noise = np.random.default_rng(0).integers(0, 100, (12, *SHAPE.dimensions), dtype=np.uint8)
    return noise + np.repeat(np.array([0, 150], np.uint8), 6)[:, None, None, None]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("gray")
    transform = write_transform_graph(root / "graph", SHAPE, ("dark", "light"))
    labels = [0] * 6 + [1] * 6
    return {
        "transform_graph_path": transform.transform_savedmodel_dir.removesuffix("/transform_fn"),
        "train_files": [write_records(root / "train", pixels, labels)],
        "eval_files": [write_records(root / "eval", pixels[::3], labels[::3])],
    }


def train(
    inputs: dict[str, Any], folder: pathlib.Path, augment: AugmentConfig, **settings: Any
) -> None:
    train_config = TrainConfig(epochs=2, batch_size=4, precision="float32", **settings)
    run_fn(
        FnArgs(
            **inputs,
            serving_model_dir=str(folder / "model"),
            model_run_dir=str(folder / "logs"),
            base_model=None,
            custom_config={
                "train": dataclasses.asdict(train_config),
                "fine_tune": dataclasses.asdict(FineTuneConfig(epochs=1, from_layer=20)),
                "augment": dataclasses.asdict(augment),
                "height": SIDE,
                "width": SIDE,
                "channels": 1,
                "checkpoint_folder": str(folder / "checkpoints"),
                "image_rules": ImageRules(1).to_dict(),
            },
        )
    )


def answers(folder: pathlib.Path, pixels: np.ndarray) -> np.ndarray:
    """What the served model says of the images as PNG."""
    files = []
    for image in pixels:
        content = io.BytesIO()
        Image.fromarray(image[..., 0]).save(content, "PNG")
        files.append(content.getvalue())
    model = tf.saved_model.load(str(folder / "model"))
    answer = model.signatures["serving_default"](image_bytes=tf.constant(files))
    return np.asarray(answer["probabilities"])


def expected(application: keras.Model, module: Any, folder: pathlib.Path, pixels: np.ndarray):
    """What plain Keras says with the weights of the training."""
    *weights, kernel, bias = np.load(folder / "weights.npz").values()
    application.set_weights(weights)
    colored = np.repeat(pixels, 3, axis=-1).astype(np.float32)
    features = application(module.preprocess_input(colored), training=False)
    logits = np.asarray(features).mean(axis=(1, 2)) @ kernel + bias
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("is_pretrained", "augment"),
    [(True, AugmentConfig(flip="both", views=2)), (False, AugmentConfig())],
)
def test_mobilenet_learns_and_answers(
    inputs, pixels, tmp_path: pathlib.Path, is_pretrained: bool, augment: AugmentConfig
) -> None:
    weights = "none"
    if is_pretrained:
        weights = str(shared_data("weights/mobilenet_v2_0.35_224_no_top.weights.h5"))
    options = {"alpha": ALPHA, "weights": weights, "dropout": 0.0}
    train(inputs, tmp_path, augment, trainer="mobilenet_v2", options=options)
    history = read_history(str(tmp_path / "logs"))
    assert [phase["name"] for phase in history["phases"]] == ["training", "fine_tuning"]
    network = keras.applications.MobileNetV2(
        (SIDE, SIDE, 3), ALPHA, include_top=False, weights=None
    )
    right = expected(network, keras.applications.mobilenet_v2, tmp_path, pixels)
    np.testing.assert_allclose(answers(tmp_path, pixels), right, atol=1e-3)


def test_another_application_learns_and_answers(inputs, pixels, tmp_path: pathlib.Path) -> None:
    make = getattr(keras.applications, SMALL)
    network = make((SIDE, SIDE, 3), include_top=False, weights=None)
    weights = tmp_path / "small.weights.h5"
    network.save_weights(weights)
    options = {"network": SMALL, "weights": str(weights)}
    train(inputs, tmp_path, AugmentConfig(), trainer="keras_application", options=options)
    assert len(read_history(str(tmp_path / "logs"))["phases"]) == 2
    right = expected(network, keras.applications.mobilenet_v3, tmp_path, pixels)
    np.testing.assert_allclose(answers(tmp_path, pixels), right, atol=1e-3)
