"""A run that goes on: what happens, how it ended, and whether its model was released.

The pipeline has output parameters `released` and `verdict`, but no client can read them: in the API
v2beta1 up to KFP 2.18 neither a run nor a task has a field for output parameters, and a task's
`outputs`, which are for ids of artifacts, are never filled (kubeflow/pipelines#9858). There is no
call to read an artifact either; the pages of Kubeflow read both from ML Metadata, past the API.

What is told, and documented, is the state of every task. So the pipeline has a task ModelRefused
in a group with a condition: the group runs if the model was refused, and is skipped otherwise. A
release is concluded from two states that must both be there, the skipped group and the Pusher that
succeeded, so that whatever is missing is never taken for a release. Why a model was refused,
ModelReport's report says, and what lies on the volume. KFP 3 has tasks of their own, `GET
/apis/v2beta1/runs/{run_id}/tasks`.

A pod that is killed, for memory or at its time-out, says nothing, and Kubeflow hands on nothing of
what Kubernetes says of it: the task has failed, and the run's error is empty. The API tells states
and times; the limits stand in the pipeline's file.
"""

import dataclasses
import datetime
import re
from collections.abc import Callable, Iterator, Sequence
from time import monotonic, sleep
from typing import Any

from components.text import escape_unprintable
from pipeline.exit_codes import FAILED, REFUSED, SUCCESS
from pipeline.kubeflow.client.api import Server
from pipeline.kubeflow.client.errors import ServerError, in_one_line
from pipeline.kubeflow.client.package import Package, PodLimits

INTERVAL = 10.0
"""Seconds between two looks."""
MOST_FAILURES = 10
"""Of requests, one after the other, after which it is no passing trouble."""
LONGEST_PAUSE = 60.0

_SUCCEEDED, _FAILED, _SKIPPED = "SUCCEEDED", "FAILED", "SKIPPED"
_ENDED = (_SUCCEEDED, _FAILED, "CANCELED", _SKIPPED)
_EXECUTOR = re.compile(r"executor(\(\d+\))?")
"""What Argo calls the pod of a task, or all its attempts together and each with its number."""

Say = Callable[[str], object]


@dataclasses.dataclass(frozen=True)
class Watched:
    """A run to wait for.

    Attributes:
        server: Where it runs.
        run_id: The run.
        package: What it is a run of.
        time_out: Seconds after which to give up; 0 for never.
    """

    server: Server
    run_id: str
    package: Package
    time_out: float = 0.0

    @property
    def url(self) -> str:
        """Where people look at it."""
        return self.server.url_of_run(self.run_id)


def wait_for_run(watched: Watched, say: Say) -> int:
    """Shows what happens until a run ends.

    Returns:
        The exit status: 0 released, 1 failed, 3 refused.

    Raises:
        ServerError: It took too long, or the server cannot be asked any more. The run continues.
    """
    shown: dict[str, str] = {}
    deadline = monotonic() + watched.time_out
    failed = 0
    while True:
        pause = INTERVAL
        try:
            run = watched.server.get_run(watched.run_id)
        except ServerError as error:
            failed += 1
            if not error.is_transient or failed == MOST_FAILURES:
                raise _give_up(watched, str(error)) from error
            pause = min(2.0 ** (failed - 1), LONGEST_PAUSE)
            say(f"No answer, asking again in {pause:g} s ({failed} of {MOST_FAILURES}): {error}")
        else:
            failed = 0
            _show_changes(run, watched, shown, say)
            if run.state in _ENDED:
                return _conclude(run, watched, say)
        _pause(watched, deadline, pause)


def _pause(watched: Watched, deadline: float, seconds: float) -> None:
    left = deadline - monotonic() if watched.time_out else seconds
    if left <= 0:
        raise _give_up(
            watched,
            f"The run must end within {watched.time_out:g} seconds, as --time-out says. Received: "
            "a run that has not.",
        )
    sleep(min(seconds, left))


def _give_up(watched: Watched, reason: str) -> ServerError:
    return ServerError(f"{reason} The run is not stopped; look at it: {watched.url}")


def _show_changes(run: Any, watched: Watched, shown: dict[str, str], say: Say) -> None:
    """A line for each task whose state has changed; drivers and groups are Kubeflow's own."""
    labels, group = watched.package.labels, watched.package.marks().group
    for name, state in _states(run).items():
        if name in labels and name != group and shown.get(name) != state:
            shown[name] = state
            say(f"{labels[name]}: {escape_unprintable(state).lower()}")


