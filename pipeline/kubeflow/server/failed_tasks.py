"""A failed task of a run -> what can be known of it.

A pod that is killed, for memory or at its time-out, says nothing, and Kubeflow hands on nothing of
what Kubernetes says of it: the task has failed, and the run's error is empty. The API tells states
and times; the limits stand in the pipeline's file.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

EXECUTOR = re.compile(r"executor(\(\d+\))?")
"""What Argo calls the pod of a task, or all its attempts together and each with its number."""
FAILED = "FAILED"


class Limits(NamedTuple):
    """What a pod may use.

    Attributes:
        memory: As Kubernetes writes it; empty for no limit.
        seconds: Of an attempt; 0 for no limit.
    """

    memory: str
    seconds: int


def read_limits(
    specification: Mapping[str, Any], platforms: Mapping[str, Any]
) -> dict[str, Limits]:
    """The limits of each task, by what its component calls its container.

    Args:
        specification: A compiled pipeline.
        platforms: What it says of Kubernetes; may be empty.
    """
    of_cluster = _executors(platforms.get("platforms", {}).get("kubernetes", {}))
    limits = {}
    for name, executor in _executors(specification).items():
        resources = executor.get("container", {}).get("resources", {})
        seconds = of_cluster.get(name, {}).get("activeDeadlineSeconds", 0)
        limits[name] = Limits(str(resources.get("resourceMemoryLimit", "")), int(seconds))
    return limits


def describe_failed_task(step: str, limits: Limits, run: Any, is_alone: bool) -> str:
    """Says how many attempts failed, how long the last took, and what to look at and to set.

    Args:
        step: What people call the task.
        limits: Of its pod.
        run: A V2beta1Run.
        is_alone: Whether no other task of the run failed: Kubeflow does not tell whose a pod was.
    """
    pods = list(_failed_pods(run)) if is_alone else []
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


def _executors(part: Mapping[str, Any]) -> Mapping[str, Any]:
    executors: Mapping[str, Any] = part.get("deploymentSpec", {}).get("executors", {})
    return executors


def _failed_pods(run: Any) -> Iterator[Any]:
    for task in (run.run_details.task_details if run.run_details else None) or []:
        if EXECUTOR.fullmatch(str(task.display_name or "")) and task.state == FAILED:
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
