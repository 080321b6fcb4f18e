import json
import os
import threading

import pytest

from pipeline.local.events import (
    Notice,
    RunFailed,
    StepFinished,
    StepProgress,
    StepStarted,
    from_line,
    to_line,
)
from pipeline.local.pipe import EventWriter, read_events
from pipeline.runs.finished import RunFinished

EVENTS = [
    StepStarted("Trainer", 7, 10),
    StepProgress(3, 0, "images read", "寿司\n[red]"),
    StepFinished("Trainer", 7, 10, 23.5, 2**31, False, "cnn"),
    Notice("two\nlines"),
    RunFailed("Evaluator", 'said "no"\n', True),
    RunFinished(
        found=12,
        duplicates=0,
        rejected=2,
        rejects_file="a/rejects.csv",
        findings={"Dark images": 4},
        warnings=["image/brightness in eval: darker"],
        report="a/report.html",
        split_sizes={"train": 8, "eval": 1, "test": 1},
        accuracies={"train": 0.75, "eval": 0.5, "test": 1.0},
        checks=[["passed", "Accuracy: 1.0000"]],
        verdict="Released.",
        notes=[],
        model_report="a/model/report.html",
        model="serving/a/1",
        spans=["span-3"],
    ),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_round_trip(event):
    line = to_line(event)
    assert line.count("\n") == 1
    assert from_line(line) == event


def test_a_line_is_json_with_the_name_of_the_event():
    assert json.loads(to_line(EVENTS[0])) == {
        "event": "StepStarted",
        "step": "Trainer",
        "number": 7,
        "steps": 10,
    }


def test_through_a_pipe():
    reading, writing = os.pipe()
    writer = EventWriter(writing)
    for event in EVENTS:
        writer.write(event)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        assert list(read_events(stream)) == EVENTS


@pytest.mark.parametrize("length", [1, 20, 46])
def test_the_half_line_of_a_killed_worker_is_no_event(length):
    reading, writing = os.pipe()
    line = to_line(Notice("the whole of it")).encode()
    assert len(line) == 47
    os.write(writing, line + line[:length])
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        assert list(read_events(stream)) == [Notice("the whole of it")]


def test_threads_do_not_mix_their_lines():
    reading, writing = os.pipe()
    writer = EventWriter(writing)
    # More than a pipe takes at once, so that every write is interrupted by the reader.
    texts = [str(number) * 200_000 for number in range(4)]
    threads = [threading.Thread(target=writer.write, args=[Notice(text)]) for text in texts]
    for thread in threads:
        thread.start()
    with os.fdopen(reading, "rb") as stream:
        events = read_events(stream)
        seen = {next(events).text for _ in texts}
    assert seen == set(texts)
    for thread in threads:
        thread.join()
    os.close(writing)


def test_children_of_the_worker_do_not_keep_the_pipe_open():
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    EventWriter(writing)
    assert not os.get_inheritable(writing)
    os.close(reading)
    os.close(writing)


def test_a_supervisor_that_is_gone():
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        EventWriter(writing).write(Notice("hello"))
    os.close(writing)
