import dataclasses
import json
import os
import threading

import pytest

from components.progress import StepProgress
from pipeline.local.events import (
    Notice,
    RunFailed,
    StepFinished,
    StepStarted,
    event_writer,
    read_events,
)
from tests.pipeline.local.fake_worker import FINISHED

EVENTS = [
    StepStarted("Trainer", 7, 10),
    StepProgress(3, 0, "images read", "寿司\n[red]"),
    StepFinished("Trainer", 7, 10, 23.5, 2**31, False, "cnn"),
    Notice("two\nlines"),
    RunFailed('said "no"\n', True),
    dataclasses.replace(FINISHED, spans=["span-3"]),
]


@pytest.fixture
def pipe():
    """A file to read, and a file descriptor to write, which is closed by whoever uses it."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        yield stream, writing


def test_through_a_pipe(pipe):
    stream, writing = pipe
    write = event_writer(writing)
    # No child of the worker keeps the pipe open.
    assert not os.get_inheritable(writing)
    for event in EVENTS:
        write(event)
    del write
    assert list(read_events(stream)) == EVENTS


@pytest.mark.parametrize("length", [1, 20, 46])
def test_the_half_line_of_a_killed_worker_is_no_event(pipe, length):
    stream, writing = pipe
    line = json.dumps({"event": "Notice", "text": "the whole of it"}).encode() + b"\n"
    os.write(writing, line + line[:length])
    os.close(writing)
    assert list(read_events(stream)) == [Notice("the whole of it")]


def test_threads_do_not_mix_their_lines(pipe):
    stream, writing = pipe
    write = event_writer(writing)
    # More than a pipe takes at once, so that every write is interrupted by the reader.
    texts = [str(number) * 200_000 for number in range(4)]
    threads = [threading.Thread(target=write, args=[Notice(text)]) for text in texts]
    for thread in threads:
        thread.start()
    events = read_events(stream)
    assert {next(events).text for _ in texts} == set(texts)
    for thread in threads:
        thread.join()
