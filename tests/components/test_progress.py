import types

import pytest

from components import progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it."""
    clock = types.SimpleNamespace(seconds=1000.0)
    clock.monotonic = lambda: clock.seconds
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def told():
    """What is told, by a listener."""
    told = []
    with progress.listening(told.append):
        yield told


def test_the_first_the_last_and_at_most_five_a_second_are_told(clock, told):
    counted = progress.Progress("images read", 100)
    for _ in range(100):
        counted.advance("cat.jpg")
        clock.seconds += 0.015625
    assert [each.done for each in told] == [1, 14, 27, 40, 53, 66, 79, 92, 100]
    assert told[0] == progress.StepProgress(1, 100, "images read", "cat.jpg")


def test_the_last_is_told_even_if_it_comes_at_once(clock, told):
    counted = progress.Progress("epochs", 2)
    counted.advance()
    counted.advance()
    assert [each.done for each in told] == [1, 2]


@pytest.mark.parametrize(
    ("total", "detail", "words"),
    [(0, "", "1,000 batches"), (2000, "loss 0.3", "1,000/2,000 batches loss 0.3")],
)
def test_in_words_and_in_the_log_if_wanted(clock, caplog, total, detail, words):
    for is_logged in (False, True):
        with progress.listening(lambda _: None, is_logged=is_logged):
            progress.Progress("batches", total).advance(detail, units=1000)
    assert [record.getMessage() for record in caplog.records] == [words]
