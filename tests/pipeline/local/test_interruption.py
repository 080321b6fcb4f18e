"""Ctrl-C ends a run, also where its exception got lost."""

import contextlib
import re
import signal

import pytest

from pipeline.local.events import Event, Notice, StepStarted
from pipeline.local.interruption import Interruption
from pipeline.runs.failures import InterruptionError

MESSAGE = re.escape("Interrupted. The next run goes on with the steps that are done.")
FIRST, SECOND = StepStarted("Evaluator", 1, 2), StepStarted("Pusher", 2, 2)


def test_an_exception_comes_at_once() -> None:
    with pytest.raises(InterruptionError, match=f"^{MESSAGE}$"):
        Interruption().arrive(signal.SIGINT, None)


def test_no_step_starts_after_one_that_got_lost() -> None:
    taken: list[Event] = []
    interruption = Interruption()
    emit = interruption.guard(taken.append)
    emit(FIRST)
    with contextlib.suppress(InterruptionError):
        interruption.arrive(signal.SIGTERM, None)
    # The step that runs may still say something.
    emit(Notice("done"))
    with pytest.raises(InterruptionError, match=f"^{MESSAGE}$"):
        emit(SECOND)
    assert taken == [FIRST, Notice("done")]
