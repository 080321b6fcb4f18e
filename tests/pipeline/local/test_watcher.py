import itertools
import logging

import pytest
from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig

from pipeline.local import watcher
from pipeline.local.events import StepFinished, StepProgress, StepStarted
from pipeline.local.watcher import StepWatcher
from pipeline.runs.progress import ProgressHandler
from pipeline.runs.records import StepRecord, StepRecords

LOGGER = logging.getLogger("tests.watched")


@pytest.fixture
def logged(monkeypatch, costs):
    """A function that logs, and the events that came of it; every look at the clock costs 2 s."""
    seconds = itertools.count(step=2)
    monkeypatch.setattr(watcher.time, "monotonic", lambda: float(next(seconds)))
    monkeypatch.setattr(watcher.memory, "peak", lambda: 7)
    monkeypatch.setattr(StepRecords, "note_cost", lambda _, *cost: costs.append(cost))
    events = []
    handler = StepWatcher(2, StepRecords(ConnectionConfig(), "photos", "run-1"), events.append)
    monkeypatch.setattr(LOGGER, "handlers", [handler])
    LOGGER.setLevel(logging.INFO)
    return handler, events


@pytest.fixture
def costs() -> list[tuple[str, float, int]]:
    """What was written into ML Metadata."""
    return []


def say(monkeypatch, state: str) -> None:
    """Lets ML Metadata say what became of every step."""
    monkeypatch.setattr(StepRecords, "read", lambda _, step: StepRecord(state, {}))


def test_steps_become_events(logged, costs, monkeypatch):
    handler, events = logged
    say(monkeypatch, "COMPLETE")
    LOGGER.info("Component %s is running.", "StatisticsGen")
    assert handler.step == "StatisticsGen"
    LOGGER.info("Something else about %s", "StatisticsGen")
    LOGGER.info("Component %s is finished.", "StatisticsGen")
    assert handler.step == ""
    say(monkeypatch, "CACHED")
    LOGGER.info("Component %s is running.", "Transform")
    LOGGER.info("Component %s is finished.", "Transform")
    assert events == [
        StepStarted("StatisticsGen", 1, 2),
        StepFinished("StatisticsGen", 1, 2, 2.0, 7, False, "of train, eval, test"),
        StepStarted("Transform", 2, 2),
        StepFinished("Transform", 2, 2, 2.0, 7, True, "images of one size, labels"),
    ]
    assert list(handler.records) == ["StatisticsGen", "Transform"]
    # What came from the cache cost nothing now, and what it did cost stands there already.
    assert costs == [("StatisticsGen", 2.0, 7)]


def test_a_step_that_ends_without_success_stops_the_run(logged, monkeypatch):
    handler, events = logged
    say(monkeypatch, "FAILED")
    LOGGER.info("Component %s is running.", "BaselineResolver")
    with pytest.raises(RuntimeError, match=r"^BaselineResolver ended as FAILED\.$"):
        LOGGER.info("Component %s is finished.", "BaselineResolver")
    assert handler.step == "BaselineResolver"
    assert events == [StepStarted("BaselineResolver", 1, 2)]


def test_progress_becomes_events(monkeypatch):
    events = []
    monkeypatch.setattr(LOGGER, "handlers", [ProgressHandler(events.append)])
    LOGGER.setLevel(logging.INFO)
    LOGGER.info("x", extra={"done": 3, "total": 5, "unit": "epochs", "detail": "loss 0.3"})
    assert events == [StepProgress(3, 5, "epochs", "loss 0.3")]
