"""Fault B6: the memory budget bounds all that one training holds, not each array alone."""

import pathlib
from typing import Any

import numpy as np
import pytest
from tfx.components.trainer.fn_args_utils import FnArgs

from components.features import ImageShape
from components.training import frozen, run_fn
from components.training.data import ArrayExamples, StreamedExamples
from components.training.phases import Plan, train_network
from components.training.settings import AugmentConfig, FineTuneConfig, TrainConfig
from tests.components.training.small_examples import make_examples
from tests.components.training.small_networks import make_network
from tests.components.training.transformed_records import write_records

MEBIBYTE = 2**20
SIDE = 64
"""An image has 12 KiB, and a mebibyte 85 images and a third."""


def make_plan(mebibytes: int, folder: pathlib.Path, **settings: Any) -> Plan:
    train = TrainConfig("dense", epochs=2, batch_size=50, memory_budget=mebibytes)
    return Plan(
        train=train,
        fine_tune=settings.get("fine_tune", FineTuneConfig()),
        augment=settings.get("augment", AugmentConfig()),
        shape=settings.get("shape", ImageShape(SIDE, SIDE, 3)),
        classes=3,
        folder=str(folder),
        log_folder="",
    )


@pytest.mark.parametrize(
    ("train", "evaluation", "held"),
    [
        (100, 60, (100, 60)),
        # 170 fit into two mebibytes together, not each.
        (100, 80, (100, None)),
        (171, 10, (None, 10)),
        (171, 171, (None, None)),
    ],
)
def test_images_to_train_on_and_to_watch_with_share_it(
    tmp_path: pathlib.Path, train: int, evaluation: int, held: tuple[int | None, int | None]
) -> None:
    plan = make_plan(2, tmp_path)
    pixels = np.zeros((max(train, evaluation), *plan.shape.dimensions), np.uint8)
    labels = [number % 3 for number in range(len(pixels))]
    files = [
        [write_records(tmp_path / name, pixels[:count], labels[:count])]
        for name, count in (("train", train), ("eval", evaluation))
    ]
    both = run_fn.read_data(FnArgs(train_files=files[0], eval_files=files[1]), plan)
    for examples, count, expected in zip(both, (train, evaluation), held, strict=True):
        assert examples.count == count
        kind = StreamedExamples if expected is None else ArrayExamples
        assert type(examples) is kind
        if expected is not None:
            assert examples.bytes_in_memory == expected * SIDE * SIDE * 3
    assert sum(each.bytes_in_memory for each in both) <= 2 * MEBIBYTE


@pytest.mark.parametrize("fine_tune", [FineTuneConfig(), FineTuneConfig(epochs=1, from_layer=4)])
@pytest.mark.parametrize("mebibytes", [1, 100])
def test_features_share_it_with_the_images(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    fine_tune: FineTuneConfig,
    mebibytes: int,
) -> None:
    """All arrays are counted as NumPy makes them, and none is let go before the end."""
    made: list[np.ndarray] = []

    def make(*arguments: Any) -> np.ndarray:
        made.append(original(*arguments))
        return made[-1]

    original = frozen._make_array
    monkeypatch.setattr(frozen, "_make_array", make)
    # Of 16 bytes each. The features of either would fit into a mebibyte, those of both do not.
    training, evaluation = make_examples(2_500), make_examples(2_500)
    plan = make_plan(
        mebibytes,
        tmp_path,
        shape=ImageShape(4, 4, 1),
        augment=AugmentConfig(flip="both", views=2),
        fine_tune=fine_tune,
    )
    train_network(make_network(dropout=0.1), training, evaluation, plan)
    in_memory = [each.nbytes for each in made if not isinstance(each, np.memmap)]
    assert len(made) == (4 if fine_tune.epochs else 2)
    assert 5_000 * 16 + sum(in_memory) <= mebibytes * MEBIBYTE
    if mebibytes == 100:
        assert len(in_memory) == len(made)
