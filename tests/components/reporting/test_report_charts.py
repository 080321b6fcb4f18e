import math

from components.metrics import Proportion
from components.release.release_verdict import AT_LEAST, AT_MOST, make_check
from components.reporting.report_charts import (
    IntervalDrawing,
    draw_check,
    draw_proportion,
    make_curves,
)
from tests.components.reporting.made_up import make_history


def draw(value, low, high, bound, direction=AT_MOST):
    return draw_check(
        make_check(
            "a", "A", value, bound, direction=direction, interval=(low, high), method="Wilson"
        )
    )


def test_a_proportion_between_0_and_1():
    assert draw_proportion(Proportion(1, 2, 0.0, 1.0)) == IntervalDrawing(8.0, 152.0, 80.0)
    assert draw_proportion(Proportion(0, 0, 0.0, 1.0)) is None


def test_a_lower_bound_has_room_on_both_sides():
    # From 0.1 to 0.9: the spread is 0.8, so that the scale is -0.06 to 1.06.
    drawn = draw(0.5, 0.1, 0.9, 0.5, AT_LEAST)
    assert (drawn.value, drawn.bound) == (80.0, 80.0)
    assert (drawn.low, drawn.high) == (28.6, 131.4)
    assert (drawn.kept_from, drawn.kept_to) == (80.0, 160.0)


def test_an_upper_bound_is_kept_on_the_left():
    drawn = draw(1.0, 1.0, 1.0, 2.0)
    assert (drawn.kept_from, drawn.kept_to) == (0.0, drawn.bound)
    assert drawn.value < drawn.bound


def test_an_interval_without_end_goes_to_the_edge():
    drawn = draw(5.0, -math.inf, math.nan, 6.0)
    assert (drawn.low, drawn.high) == (0.0, 160.0)


def test_nothing_spreads():
    assert draw(0.0, 0.0, 0.0, 0.0).value == 80.0


def test_nothing_was_measured():
    assert draw(math.nan, 0.0, 1.0, 0.5) is None
    assert draw(0.5, 0.0, 1.0, math.nan) is None


def test_loss_and_accuracy_of_train_and_eval():
    loss, accuracy = make_curves(make_history())
    assert (loss.title, loss.lowest, loss.highest, loss.epochs) == ("Loss", 0.5, 2.0, 3)
    assert list(loss.series) == ["train", "eval"]
    assert loss.points("train") == [(8.0, 8.0), (240.0, 130.7), (472.0, 192.0)]
    assert (loss.y(loss.highest), loss.y(loss.lowest)) == (8.0, 192.0)
    assert accuracy.words == (
        "Accuracy over 3 epochs, in the end 0.8000 on train and 0.6000 on eval"
    )


def test_phases_and_the_epoch_that_was_kept():
    loss, _ = make_curves(make_history())
    assert loss.phases == (("training", 0), ("fine-tuning", 2))
    assert (loss.x(0), loss.x(2), loss.kept_epoch) == (8.0, 472.0, 3)


def test_one_phase_is_not_marked():
    history = make_history(phases=[{"name": "training", "epochs": 3}])
    assert make_curves(history)[0].phases == ()


def test_one_epoch_of_one_split():
    (chart,) = make_curves({"epochs": {"loss": [0.5]}})
    assert chart.points("train") == [(240.0, 100.0)]
    assert chart.words == "Loss over 1 epoch, in the end 0.5000 on train"


def test_many_epochs_have_no_dots():
    values = [1 / number for number in range(1, 101)]
    (chart,) = make_curves({"epochs": {"loss": [*values, math.nan]}})
    assert not chart.has_dots
    assert len(chart.points("train")) == 100


def test_nothing_to_draw():
    assert make_curves({}) == ()
    assert make_curves({"epochs": {"loss": [math.nan]}}) == ()