def _conclude(run: Any, watched: Watched, say: Say) -> int:
    if run.state != _SUCCEEDED:
        for line in _describe_failure(run, watched):
            say(line)
        return FAILED
    is_released = _was_released(run, watched.package)
    if is_released is None:
        say(
            "The run succeeded, but the states of Pusher and ModelRefused, which tell whether the "
            f"model was released, are not all there: look at {watched.url}"
        )
        return FAILED
    if is_released:
        say("The model was released and pushed.")
        return SUCCESS
    say(
        "The model was refused by the checks. ModelReport's report says why, and index.html on the "
        f"volume: {watched.url}"
    )
    return REFUSED


def _was_released(run: Any, package: Package) -> bool | None:
    """What became of the model of a run that succeeded; None where that is not told."""
    states, marks = _states(run), package.marks()
    if states.get(marks.refusal) == _SUCCEEDED:
        return False
    is_skipped = _SKIPPED in (states.get(marks.group), states.get(marks.refusal))
    return True if is_skipped and states.get(marks.pushing) == _SUCCEEDED else None


def _states(run: Any) -> dict[str, str]:
    """The states of a run's tasks, by their names in the pipeline's file."""
    # A repetition has a number: trainer(0).
    return {
        re.sub(r"\(\d+\)$", "", str(task.display_name or "")): str(task.state)
        for task in _details(run)
        if task.state
    }


def _details(run: Any) -> Sequence[Any]:
    return (run.run_details.task_details if run.run_details else None) or []


def _describe_failure(run: Any, watched: Watched) -> Iterator[str]:
    package, states = watched.package, _states(run)
    failed = {name: label for name, label in package.labels.items() if states.get(name) == _FAILED}
    where = f" in {', '.join(failed.values())}" if failed else ""
    error = f" {in_one_line(run.error.message)}." if run.error and run.error.message else ""
    state = escape_unprintable(str(run.state)).lower()
    yield f"The run ended as {state}{where}.{error} {watched.url}"
    # Kubeflow does not tell whose a pod was.
    pods = list(_failed_pods(run)) if len(failed) == 1 else []
    for name, label in failed.items():
        if name in package.limits:
            yield _describe_failed_task(label, package.limits[name], pods)


def _describe_failed_task(step: str, limits: PodLimits, pods: Sequence[Any]) -> str:
    """Says how many attempts failed, how long the last took, and what to look at and to set.

    Args:
        step: What people call the task.
        limits: Of its pod.
        pods: Those that failed; empty where they may be another task's.
    """
    seconds, many = _seconds_of_last(pods), _count_attempts(pods)
    counted = f"{many} attempt{'s' if many > 1 else ''} failed" if many else "it failed"
    lasted = f"; the last took {seconds:,.0f} s" if seconds else ""
    setting = f"kubeflow.steps.{step}"
    if limits.seconds and seconds >= limits.seconds:
        return (
            f"{step}: {counted}{lasted}, and its time-out is {limits.seconds:,} s: give "
            f"{setting}.attempt_timeout_seconds more."
        )
    limit = f"its limit is {limits.memory}" if limits.memory else "it has no limit of its own"
    return (
        f"{step}: {counted}{lasted}. If the log of its pod ends without a line that says why, the "
        f"pod was killed, most likely for memory ({limit}): give {setting}.memory more. Each "
        "attempt leaves a record in the folder of the run, in attempts/."
    )


def _failed_pods(run: Any) -> Iterator[Any]:
    for task in _details(run):
        if _EXECUTOR.fullmatch(str(task.display_name or "")) and task.state == _FAILED:
            yield task


def _count_attempts(pods: Sequence[Any]) -> int:
    """Of the task that failed in the end; 0 where it is not told."""
    # Others may have had attempts that failed, and one that did not.
    whole = [pod for pod in pods if "(" not in pod.display_name]
    return (len(whole[0].child_tasks or []) or 1) if len(whole) == 1 else 0


def _seconds_of_last(pods: Sequence[Any]) -> float:
    """Both times are of the cluster's controller; 0 where they are not told."""
    ended = [pod for pod in pods if pod.start_time and pod.end_time]
    # The node that stands for all attempts has the time of all of them.
    single = [pod for pod in ended if "(" in pod.display_name] or ended
    if not single:
        return 0.0
    last = max(single, key=lambda pod: pod.end_time)
    return max((last.end_time - last.start_time) / datetime.timedelta(seconds=1), 0.0)
