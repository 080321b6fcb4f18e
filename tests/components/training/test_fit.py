"""Fitting: history, early stopping, weights of classes, and going on after an end by force."""

import logging
import os
import pathlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from components.training import checkpoints, fit
from components.training.checkpoints import StopOnNaN
from components.training.data import ArrayExamples
from components.training.fit import OptimizerConfig, Phase, balanced_weights
from components.training_history import PhaseResult
from tests.components.training.small_examples import (
    BATCH,
    make_examples,
    make_model_with_state,
    make_pixels,
    make_plain_model,
    read_weights,
)

EPOCHS = 8
STEPS = 3
METRICS = ["accuracy", "loss", "val_accuracy", "val_loss"]
COSINE = OptimizerConfig("adam", 0.05, "cosine", 6 * STEPS, warmup_steps=STEPS)
Outcome = tuple[list[bytes], PhaseResult]


class CutOffError(Exception):
    """Stands for whatever ends a process."""


def run(folder: str = "", save_every: int = 1, patience: int = 0) -> Outcome:
    """One attempt at a training with everything that has a state; its weights and result."""
    model = make_model_with_state()
    phase = Phase("training", EPOCHS, BATCH, 7, COSINE, True, patience, save_every, folder)
    # The same images with some wrong labels, so that more training is worse at some time.
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 2, 0, 1])
    evaluation = ArrayExamples(make_pixels()[np.newaxis], labels, 3)
    result = fit.fit_phase(model, make_examples(), evaluation, phase)
    return read_weights(model), result


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes an attempt that ends in the middle of an epoch."""

    def attempt(in_epoch: int, **settings: object) -> None:
        def end(callback: StopOnNaN, batch: int, logs: object = None) -> None:
            if callback._epoch == in_epoch:
                raise CutOffError

        with monkeypatch.context() as patch:
            patch.setattr(StopOnNaN, "on_train_batch_end", end)
            with pytest.raises(CutOffError):
                run(**settings)

    return attempt


@pytest.fixture(scope="module")
def unbroken() -> Outcome:
    return run()


@pytest.fixture(scope="module")
def best_folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("best")


@pytest.fixture(scope="module")
def best(best_folder: pathlib.Path) -> Outcome:
    """An unbroken one that stops early."""
    return run(str(best_folder), patience=2)


def test_history_has_every_epoch(unbroken: Outcome) -> None:
    _, result = unbroken
    assert sorted(result.history) == METRICS
    assert [len(values) for values in result.history.values()] == [EPOCHS] * 4
    assert {type(value) for values in result.history.values() for value in values} == {float}
    assert (result.name, result.epochs, result.kept_epoch) == ("training", EPOCHS, EPOCHS)
    assert result.resumed_after == 0
    assert result.images_per_second == pytest.approx(EPOCHS * 10 / result.seconds)


def test_learns() -> None:
    model = make_plain_model()
    optimizer = OptimizerConfig("adam", 0.01, "constant", 24)
    phase = Phase("training", 8, 4, 1, optimizer)
    history = fit.fit_phase(model, make_examples(), make_examples(), phase).history
    assert history["loss"] == sorted(history["loss"], reverse=True)
    assert history["val_loss"][-1] == min(history["val_loss"])


def test_the_seed_decides_the_order() -> None:
    weights = []
    for seed in (1, 1, 2):
        model = make_plain_model()
        phase = Phase("training", 1, 4, seed, OptimizerConfig("adam", 0.05, "constant", 3))
        fit.fit_phase(model, make_examples(), make_examples(), phase)
        weights.append(read_weights(model))
    assert weights[0] == weights[1] != weights[2]


def test_writes_logs_for_tensorboard(tmp_path: pathlib.Path) -> None:
    phase = Phase("training", 1, 4, 1, COSINE, log_folder=str(tmp_path))
    fit.fit_phase(make_plain_model(), make_examples(), make_examples(), phase)
    folders = sorted(path.parent.name for path in tmp_path.rglob("events.out.tfevents*"))
    assert folders == ["train", "validation"]


def test_early_stopping_keeps_the_weights_of_its_best_epoch(best: Outcome) -> None:
    weights, result = best
    losses = result.history["val_loss"]
    kept = int(np.argmin(losses)) + 1
    assert (result.kept_epoch, result.epochs) == (kept, kept + 2)
    assert kept > 1, "more than the first is tried"
    assert result.epochs < EPOCHS
    assert weights == run(patience=2)[0], "in memory as in a folder"


def test_the_best_weights_give_the_best_loss() -> None:
    model = make_plain_model()
    phase = Phase("training", 5, 4, 1, OptimizerConfig("sgd", 2.0, "constant", 15), patience=1)
    evaluation = make_examples(5)
    result = fit.fit_phase(model, make_examples(), evaluation, phase)
    assert result.kept_epoch < result.epochs
    loss, _ = model.evaluate(evaluation.batches(4), verbose=0)
    assert loss == pytest.approx(min(result.history["val_loss"]), rel=1e-5)


@pytest.mark.parametrize(("save_every", "in_epoch", "resumed"), [(1, 4, 3), (2, 4, 2)])
def test_a_training_that_was_cut_off_ends_like_an_unbroken_one(
    cut_off: Callable[..., None],
    unbroken: Outcome,
    tmp_path: pathlib.Path,
    save_every: int,
    in_epoch: int,
    resumed: int,
) -> None:
    cut_off(in_epoch, folder=str(tmp_path), save_every=save_every)
    weights, result = run(str(tmp_path), save_every)
    assert weights == unbroken[0]
    assert result.history == unbroken[1].history
    assert result.resumed_after == resumed


@pytest.mark.parametrize("after_the_best", [0, 2])
def test_so_does_one_that_stops_early(
    cut_off: Callable[..., None], best: Outcome, tmp_path: pathlib.Path, after_the_best: int
) -> None:
    weights, expected = best
    cut_off(expected.kept_epoch + after_the_best, folder=str(tmp_path), patience=2)
    resumed_weights, result = run(str(tmp_path), patience=2)
    assert resumed_weights == weights
    assert (result.history, result.kept_epoch) == (expected.history, expected.kept_epoch)


def test_a_finished_training_is_not_trained_again(
    best: Outcome, best_folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    shutil.copytree(best_folder, tmp_path, dirs_exist_ok=True)
    weights, result = run(str(tmp_path), patience=2)
    assert (weights, result.history) == (best[0], best[1].history)
    assert result.kept_epoch == best[1].kept_epoch
    assert (result.resumed_after, result.images_per_second) == (result.epochs, 0)


def test_nothing_but_the_newest_state_is_left(best: Outcome, best_folder: pathlib.Path) -> None:
    files = sorted(path.relative_to(best_folder).as_posix() for path in best_folder.rglob("*.*"))
    kept, last = best[1].kept_epoch, best[1].epochs
    assert files == [
        f"best/ckpt-{kept}.data-00000-of-00001",
        f"best/ckpt-{kept}.index",
        f"last/ckpt-{last}.data-00000-of-00001",
        f"last/ckpt-{last}.index",
    ]


def truncate(path: pathlib.Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


DAMAGE = {
    "half of the data": lambda folder: truncate(*folder.glob("last/*.data-*")),
    "half of the index": lambda folder: truncate(*folder.glob("last/*.index")),
    "half of the best weights": lambda folder: truncate(*folder.glob("best/*.data-*")),
    "no best weights": lambda folder: shutil.rmtree(folder / "best"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_as_good_as_none(
    cut_off: Callable[..., None],
    best: Outcome,
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    # After the best epoch, so that its weights are not written again by themselves.
    cut_off(best[1].kept_epoch + 2, folder=str(tmp_path), patience=2)
    DAMAGE[damage](tmp_path)
    with caplog.at_level(logging.WARNING, logger=checkpoints.LOGGER.name):
        weights, result = run(str(tmp_path), patience=2)
    assert (weights, result.history) == (best[0], best[1].history)
    assert result.resumed_after == 0
    [warning] = [
        each.getMessage() for each in caplog.records if each.name == checkpoints.LOGGER.name
    ]
    assert warning.startswith(f"The checkpoint {tmp_path}/")
    assert " cannot be read, so the training starts anew: " in warning


def test_a_checkpoint_of_another_network_is_as_good_as_none(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(str(tmp_path))
    model = make_plain_model()
    optimizer = OptimizerConfig("adam", 0.05, "constant", 3)
    phase = Phase("training", 1, 4, 1, optimizer, save_every=1, folder=str(tmp_path))
    result = fit.fit_phase(model, make_examples(), make_examples(), phase)
    assert (result.epochs, result.resumed_after) == (1, 0)
    assert "so the training starts anew" in caplog.text


@pytest.mark.parametrize(
    ("counts", "weights"),
    [
        # King and Zeng: 8 / (2 * 6) and 8 / (2 * 2).
        ([6, 2], {0: 2 / 3, 1: 2.0}),
        ([5, 5, 5], {0: 1.0, 1: 1.0, 2: 1.0}),
        ([1, 99], {0: 50.0, 1: 50 / 99}),
        # A class without images has none, and changes nothing for the others.
        ([6, 0, 2], {0: 2 / 3, 2: 2.0}),
        ([0, 3, 0], {1: 1.0}),
    ],
)
def test_balanced_weights(counts: Sequence[int], weights: dict[int, float]) -> None:
    found = balanced_weights(np.array(counts))
    assert found == pytest.approx(weights)
    assert {type(key) for key in found} == {int}
    total = sum(counts[label] * weight for label, weight in found.items())
    assert total == pytest.approx(sum(counts)), "the mean image counts 1"


@pytest.mark.parametrize(
    ("is_balanced", "gradient"),
    [(False, [-5 / 12, 1 / 12, 1 / 3]), (True, [-1 / 6, -1 / 6, 1 / 3])],
)
def test_balanced_classes_count_the_same(is_balanced: bool, gradient: list[float]) -> None:
    # Six black images of class 0 and two of class 1, for a network that thinks all are equally
    # likely: the gradient of a bias is the mean of what is said of its class, minus what is true.
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    black = ArrayExamples(np.zeros((1, 8, 4, 4, 1), np.uint8), labels, 3)
    model = make_plain_model()
    phase = Phase("training", 1, 8, 1, OptimizerConfig("sgd", 0.1, "constant", 1), is_balanced)
    fit.fit_phase(model, black, black, phase)
    # 0.1, and Nesterov's 0.9 of that.
    np.testing.assert_allclose(model.layers[-1].bias, np.multiply(-0.19, gradient), atol=1e-6)


KILLED = """
import os, pickle, signal, sys
from components.training.checkpoints import StopOnNaN
from tests.components.training import test_fit

