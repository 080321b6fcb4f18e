"""A run, from its creation to its verdict.

The API tells the states of tasks but no output parameters, so the verdict is read from a state: the
task ModelRefused runs if the model was refused, and is skipped otherwise.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

import kfp_server_api

from pipeline.kubeflow.server.connection import Server, ServerError, printable
from pipeline.kubeflow.server.uploading import Uploaded

RELEASED, FAILED, REFUSED = 0, 1, 3
"""Exit statuses, as runner_local.py has them."""
REFUSAL_TASK = "modelrefused"
SUCCEEDED = "SUCCEEDED"
ENDED = (SUCCEEDED, "FAILED", "CANCELED", "SKIPPED")
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


def wait_for_run(
    server: Server, run_id: str, say: Callable[[str], object], waiting: Waiting
) -> int:
    """Shows what happens until a run ends.

    Args:
        server: Where it runs.
        run_id: The run.
        say: Takes lines.
        waiting: How to wait.

    Returns:
        The exit status: 0 released, 1 failed, 3 refused.

    Raises:
        ServerError: It took too long, or the server cannot be asked any more. The run goes on.
    """
    shown: dict[str, str] = {}
    started = waiting.clock()
    while True:
        run = _look(server, run_id, waiting)
        for name, state in _states(run).items():
            if shown.get(name) != state:
                shown[name] = state
                say(f"{name}: {state.lower()}")
        if run.state in ENDED:
            return _conclude(run, say)
        if waiting.time_out and waiting.clock() - started >= waiting.time_out:
            raise ServerError(
                f"The run must end within {waiting.time_out:g} seconds, as --time-out says. "
                f"Received: {printable(run.state)} after that. It goes on: "
                f"{url_of_run(server, run_id)}"
            )
        waiting.sleep(waiting.interval)


def _look(server: Server, run_id: str, waiting: Waiting) -> kfp_server_api.V2beta1Run:
    runs = kfp_server_api.RunServiceApi(server.client)
    pause = min(1.0, waiting.interval)
    for _ in range(MOST_FAILURES - 1):
        try:
            return server.ask(runs.run_service_get_run, run_id)
        except ServerError as error:
            if not error.is_transient:
                raise
        waiting.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    return server.ask(runs.run_service_get_run, run_id)


def _states(run: kfp_server_api.V2beta1Run) -> dict[str, str]:
    """State by task; drivers and groups of tasks are Kubeflow's own."""
    details = (run.run_details.task_details if run.run_details else None) or []
    names = {printable(task.display_name): task.state or "PENDING" for task in details}
    own = ("driver", "executor", "root", "condition", run.display_name)
    return {name: state for name, state in names.items() if name and not _is_one_of(name, own)}


def _is_one_of(name: str, own: tuple[str, ...]) -> bool:
    return name in own or name.endswith("-driver") or name.startswith("condition-")


def _conclude(run: kfp_server_api.V2beta1Run, say: Callable[[str], object]) -> int:
    states = _states(run)
    if run.state != SUCCEEDED:
        failed = [name for name, state in states.items() if state == "FAILED"]
        error = f" {printable(run.error.message)}" if run.error and run.error.message else ""
        where = f" in {', '.join(failed)}" if failed else ""
        say(f"The run ended as {printable(run.state).lower()}{where}.{error}")
        return FAILED
    refused = [name for name in states if name.lower().replace("-", "") == REFUSAL_TASK]
    if any(states[name] == SUCCEEDED for name in refused):
        say("The model was refused; ModelReport and the log of ModelRefused say why.")
        return REFUSED
    say("The model was released.")
    return RELEASED
