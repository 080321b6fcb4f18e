"""A run, from its creation to its end."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import kfp_server_api

from pipeline.exit_codes import FAILED, REFUSED, SUCCESS
from pipeline.kubeflow.server.connection import Server
from pipeline.kubeflow.server.failed_tasks import Limits, describe_failed_task
from pipeline.kubeflow.server.failures import ServerError, printable
from pipeline.kubeflow.server.uploading import Uploaded
from pipeline.kubeflow.server.verdict import (
    SKIPPED,
    SUCCEEDED,
    Marks,
    Verdict,
    read_states,
    read_verdict,
)

ENDED = (SUCCEEDED, "FAILED", "CANCELED", SKIPPED)
MOST_FAILURES = 10
"""Of requests, one after the other, after which it is no passing trouble."""
LONGEST_PAUSE = 60.0


@dataclasses.dataclass(frozen=True)
class Waiting:
    """How to wait for a run.

    Attributes:
        interval: Seconds between two looks.
        time_out: Seconds after which to give up; 0 for never.
        sleep: What waits.
        clock: Seconds that only grow.
    """

    interval: float = 10.0
    time_out: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclasses.dataclass(frozen=True)
class Watched:
    """A run to wait for.

    Attributes:
        server: Where it runs.
        run_id: The run.
        labels: What people call its tasks, by their names.
        marks: The tasks that tell the verdict.
        limits: What the pods of its tasks may use, by the tasks' names.
    """

    server: Server
    run_id: str
    labels: Mapping[str, str]
    marks: Marks
    limits: Mapping[str, Limits]


def create_run(
    server: Server, name: str, uploaded: Uploaded, experiment: str, values: Mapping[str, Any]
) -> str:
    """Starts a run and returns its id.

    Raises:
        ServerError: The server did not do it.
    """
    runs = kfp_server_api.RunServiceApi(server.client)
    wanted = kfp_server_api.V2beta1Run(
        display_name=name,
        experiment_id=experiment,
        pipeline_version_reference=uploaded.reference,
        runtime_config=kfp_server_api.V2beta1RuntimeConfig(parameters=dict(values)),
    )
    return str(server.ask(runs.run_service_create_run, wanted).run_id)


def url_of_run(server: Server, run_id: str) -> str:
    """Where people look at a run."""
    return f"{server.host}/#/runs/details/{run_id}"


def wait_for_run(watched: Watched, say: Callable[[str], object], waiting: Waiting) -> int:
    """Shows what happens until a run ends.

    Args:
        watched: The run.
        say: Takes lines.
        waiting: How to wait.

    Returns:
        The exit status: 0 released, 1 failed, 3 refused.

    Raises:
        ServerError: It took too long, or the server cannot be asked any more. The run goes on.
    """
    shown: dict[str, str] = {}
    deadline = waiting.clock() + waiting.time_out
    failed = 0
    while True:
        pause = waiting.interval
        try:
            run = _look(watched)
        except ServerError as error:
            failed += 1
            if not error.is_transient or failed == MOST_FAILURES:
                raise _give_up(watched, str(error)) from error
            pause = min(2.0 ** (failed - 1), LONGEST_PAUSE)
            say(f"No answer, asking again in {pause:g} s ({failed} of {MOST_FAILURES}): {error}")
        else:
            failed = 0
            _show_changes(run, watched, shown, say)
            if run.state in ENDED:
                return _conclude(run, watched, say)
        _pause(watched, waiting, deadline, pause)


def _look(watched: Watched) -> kfp_server_api.V2beta1Run:
    runs = kfp_server_api.RunServiceApi(watched.server.client)
    return watched.server.ask(runs.run_service_get_run, watched.run_id)


def _pause(watched: Watched, waiting: Waiting, deadline: float, seconds: float) -> None:
    left = deadline - waiting.clock() if waiting.time_out else seconds
    if left <= 0:
        raise _give_up(
            watched,
            f"The run must end within {waiting.time_out:g} seconds, as --time-out says. Received: "
            "a run that has not.",
        )
    waiting.sleep(min(seconds, left))


def _give_up(watched: Watched, reason: str) -> ServerError:
    where = url_of_run(watched.server, watched.run_id)
    return ServerError(f"{reason} The run is not stopped; look at it: {where}")


def _show_changes(
    run: kfp_server_api.V2beta1Run,
    watched: Watched,
    shown: dict[str, str],
    say: Callable[[str], object],
) -> None:
    """A line for each task whose state has changed; drivers and groups are Kubeflow's own."""
    for name, state in read_states(run).items():
        if name in watched.labels and name != watched.marks.group and shown.get(name) != state:
            shown[name] = state
            say(f"{printable(watched.labels[name])}: {printable(state).lower()}")


def _conclude(
    run: kfp_server_api.V2beta1Run, watched: Watched, say: Callable[[str], object]
) -> int:
    where = url_of_run(watched.server, watched.run_id)
    if run.state != SUCCEEDED:
        for line in _describe_failure(run, watched):
            say(line)
        return FAILED
    match read_verdict(run, watched.marks):
        case Verdict.RELEASED:
            say("The model was released and pushed.")
            return SUCCESS
        case Verdict.REFUSED:
            say(
                "The model was refused by the checks. ModelReport's report says why, and "
                f"index.html on the volume: {where}"
            )
            return REFUSED
        case Verdict.UNKNOWN:
            say(
                "The run succeeded, but the states of Pusher and ModelRefused, which tell whether "
                f"the model was released, are not all there: look at {where}"
            )
    return FAILED


def _describe_failure(run: kfp_server_api.V2beta1Run, watched: Watched) -> Iterator[str]:
    states = read_states(run)
    failed = [name for name in states if states[name] == "FAILED" and name in watched.labels]
    labels = {name: printable(watched.labels[name]) for name in failed}
    where = f" in {', '.join(labels.values())}" if failed else ""
    error = f" {printable(run.error.message)}" if run.error and run.error.message else ""
    state = printable(run.state).lower()
    yield f"The run ended as {state}{where}.{error} {url_of_run(watched.server, watched.run_id)}"
    for name in failed:
        if name in watched.limits:
            is_alone = len(failed) == 1
            yield describe_failed_task(labels[name], watched.limits[name], run, is_alone)
