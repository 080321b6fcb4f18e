"""What is done at each step and epoch of a training."""

import re
from collections.abc import Iterator

import keras
import pytest

from components import progress
from components.errors import PipelineError
from components.training import checkpoints, fit
from components.training.checkpoints import (
    KeepState,
    ReportProgress,
    StopOnNaN,
    TrainingState,
    is_over,
)
from components.training.fit import OptimizerConfig, Phase
from tests.components.training.small_examples import make_examples, make_plain_model

ADVICE = "Try a smaller train.learning_rate"


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[progress.StepProgress]]:
    """What is reported, of every moment."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_RECORDS", 0)
    found: list[progress.StepProgress] = []
    with progress.listening(found.append):
        yield found


def train(epochs: int, count: int, learning_rate: float = 0.01) -> None:
    """With batches of four images."""
    optimizer = OptimizerConfig("adam", learning_rate, "constant", steps=9)
    phase = Phase("training", epochs, 4, 1, optimizer)
    fit.fit_phase(make_plain_model(), make_examples(count), make_examples(), phase)


def test_reports_every_step(
    records: list[progress.StepProgress], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "MOST_STEPS_AT_ONCE", 1)
    train(epochs=2, count=8)
    assert [(record.done, record.total, record.unit) for record in records] == [
        (step, 4, "training steps") for step in (0, 1, 2, 3, 4)
    ]
    details = [re.sub(r"\d\.\d{4}", "NUMBER", record.detail) for record in records[1:]]
    assert details == [
        f"training epoch {epoch}/2 accuracy NUMBER loss NUMBER" for epoch in (1, 1, 2, 2)
    ]


# An epoch of 3 and 6 steps, of which up to 2 run at once; the last step may run alone.
@pytest.mark.parametrize(
    ("count", "done"),
    [(9, [0, 2, 3, 5, 6]), (24, [0, 2, 4, 6, 8, 10, 12])],
)
def test_steps_that_run_at_once_are_all_counted(
    records: list[progress.StepProgress],
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    done: list[int],
) -> None:
    monkeypatch.setattr(fit, "MOST_STEPS_AT_ONCE", 2)
    train(epochs=2, count=count)
    assert [record.done for record in records] == done
    assert {record.total for record in records} == {done[-1]}


def test_epochs_of_an_earlier_attempt_are_done_already(
    records: list[progress.StepProgress],
) -> None:
    report = ReportProgress("fine_tuning", first_epoch=2, epochs=3, steps_per_epoch=5)
    report.on_epoch_begin(2)
    report.on_train_batch_end(4, {"loss": 0.25})
    assert [(record.done, record.total, record.detail) for record in records] == [
        (10, 15, ""),
        (15, 15, "fine_tuning epoch 3/3 loss 0.2500"),
    ]


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_is_no_number_ends_the_training(loss: float) -> None:
    stop = StopOnNaN(64)
    stop.on_epoch_begin(1)
    stop.on_train_batch_end(31, {"loss": 0.5})
    message = (
        "The loss of training must be a finite number. "
        f"Received: {loss} by step 64 of epoch 2. {ADVICE}"
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}"):
        stop.on_train_batch_end(95, {"loss": loss})


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_so_does_one_on_the_eval_split(loss: float) -> None:
    message = (
        f"The val_loss of training must be a finite number. Received: {loss} by epoch 2. {ADVICE}"
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}"):
        StopOnNaN(64).on_epoch_end(1, {"loss": 0.5, "val_loss": loss})


def test_a_finite_loss_does_not_end_the_training() -> None:
    stop = StopOnNaN(64)
    stop.on_train_batch_end(0, {"loss": 1e30})
    stop.on_train_batch_end(0, None)
    stop.on_epoch_end(0, {"loss": 0.5, "val_loss": 1e30})
    stop.on_epoch_end(0, {"loss": 0.5})
    stop.on_epoch_end(0, None)


def test_weights_that_explode_end_the_training() -> None:
    with pytest.raises(PipelineError, match=r"Received: nan by step 3 of epoch 1\. Try a smaller"):
        train(epochs=2, count=10, learning_rate=float("inf"))


def test_weights_that_explode_in_the_only_step_end_it_too() -> None:
    # The loss is measured before the step: only the eval split shows what it did.
    with pytest.raises(PipelineError, match=r"^The val_loss.*Received: nan by epoch 1\."):
        train(epochs=1, count=4, learning_rate=float("inf"))


class KeptState(TrainingState):
    """Counts what is written, and writes nothing."""

    def __init__(self) -> None:
        model = make_plain_model()
        model.compile()
        super().__init__(model, "")
        self.events: list[str] = []

    def save(self) -> None:
        self.events.append(f"saved {self.epochs}")

    def keep_best(self) -> None:
        self.events.append(f"best {self.epochs}")


def kept(losses: list[float], epochs: int, save_every: int, patience: int) -> list[str]:
    """What is written where each epoch has this val_loss, until the training is stopped."""
    state = KeptState()
    keep = KeepState(state, epochs, save_every, patience)
    keep.set_model(keras.Model())
    for epoch, loss in enumerate(losses):
        keep.on_epoch_end(epoch, {"val_loss": loss})
        if keep.model.stop_training:
            return [*state.events, "stopped"]
    return state.events


@pytest.mark.parametrize(
    ("losses", "save_every", "patience", "events"),
    [
        ([3, 2, 1], 1, 0, ["saved 1", "saved 2", "saved 3"]),
        ([3, 2, 1], 2, 0, ["saved 2", "saved 3"]),
        ([3, 2, 1], 5, 0, ["saved 3"]),
        ([3, 2, 1], 0, 0, []),
        ([3, 2, 1], 0, 1, ["best 1", "best 2", "best 3"]),
        ([1, 2, 0], 0, 1, ["best 1", "stopped"]),
        ([1, 1, 0], 0, 1, ["best 1", "stopped"]),
        ([3, 1, 2, 2], 3, 2, ["best 1", "best 2", "saved 3", "saved 4", "stopped"]),
        ([3, 1, 2, 0, 1], 0, 2, ["best 1", "best 2", "best 4"]),
    ],
)
def test_what_is_kept_and_when_it_ends(
    losses: list[float], save_every: int, patience: int, events: list[str]
) -> None:
    assert kept(losses, len(losses), save_every, patience) == events


def test_is_over() -> None:
    state = KeptState()
    assert [is_over(state, patience) for patience in (0, 1)] == [False, False]
    for loss in (1.0, 2.0, 2.0):
        state.record({"val_loss": loss})
    assert [is_over(state, patience) for patience in (0, 1, 2, 3)] == [False, True, True, False]


def test_a_title_and_metrics_are_optional(records: list[progress.StepProgress]) -> None:
    report = checkpoints.ReportProgress("training", 0, 1, 1)
    report.on_epoch_begin(0)
    report.on_train_batch_end(0, None)
    assert records[-1].detail == "training epoch 1/1 "
