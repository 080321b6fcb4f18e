import datetime

import pytest

from components.reporting.index.chart import make_accuracy_chart
from components.reporting.index.entries import RunEntry

START = datetime.datetime(2026, 11, 25, 12)


def make_run(day, outcome="pushed", accuracy=0.9, width=0.05):
    time = START + datetime.timedelta(days=day)
    if accuracy is None:
        return RunEntry(time, outcome)
    return RunEntry(
        time,
        outcome,
        accuracy=accuracy,
        low=accuracy - width,
        high=accuracy + width,
        test_images=100,
    )


def test_marks_from_left_to_right():
    chart = make_accuracy_chart(
        [make_run(0, accuracy=0.8), make_run(1, "failed", None), make_run(9, "refused", 0.9)]
    )
    assert [mark.x for mark in chart.marks] == [14.0, 480.0, 946.0]
    # From 0.75 to 0.95 on 232 units.
    assert [mark.y for mark in chart.marks] == [188.0, None, 72.0]
    assert (chart.marks[0].low_y, chart.marks[2].high_y) == (246.0, 14.0)
    assert [mark.is_pushed for mark in chart.marks] == [True, False, False]
    assert chart.marks[1].words == "2026-11-26 12:00, failed"
    assert (chart.first, chart.last) == ("2026-11-25", "2026-12-04")
    assert chart.words == (
        "Accuracy of 2 runs from 2026-11-25 to 2026-12-04, 1 of them pushed: between 0.8000 and "
        "0.9000, in the end 0.9000"
    )


def test_one_run_stands_in_the_middle():
    chart = make_accuracy_chart([make_run(0)])
    assert (chart.marks[0].x, chart.marks[0].y) == (480.0, 130.0)
    assert chart.marks[0].words == "2026-11-25 12:00, pushed: 0.9000 (0.8500 to 0.9500)"


def test_the_scale_has_round_numbers():
    chart = make_accuracy_chart([make_run(0, accuracy=0.8), make_run(1, accuracy=0.9)])
    assert [tick.text for tick in chart.ticks] == ["0.75", "0.80", "0.85", "0.90", "0.95"]


@pytest.mark.parametrize(("runs", "size"), [(2, 5.0), (1000, 1.5)])
def test_marks_of_many_runs_are_small(runs, size):
    assert make_accuracy_chart([make_run(day) for day in range(runs)]).size == size


def test_certain_and_equal_values_can_be_drawn():
    chart = make_accuracy_chart([make_run(0, accuracy=1.0, width=0.0)])
    assert chart.marks[0].y == 246.0


def test_nothing_was_measured():
    assert make_accuracy_chart([]) is None
    assert make_accuracy_chart([make_run(0, "failed", None)]) is None
