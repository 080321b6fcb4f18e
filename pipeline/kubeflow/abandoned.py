"""Earlier runs that ended without a word: a pod was killed, and nothing was left to say so.

The first task of the next run says it for them. Whether an attempt without an end goes on, it tells
from the attempt's own notes: while they change, it does. So no clock of another pod is asked.
"""

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator

from components.errors import PipelineError
from components.reporting.index.entries import FAILED
from pipeline.kubeflow.attempts import (
    BEAT_SECONDS,
    KILLED,
    Attempt,
    describe_killed,
    killed_of,
    read_attempts,
)
from pipeline.kubeflow.prepared_run import PreparedRun, load_run
from pipeline.runs.outcomes import failed, read_outcome, record_outcome
from pipeline.runs.records import Connection, StepRecords

PATIENCE_SECONDS = 3 * BEAT_SECONDS
"""For the notes of an attempt that goes on to change."""


def close_abandoned_runs(
    run: PreparedRun, connection: Connection, sleep: Callable[[float], None] = time.sleep
) -> list[str]:
    """Records the failure of earlier runs that were killed, and ends their executions as failed.

    Args:
        run: The one that begins, which is left alone.
        connection: To ML Metadata.
        sleep: What waits; only where there is an attempt without an end.

    Returns:
        A line for each attempt that was found.
    """
    before = list(_open_attempts(run))
    if not before:
        return []
    sleep(PATIENCE_SECONDS)
    still = list(_open_attempts(run))
    return [_close(run, connection, attempt) for attempt in before if attempt in still]


def _open_attempts(run: PreparedRun) -> Iterator[Attempt]:
    runs = os.path.dirname(run.folder)
    for name in sorted(os.listdir(runs)):
        folder = os.path.join(runs, name)
        if folder != run.folder:
            attempts = read_attempts(folder)
            newest = {attempt.step: attempt for attempt in attempts}
            yield from (attempt for attempt in newest.values() if not attempt.end)


def _close(run: PreparedRun, connection: Connection, attempt: Attempt) -> str:
    folder = os.path.dirname(os.path.dirname(attempt.path))
    id_of_run = os.path.basename(folder)
    description = describe_killed(killed_of(read_attempts(folder, attempt.step)))
    outcome = read_outcome(folder)
    if outcome is None or outcome.outcome == FAILED:
        record_outcome(run.config, folder, failed("", description))
    records = StepRecords(connection, run.config.name, id_of_run)
    for step in [attempt.step, *_steps_of_spans(folder, attempt.step)]:
        records.close_unfinished(step)
    # Only now: whoever is killed in between leaves it to the next.
    dataclasses.replace(attempt, end=KILLED).save()
    return f"Run {id_of_run}: {description}"


def _steps_of_spans(folder: str, step: str) -> list[str]:
    # An earlier version of this project may have had other settings.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, PipelineError):
        return [f"{step}.{span.name}" for span in load_run(folder).spans]
    return []
