"""What became of a run: in its folder, on the page over all runs, and in the last task's log."""

import io
import itertools
import os
from collections.abc import Sequence

from rich.console import Console

from pipeline.kubeflow.attempts import (
    Attempt,
    describe_killed,
    killed_of,
    read_attempts,
)
from pipeline.kubeflow.names import LAST_STEP
from pipeline.kubeflow.outputs import Records
from pipeline.kubeflow.prepared_run import PreparedRun
from pipeline.runs import outcomes
from pipeline.runs.failures import explain
from pipeline.runs.outcomes import record_outcome
from pipeline.runs.records import CACHED, COMPUTED
from pipeline.runs.results import summarize
from pipeline.runs.summary import print_summary
from pipeline.terminal import say

NO_LOG = ""
"""Kubeflow keeps the logs of pods."""


def record_failure(run: PreparedRun, step: str, error: BaseException) -> None:
    """Keeps why a run failed; a retry that succeeds takes it back."""
    message, _ = explain(error)
    earlier = killed_of(read_attempts(run.folder, step))
    before = f" Before: {describe_killed(earlier)}" if earlier else ""
    _record_failure(run, f"In {step}: {message}{before}")


def record_killed(run: PreparedRun, step: str) -> None:
    """Keeps, and says, that earlier attempts at a step were killed; success takes it back.

    Before the next attempt begins, since that may be the last, and be killed as well.
    """
    earlier = read_attempts(run.folder, step)
    if killed := killed_of(earlier):
        description = describe_killed(killed)
        say(description)
        _record_failure(run, f"{description} Attempt {len(earlier) + 1} has begun.")


def record_success(run: PreparedRun, records: Records) -> None:
    """Keeps the verdict on a run's model, and says it."""
    finished = summarize(records)
    page = record_outcome(run.config, run.folder, outcomes.finished(NO_LOG, finished))
    text = io.StringIO()
    print_summary(Console(file=text, width=100), finished)
    attempts = read_attempts(run.folder)
    for _, of_step in itertools.groupby(attempts, key=lambda each: each.step):
        # Of the last of a step this does not know whether it goes on.
        if killed := killed_of(list(of_step)[:-1]):
            text.write(f"{describe_killed(killed)}\n")
    say(f"{text.getvalue()}All runs: {page}")
    say(closing_line(attempts, finished.model))


def closing_line(attempts: Sequence[Attempt], model: str) -> str:
    """Says what a run did, by the records of its own attempts.

    Args:
        attempts: All of the run.
        model: Folder of the version that came out, now or earlier; empty if it was refused.
    """
    trained, pushed = (_work_of(attempts, step) for step in ("Trainer", LAST_STEP))
    version = os.path.basename(model)
    if not model:
        push = "it was refused"
    else:
        push = f"version {version} was pushed" if pushed == COMPUTED else "nothing was pushed"
    if trained == COMPUTED:
        return f"A new model was trained; {push}."
    if trained == CACHED:
        return (
            "Data, code and configuration of the training are unchanged: no model was trained "
            f"anew, the earlier one was taken from the cache; {push}."
        )
    return f"This run trained nothing: its training had been done before it began; {push}."


def _work_of(attempts: Sequence[Attempt], step: str) -> str:
    """How a step of one node came to its result in this run; empty if none of its attempts did."""
    of_step = [each for each in attempts if each.step == step]
    work = {each.work[step] for each in of_step if step in each.work}
    # An attempt may be killed after its work was published, and before it could note that.
    if COMPUTED in work or (work and CACHED not in work and killed_of(of_step)):
        return COMPUTED
    return CACHED if CACHED in work else ""


def _record_failure(run: PreparedRun, message: str) -> None:
    record_outcome(run.config, run.folder, outcomes.failed(NO_LOG, message))
