"""What the settings of a training refuse, and with which words."""

import dataclasses
import json
import math
import pathlib
import subprocess
import sys

import pytest

from components.config_checks import ConfigurationError
from components.training import architectures
from components.training.settings import (
    AugmentConfig,
    FineTuneConfig,
    TrainConfig,
    TuneConfig,
    check_together,
    with_values,
)

OPTIMIZERS = "adam, adamw, rmsprop, sgd"
REFUSED = [
    (TrainConfig, {"epochs": 0}, "train.epochs must be at least 1. Received: train.epochs=0."),
    (TrainConfig, {"epochs": 2.5},
     "train.epochs must be a whole number, such as 5. Received: train.epochs=2.5."),
    (TrainConfig, {"batch_size": 0},
     "train.batch_size must be at least 1. Received: train.batch_size=0."),
    (TrainConfig, {"optimizer": "Adam"},
     f"train.optimizer must be one of {OPTIMIZERS}. Received: train.optimizer='Adam'. "
     "Did you mean 'adam'?"),
    (TrainConfig, {"learning_rate": 0},
     "train.learning_rate must be greater than 0 and finite. Received: train.learning_rate=0.0."),
    (TrainConfig, {"learning_rate": math.nan},
     "train.learning_rate must be greater than 0 and finite. Received: train.learning_rate=nan."),
    (TrainConfig, {"schedule": "linear"},
     "train.schedule must be one of constant, cosine. Received: train.schedule='linear'."),
    (TrainConfig, {"warmup_epochs": -1},
     "train.warmup_epochs must be from 0 to 5. Received: train.warmup_epochs=-1."),
    (TrainConfig, {"warmup_epochs": 3, "epochs": 2},
     "train.warmup_epochs must be from 0 to 2. Received: train.warmup_epochs=3."),
    (TrainConfig, {"weight_decay": 1.5},
     "train.weight_decay must be from 0 to 1. Received: train.weight_decay=1.5."),
    (TrainConfig, {"weight_decay": -0.1},
     "train.weight_decay must be from 0 to 1. Received: train.weight_decay=-0.1."),
    (TrainConfig, {"label_smoothing": 1},
     "train.label_smoothing must be from 0 to 0.999. Received: train.label_smoothing=1.0."),
    (TrainConfig, {"label_smoothing": math.nan},
     "train.label_smoothing must be from 0 to 0.999. Received: train.label_smoothing=nan."),
    (TrainConfig, {"class_weights": "balance"},
     "train.class_weights must be one of none, balanced. Received: "
     "train.class_weights='balance'. Did you mean 'balanced'?"),
    (TrainConfig, {"early_stopping": -1},
     "train.early_stopping must be at least 0. Received: train.early_stopping=-1."),
    (TrainConfig, {"precision": "bfloat"},
     "train.precision must be one of auto, float32, bfloat16, float16. Received: "
     "train.precision='bfloat'. Did you mean 'bfloat16'?"),
    (TrainConfig, {"checkpoint_every": -1},
     "train.checkpoint_every must be at least 0. Received: train.checkpoint_every=-1."),
    (TrainConfig, {"warm_start": "last"},
     "train.warm_start must be one of none, serving. Received: train.warm_start='last'."),
    (TrainConfig, {"memory_budget": 0},
     "train.memory_budget must be at least 1. Received: train.memory_budget=0."),
    (TrainConfig, {"seed": -1},
     "train.seed must be from 0 to 4294967295. Received: train.seed=-1."),
    (TrainConfig, {"seed": 2**32},
     "train.seed must be from 0 to 4294967295. Received: train.seed=4294967296."),
    (TrainConfig, {"trainer": "mobilenet"},
     f"train.trainer must be one of {', '.join(architectures.available())}. "
     "Received: train.trainer='mobilenet'. Did you mean 'mobilenet_v2'?"),
    (TrainConfig, {"trainer": "mobilenet_v2", "options": {"weights": "missing.h5"}},
     "train.options are refused: weights must be imagenet (Keras downloads them at first use), "
     "none, or a file of weights (.weights.h5 or .h5). Received: 'missing.h5', which is not a "
     "file."),
    (FineTuneConfig, {"epochs": -1},
     "fine_tune.epochs must be at least 0. Received: fine_tune.epochs=-1."),
    (FineTuneConfig, {"optimizer": "lion"},
     f"fine_tune.optimizer must be one of {OPTIMIZERS}. Received: fine_tune.optimizer='lion'."),
    (FineTuneConfig, {"learning_rate": math.inf},
     "fine_tune.learning_rate must be greater than 0 and finite. Received: "
     "fine_tune.learning_rate=inf."),
    (FineTuneConfig, {"schedule": ""},
     "fine_tune.schedule must be one of constant, cosine. Received: fine_tune.schedule=''."),
    (FineTuneConfig, {"from_layer": -1},
     "fine_tune.from_layer must be at least 0. Received: fine_tune.from_layer=-1."),
    (AugmentConfig, {"flip": "sideways"},
     "augment.flip must be one of none, horizontal, vertical, both. Received: "
     "augment.flip='sideways'."),
    (AugmentConfig, {"flip": True},
     "augment.flip must be text (in YAML, quoted where it looks like a number), such as 'none'. "
     "Received: augment.flip=True."),
    (AugmentConfig, {"rotation": 0.6},
     "augment.rotation must be from 0 to 0.5. Received: augment.rotation=0.6."),
    (AugmentConfig, {"shift": -0.1},
     "augment.shift must be from 0 to 1. Received: augment.shift=-0.1."),
    (AugmentConfig, {"shear": 2},
     "augment.shear must be from 0 to 1. Received: augment.shear=2.0."),
    (AugmentConfig, {"zoom": 1},
     "augment.zoom must be from 0 to 0.99. Received: augment.zoom=1.0."),
    (AugmentConfig, {"contrast": math.nan},
     "augment.contrast must be from 0 to 1. Received: augment.contrast=nan."),
    (AugmentConfig, {"views": 0}, "augment.views must be at least 1. Received: augment.views=0."),
    (TuneConfig, {"trials": -1}, "tune.trials must be at least 0. Received: tune.trials=-1."),
    (TuneConfig, {"epochs": -1}, "tune.epochs must be at least 0. Received: tune.epochs=-1."),
]  # fmt: skip