folder, in_epoch, answer = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def end(callback, batch, logs=None):
    if callback._epoch == in_epoch:
        os.kill(os.getpid(), signal.SIGKILL)


StopOnNaN.on_train_batch_end = end
weights, result = test_fit.run(folder, patience=2)
with open(answer, "wb") as file:
    pickle.dump((weights, result.history, result.resumed_after), file)
"""


@pytest.mark.e2e
def test_a_process_that_was_killed_ends_like_an_unbroken_one(tmp_path: pathlib.Path) -> None:
    import pickle

    def attempt(folder: str, in_epoch: int) -> int:
        return subprocess.run(
            [sys.executable, "-c", KILLED, folder, str(in_epoch), str(tmp_path / "answer")],
            cwd=pathlib.Path(__file__).parents[3],
            check=False,
        ).returncode

    assert attempt("", in_epoch=-1) == 0
    unbroken = pickle.loads((tmp_path / "answer").read_bytes())
    os.remove(tmp_path / "answer")
    folder = str(tmp_path / "checkpoints")
    for in_epoch in (1, 2, 4):
        assert attempt(folder, in_epoch) == -signal.SIGKILL
    assert attempt(folder, in_epoch=-1) == 0
    weights, history, resumed_after = pickle.loads((tmp_path / "answer").read_bytes())
    assert (weights, history) == unbroken[:2]
    assert (unbroken[2], resumed_after) == (0, 3)
