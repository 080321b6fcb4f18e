"""Finding a trainer by name and making it from options."""

import pathlib
import re
import sys
from collections.abc import Iterator

import pytest

from components.features import ImageShape
from components.training import architectures
from components.training.architectures import cnn, dense

NEW_TRAINER = """
import dataclasses


@dataclasses.dataclass(frozen=True)
class Trainer:
    depth: int = 1

    def build_model(self, shape, classes):
        return (self.depth, shape.dimensions, classes)
"""

VALID = ", ".join(architectures.available())
REFUSED = [
    (
        "cnm",
        {},
        f"There is no such trainer. Received: 'cnm'. Did you mean 'cnn'? Valid: {VALID}.",
    ),
    ("vgg", {}, f"There is no such trainer. Received: 'vgg'. Valid: {VALID}."),
    ("interface", {}, f"There is no such trainer. Received: 'interface'. Valid: {VALID}."),
    (
        "cnn",
        {"dense_unit": 3},
        "There is no such option of the trainer 'cnn'. Received: 'dense_unit'. "
        "Did you mean 'dense_units'? Valid: dense_units.",
    ),
    (
        "dense",
        {"dropout": 0.1, "hidden": [3]},
        "There is no such option of the trainer 'dense'. Received: 'hidden'. "
        "Did you mean 'hidden_units'? Valid: hidden_units, dropout.",
    ),
    (
        "dense",
        {"rate": 0.1},
        "There is no such option of the trainer 'dense'. Received: 'rate'. "
        "Valid: hidden_units, dropout.",
    ),
    ("cnn", {"dense_units": 64.0}, "The option 'dense_units' must be of type int. Received: 64.0."),
    ("cnn", {"dense_units": True}, "The option 'dense_units' must be of type int. Received: True."),
    ("cnn", {"dense_units": "64"}, "The option 'dense_units' must be of type int. Received: '64'."),
    ("cnn", {"dense_units": None}, "The option 'dense_units' must be of type int. Received: None."),
    ("cnn", {"dense_units": [64]}, "The option 'dense_units' must be of type int. Received: [64]."),
    ("dense", {"dropout": "0.2"}, "The option 'dropout' must be of type float. Received: '0.2'."),
    ("dense", {"dropout": True}, "The option 'dropout' must be of type float. Received: True."),
    (
        "dense",
        {"hidden_units": 64},
        "The option 'hidden_units' must be of type tuple[int, ...]. Received: 64.",
    ),
    (
        "dense",
        {"hidden_units": "64"},
        "The option 'hidden_units' must be of type tuple[int, ...]. Received: '64'.",
    ),
    (
        "dense",
        {"hidden_units": [64, "a"]},
        "The option 'hidden_units' must be of type int. Received: 'a'.",
    ),
    ("cnn", {"dense_units": 0}, "dense_units must be at least 1. Received: 0."),
    (
        "dense",
        {"hidden_units": []},
        "hidden_units must be one or more numbers. Received: none.",
    ),
    (
        "dense",
        {"hidden_units": [64, 0]},
        "hidden_units must be numbers above 0. Received: (64, 0).",
    ),
    ("dense", {"dropout": 1}, "dropout must be from 0 to below 1. Received: 1.0."),
    ("dense", {"dropout": -0.1}, "dropout must be from 0 to below 1. Received: -0.1."),
    ("dense", {"dropout": float("nan")}, "dropout must be from 0 to below 1. Received: nan."),
]


def test_available() -> None:
    built_in = {"cnn", "compact_cnn", "dense", "keras_application", "mobilenet_v2"}
    assert built_in <= set(architectures.available())
    assert architectures.pretrained() == ("keras_application", "mobilenet_v2")


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("cnn", {}, cnn.Trainer(dense_units=64)),
        ("cnn", {"dense_units": 1}, cnn.Trainer(dense_units=1)),
        ("dense", {}, dense.Trainer(hidden_units=(128,), dropout=0.2)),
        (
            "dense",
            {"hidden_units": [64, 32], "dropout": 0},
            dense.Trainer(hidden_units=(64, 32), dropout=0.0),
        ),
        ("dense", {"hidden_units": (1,)}, dense.Trainer(hidden_units=(1,), dropout=0.2)),
    ],
)
def test_load(name: str, options: dict[str, object], expected: object) -> None:
    assert architectures.load(name, options) == expected


@pytest.mark.parametrize(("name", "options", "message"), REFUSED)
def test_refused(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        architectures.load(name, options)


@pytest.fixture
def new_file(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A trainer in a file of its own, as if it lay among the others."""
    (tmp_path / "linear.py").write_text(NEW_TRAINER)
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path)])
    yield
    del sys.modules["components.training.architectures.linear"]
    del architectures.linear


@pytest.mark.usefixtures("new_file")
def test_a_new_trainer_is_one_new_file() -> None:
    assert "linear" in architectures.available()
    assert "linear" not in architectures.pretrained()
    built = architectures.load("linear", {"depth": 3}).build_model(ImageShape(2, 4, 1), 5)
    assert built == (3, (2, 4, 1), 5)
    with pytest.raises(ValueError, match=r"Received: 'activation'\. Valid: depth\.$"):
        architectures.load("linear", {"activation": "tanh"})
