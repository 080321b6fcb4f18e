"""Schedules, which Kubeflow calls recurring runs: found by name, made, and replaced.

The API can only make, enable, disable and delete them. To replace one, a new one is made, disabled;
the old ones are disabled; the new one is enabled; the old ones are deleted, without their runs.
Whatever fails on the way, this is rolled back: there are never two that run, and for longer than a
request takes none that should.

No request of these ends a run. A client that is killed on the way, and rolls nothing back, leaves
schedules of one name of which at most one is enabled; scheduling again replaces all of them.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from components.text import did_you_mean, escape_unprintable
from pipeline.kubeflow.client.api import Server, pages
from pipeline.kubeflow.client.errors import ServerError

DISABLED = "DISABLED"
ATTEMPTS = 3
"""To undo something."""
PAUSE = 1.0
"""Seconds between them."""


class Put(NamedTuple):
    """How many a schedule replaced, and whether it is disabled, since those were."""

    replaced: int
    is_paused: bool


def list_schedules(server: Server) -> list[Any]:
    """All schedules, as V2beta1RecurringRun, in the order of their names."""
    found = pages(server.list_recurring_runs, "recurring_runs", namespace=server.namespace)
    return sorted(found, key=lambda each: str(each.display_name))


def find_schedule(server: Server, name: str) -> Any:
    """The one schedule of a name, or of an id.

    Raises:
        ServerError: There is none, or several.
    """
    schedules = list_schedules(server)
    found = [each for each in schedules if each.display_name == name]
    found = found or [each for each in schedules if each.recurring_run_id == name]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{each.recurring_run_id} ({str(each.status).lower()})" for each in found)
        raise ServerError(
            f"A name must be that of one schedule. Received: {name}, of {len(found)}: "
            f"{escape_unprintable(ids)}. Give the id in the place of the name."
        )
    names = sorted({escape_unprintable(str(each.display_name)) for each in schedules})
    raise ServerError(
        f"There must be a schedule of that name. Received: {name}; there are: "
        f"{', '.join(names) or 'none'}.{did_you_mean(name, names)} Look at "
        "`runner_kubeflow.py list`."
    )


def last_run(server: Server, schedule: str) -> Any:
    """The newest run of a schedule, as V2beta1Run; None if it had none."""
    of_schedule = {"operation": "EQUALS", "key": "recurring_run_id", "string_value": schedule}
    answer = server.list_runs(
        namespace=server.namespace,
        filter=json.dumps({"predicates": [of_schedule]}),
        sort_by="created_at desc",
        page_size=1,
    )
    return answer.runs[0] if answer.runs else None


def put_schedule(server: Server, name: str, wanted: Mapping[str, Any]) -> Put:
    """Makes a schedule, in the place of those of the same name.

    Args:
        server: Where.
        name: Of the schedule.
        wanted: Further arguments of kfp.Client.create_recurring_run.

    Raises:
        ServerError: The server did not do it. What was there before is there still, or the message
            says what is left and how to fix it.
    """
    old = [each for each in list_schedules(server) if each.display_name == name]
    active = [each.recurring_run_id for each in old if each.status != DISABLED]
    is_paused = bool(old) and not active
    change = _Replacement(server, name, wanted)
    try:
        change.make(active, is_paused)
    # Also Ctrl-C, which may come between any two requests.
    except BaseException as error:
        left = change.roll_back()
        if left:
            raise ServerError(f"{error} {' '.join(left)}".strip()) from error
        raise
    left = change.delete_old(each.recurring_run_id for each in old)
    if left:
        raise ServerError(f"The new schedule {name} is there. {' '.join(left)}")
    return Put(len(old), is_paused)


class _Replacement:
    """The requests that were begun, and their rollback.

    Each is noted before it is sent: it may be done although its answer is lost.
    """

    def __init__(self, server: Server, name: str, wanted: Mapping[str, Any]):
        self._server = server
        self._name = name
        self._wanted = wanted
        # Known before the request, so that the schedule is found although the answer may be lost.
        self._description = f"Made by runner_kubeflow.py schedule, {uuid.uuid4()}."
        self._made: list[str] = []
        self._disabled: list[str] = []
        self._may_run = False

    def make(self, active: Sequence[str], is_paused: bool) -> None:
        """Makes the new schedule, and switches the old ones off that are on."""
        # Its namespace is that of its experiment.
        new = self._server.create_recurring_run(
            job_name=self._name, description=self._description, enabled=False, **self._wanted
        )
        made = str(new.recurring_run_id)
        self._made = [made]
        for schedule in active:
            self._disabled.append(schedule)
            self._server.disable_recurring_run(schedule)
        if not is_paused:
            self._may_run = True
            self._server.enable_recurring_run(made)

    def roll_back(self) -> list[str]:
        """Removes the new schedule, then lets the old ones run; returns what is left to do."""
        left = self._remove_new()
        for schedule in self._disabled:
            # Two must not run, so the old one waits for as long as the new one may.
            if self._may_run or not self._attempt(self._server.enable_recurring_run, schedule):
                left.append(
                    f"The old schedule {schedule} is disabled; let it run by "
                    f"`runner_kubeflow.py resume {schedule}`."
                )
        return left

    def delete_old(self, schedules: Iterable[str]) -> list[str]:
        """Deletes what was replaced; returns what is left to do."""
        return [
            f"The old one, {schedule}, is disabled but could not be deleted; delete it by "
            f"`runner_kubeflow.py delete {schedule}`."
            for schedule in schedules
            if not self._attempt(self._server.delete_recurring_run, schedule)
        ]

    def _remove_new(self) -> list[str]:
        if not self._made and not self._attempt(self._find_new):
            return [
                f"A new schedule {self._name} may be left; look at `runner_kubeflow.py list`, and "
                "delete the newer one by its id."
            ]
        left = []
        for schedule in self._made:
            if self._attempt(self._server.delete_recurring_run, schedule):
                continue
            left.append(
                f"The new schedule {schedule} is left; delete it by `runner_kubeflow.py delete "
                f"{schedule}`."
            )
            disable = self._server.disable_recurring_run
            if self._may_run and not self._attempt(disable, schedule):
                return left
        self._may_run = False
        return left

    def _find_new(self) -> None:
        """It may be there although the answer that named it is lost."""
        self._made = [
            each.recurring_run_id
            for each in list_schedules(self._server)
            if each.description == self._description
        ]

    def _attempt(self, action: Callable[..., object], *arguments: str) -> bool:
        """Whether it was done, in the end."""
        for number in range(ATTEMPTS):
            if number:
                time.sleep(PAUSE)
            try:
                action(*arguments)
            except ServerError:
                continue
            return True
        return False
