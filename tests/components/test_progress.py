import logging
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
def log(caplog):
    caplog.set_level(logging.INFO, logger="components.progress")
    return caplog


def test_a_record_carries_the_count(clock, log):
    progress.Progress("images read", 3).advance("cat.jpg")
    (record,) = log.records
    assert record.getMessage() == "1 of 3 images read cat.jpg"
    assert (record.done, record.total, record.unit, record.detail) == (
        1,
        3,
        "images read",
        "cat.jpg",
    )


def test_tells_the_first_the_last_and_at_most_five_a_second(clock, log):
    counted = progress.Progress("images read", 100)
    for _ in range(100):
        counted.advance()
        clock.seconds += 0.015625
    assert [record.done for record in log.records] == [1, 14, 27, 40, 53, 66, 79, 92, 100]


def test_tells_the_last_even_if_it_comes_at_once(clock, log):
    counted = progress.Progress("epochs", 2)
    counted.advance()
    counted.advance()
    assert [record.done for record in log.records] == [1, 2]


def test_counts_without_a_known_total(clock, log):
    counted = progress.Progress("batches", 0)
    counted.advance()
    clock.seconds += 1
    counted.advance()
    assert [record.getMessage().strip() for record in log.records] == [
        "1 of 0 batches",
        "2 of 0 batches",
    ]
