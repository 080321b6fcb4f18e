"""What TFX's Trainer calls, on a few images of 4x4 pixels."""

import dataclasses
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
from components.normalization.normalization_rules import ImageRules
from components.serving.model_assets import read_rules
from components.training.checkpoints import StopOnNaN
from components.training.run_fn import run_fn
from components.training.settings import (
    AugmentConfig,
    FineTuneConfig,
    TrainConfig,
)
from components.training_history import read_history
from tests.components.training.transformed_records import write_records
from tests.components.transform_graph import write_transform_graph
from tests.image_files import encode_image

SHAPE = ImageShape(4, 4, 1)
TRAIN = {
    "trainer": "dense",
    "options": {"hidden_units": [5]},
    "epochs": 2,
    "batch_size": 4,
    "learning_rate": 0.01,
    "precision": "float32",
    "seed": 1,
}


def custom_config(checkpoint_folder: str = "", **train: Any) -> dict[str, Any]:
    return {
        "train": dataclasses.asdict(TrainConfig(**{**TRAIN, **train})),
        "fine_tune": dataclasses.asdict(FineTuneConfig()),
        "augment": dataclasses.asdict(AugmentConfig()),
        "height": 4,
        "width": 4,
        "channels": 1,
        "checkpoint_folder": checkpoint_folder,
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
        "transform_graph_path": transform.transform_savedmodel_dir.removesuffix("/transform_fn"),
        "train_files": [write_records(root / "train", pixels[:10], labels[:10], files=2)],
        "eval_files": [write_records(root / "eval", pixels[10:], labels[10:])],
    }


@pytest.fixture(scope="module")
def train(
    inputs: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., pathlib.Path]:
    def run(base_model: str | None = None, **settings: Any) -> pathlib.Path:
        """Trains, and returns the folder with `model` and `logs`."""
        folder = tmp_path_factory.mktemp("run")
        run_fn(
            FnArgs(
                **inputs,
                serving_model_dir=str(folder / "model"),
                model_run_dir=str(folder / "logs"),
                custom_config=custom_config(**settings),
                base_model=base_model,
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
    history = read_history(str(first / "logs"))
    epochs, settings, [phase] = (history.pop(key) for key in ("epochs", "settings", "phases"))
    # (16 + 1) * 5 + (5 + 1) * 3
    assert history == {
        "trainer": "dense",
        "parameters": 103,
        "precision": "float32",
        "warm_start": "none",
        "images": {"train": 10, "eval": 4},
        "kept_epoch": 2,
    }
    assert (phase["name"], phase["epochs"], phase["resumed_after"]) == ("training", 2, 0)
    assert settings["train"] == custom_config()["train"]
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
    histories = [read_history(str(run / "logs"))["epochs"] for run in (first, same, other)]
    assert histories[0] == histories[1] != histories[2]


def test_says_why_a_network_cannot_be_built(train: Callable[..., pathlib.Path]) -> None:
    message = "The trainer 'cnn' needs images of 18x18 pixels or more. Received: 4x4."
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}"):
        train(trainer="cnn", options={})


def test_begins_with_the_weights_of_another_model(
    first: pathlib.Path, train: Callable[..., pathlib.Path]
) -> None:
    same = train(base_model=str(first / "model"), learning_rate=1e-12, epochs=1)
    history = read_history(str(same / "logs"))
    assert history["warm_start"] == "all weights"
    before = read_history(str(first / "logs"))["epochs"]["val_loss"][-1:]
    assert history["epochs"]["val_loss"] == pytest.approx(before, abs=1e-5)


class CutOffError(Exception):
    """Stands for whatever ends a process."""


def test_goes_on_only_with_the_same_settings(
    first: pathlib.Path,
    train: Callable[..., pathlib.Path],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def end(callback: StopOnNaN, epoch: int, logs: object = None) -> None:
        if epoch == 1:
            raise CutOffError

    with monkeypatch.context() as patch:
        patch.setattr(StopOnNaN, "on_epoch_end", end)
        with pytest.raises(CutOffError):
            train(checkpoint_folder=str(tmp_path))
    [left] = tmp_path.iterdir()
    other = train(checkpoint_folder=str(tmp_path), seed=2)
    assert read_history(str(other / "logs"))["phases"][0]["resumed_after"] == 0
    assert list(tmp_path.iterdir()) == [left], "its own are removed, the other one's are not"
    resumed = train(checkpoint_folder=str(tmp_path))
    assert read_history(str(resumed / "logs"))["phases"][0]["resumed_after"] == 1
    assert read_weights(resumed) == read_weights(first)
    assert list(tmp_path.iterdir()) == []


def test_there_must_be_as_many_images_as_classes(
    inputs: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    pixels = np.zeros((2, *SHAPE.dimensions), np.uint8)
    few = {**inputs, "train_files": [write_records(tmp_path / "few", pixels, [0, 1])]}
    message = (
        "There must be at least as many images to train on as classes. Received: 2 images and 3 "
        "classes. Add images, or remove classes."
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}$"):
        run_fn(FnArgs(**few, serving_model_dir="", model_run_dir="", custom_config=custom_config()))
