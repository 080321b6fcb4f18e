"""What TFX's Trainer calls, on a few images of 4x4 pixels."""

import json
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import config as tensorflow_config
from tfx.components.trainer.fn_args_utils import FnArgs

from components.errors import PipelineError
from components.features import ImageShape
from components.normalisation.rules import ImageRules
from components.serving.image_rules import read_rules
from components.training.run_fn import run_fn
from tests.components.training.transformed_records import write_records
from tests.components.transform_graph import write_transform_graph
from tests.image_files import encode_image

SHAPE = ImageShape(4, 4, 1)
SETTINGS = {
    "trainer": "dense",
    "options": {"hidden_units": [5]},
    "height": 4,
    "width": 4,
    "channels": 1,
    "epochs": 2,
    "batch_size": 4,
    "learning_rate": 0.01,
    "schedule": "cosine",
    "seed": 1,
    "memory_budget": 1000,
    "image_rules": ImageRules(1, background="#102030").to_dict(),
}


@pytest.fixture(autouse=True, scope="module")
def _restore_determinism() -> Iterator[None]:
    """Undoes for the other tests what `run_fn` sets for the whole process."""
    yield
    tensorflow_config.disable_op_determinism()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Transform's graph, ten images to train on and four to evaluate."""
    root = tmp_path_factory.mktemp("run_fn")
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (14, *SHAPE.dimensions), dtype=np.uint8)
    labels = [number % 3 for number in range(14)]
    transform = write_transform_graph(root / "graph", SHAPE, ("a", "b", "c"))
    return {
        "transform_output": transform.transform_savedmodel_dir.removesuffix("/transform_fn"),
        "train_files": [write_records(root / "train", pixels[:10], labels[:10], files=2)],
        "eval_files": [write_records(root / "eval", pixels[10:], labels[10:])],
    }


@pytest.fixture(scope="module")
def train(
    inputs: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., pathlib.Path]:
    def run(**settings: Any) -> pathlib.Path:
        """Trains, and returns the folder with `model` and `logs`."""
        folder = tmp_path_factory.mktemp("run")
        run_fn(
            FnArgs(
                **inputs,
                serving_model_dir=str(folder / "model"),
                model_run_dir=str(folder / "logs"),
                custom_config={**SETTINGS, **settings},
            )
        )
        return folder

    return run


@pytest.fixture(scope="module")
def first(train: Callable[..., pathlib.Path]) -> pathlib.Path:
    return train()


def read_weights(folder: pathlib.Path) -> dict[str, bytes]:
    """Every variable of an exported model, bit by bit."""
    checkpoint = tf.train.load_checkpoint(str(folder / "model/variables/variables"))
    return {
        name: checkpoint.get_tensor(name).tobytes()
        for name in checkpoint.get_variable_to_shape_map()
        if name.endswith("VARIABLE_VALUE")
    }


def test_trains_and_exports(first: pathlib.Path) -> None:
    history = json.loads((first / "logs/history.json").read_text())
    epochs = history.pop("epochs")
    # (16 + 1) * 5 + (5 + 1) * 3
    assert history == {"trainer": "dense", "parameters": 103}
    assert {name: len(values) for name, values in epochs.items()} == {
        "accuracy": 2,
        "loss": 2,
        "val_accuracy": 2,
        "val_loss": 2,
    }
    assert read_rules(str(first / "model")) == ImageRules(1, background="#102030")
    model = tf.saved_model.load(str(first / "model"))
    # Nothing of the optimizer, which is twice as large.
    assert sorted(len(bits) // 4 for bits in read_weights(first).values()) == [3, 5, 15, 80]
    answer = model.signatures["serving_default"](image_bytes=tf.constant([encode_image()]))
    assert answer["class_names"].numpy().tolist() == [[b"a", b"b", b"c"]]


def test_a_seed_repeats_every_bit(first: pathlib.Path, train: Callable[..., pathlib.Path]) -> None:
    same, other = train(), train(seed=2)
    weights = read_weights(first)
    assert read_weights(same) == weights
    assert read_weights(other) != weights
    histories = [(run / "logs/history.json").read_text() for run in (first, same, other)]
    assert histories[0] == histories[1] != histories[2]


def test_says_why_a_network_cannot_be_built(train: Callable[..., pathlib.Path]) -> None:
    message = "The trainer 'cnn' needs images of 18x18 pixels or more. Received: 4x4."
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}"):
        train(trainer="cnn", options={})


def test_says_that_a_trainer_does_not_exist(train: Callable[..., pathlib.Path]) -> None:
    message = "There is no such trainer. Received: 'den'. Did you mean 'dense'?"
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}"):
        train(trainer="den")
