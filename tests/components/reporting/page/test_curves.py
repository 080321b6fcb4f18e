import math

from components.reporting.page.curves import PhaseMark, make_curves
from tests.components.reporting.made_up import make_history


def test_loss_and_accuracy_of_train_and_eval():
    loss, accuracy = make_curves(make_history())
    assert (loss.title, loss.lowest, loss.highest, loss.epochs) == ("Loss", 0.5, 2.0, 3)
    train, evaluation = loss.lines
    assert (train.name, train.points) == ("train", "8.0,8.0 240.0,130.7 472.0,192.0")
    assert evaluation.last == 1.0
    assert (loss.top, loss.bottom) == (8.0, 192.0)
    assert accuracy.words == (
        "Accuracy over 3 epochs, in the end 0.8000 on train and 0.6000 on eval"
    )


def test_phases_and_the_epoch_that_was_kept():
    loss, _ = make_curves(make_history())
    assert loss.phases == (PhaseMark("training", 8.0), PhaseMark("fine-tuning", 472.0))
    assert (loss.kept_x, loss.kept_epoch) == (472.0, 3)


def test_one_phase_is_not_marked():
    history = make_history(phases=[{"name": "training", "epochs": 3}])
    assert make_curves(history)[0].phases == ()


def test_one_epoch_of_one_split():
    (chart,) = make_curves({"epochs": {"loss": [0.5]}})
    assert chart.lines[0].points == "240.0,100.0"
    assert chart.kept_x is None
    assert chart.words == "Loss over 1 epoch, in the end 0.5000 on train"


def test_many_epochs_have_no_dots():
    values = [1 / number for number in range(1, 101)]
    (chart,) = make_curves({"epochs": {"loss": values}})
    assert chart.lines[0].dots == ()
    assert chart.lines[0].points.count(",") == 100


def test_nothing_to_draw():
    assert make_curves({}) == ()
    assert make_curves({"epochs": {"loss": [math.nan]}}) == ()