@pytest.mark.parametrize(("group", "settings", "message"), REFUSED)
def test_refuses(group: type, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        group(**settings)
    assert str(caught.value) == message


@pytest.mark.parametrize("group", [TrainConfig, FineTuneConfig, AugmentConfig, TuneConfig])
def test_is_the_same_after_json(group: type) -> None:
    settings = group()
    assert group(**json.loads(json.dumps(dataclasses.asdict(settings)))) == settings
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.epochs = 3


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, False),
        ({"views": 9}, False),
        ({"flip": "vertical"}, True),
        *(({name: 0.1}, True) for name in ("rotation", "shift", "shear", "zoom", "contrast")),
    ],
)
def test_whether_images_are_changed(settings: dict[str, object], changes: bool) -> None:
    assert AugmentConfig(**settings).changes_anything is changes  # type: ignore[arg-type]


def test_fine_tuning_needs_a_pretrained_part() -> None:
    fine_tune = FineTuneConfig(epochs=3)
    with pytest.raises(ConfigurationError) as caught:
        check_together(TrainConfig(), fine_tune, TuneConfig())
    assert str(caught.value) == (
        "fine_tune.epochs needs a trainer with a pretrained part: "
        f"{', '.join(architectures.pretrained())}. Received: fine_tune.epochs=3 with "
        "train.trainer='cnn'. Use train.epochs alone, or such a trainer."
    )
    check_together(TrainConfig(), FineTuneConfig(), TuneConfig())
    check_together(TrainConfig(trainer="mobilenet_v2"), fine_tune, TuneConfig())


def test_values_replace_settings_and_options() -> None:
    train = TrainConfig(trainer="dense", options={"dropout": 0.5, "hidden_units": [3]})
    changed = with_values(train, {"learning_rate": 0.5, "options.dropout": 0.25})
    assert changed == TrainConfig(
        trainer="dense", options={"dropout": 0.25, "hidden_units": [3]}, learning_rate=0.5
    )
    with pytest.raises(ConfigurationError, match=r"Received: 'learning_rat'\. Did you mean 'lear"):
        with_values(train, {"learning_rat": 0.5})


def test_imports_nothing_slow() -> None:
    code = """
import sys
from components.training.settings import TrainConfig
TrainConfig(trainer="mobilenet_v2")
assert not {"tensorflow", "keras", "numpy"}.intersection(sys.modules)
"""
    repository = pathlib.Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=repository, check=True)
