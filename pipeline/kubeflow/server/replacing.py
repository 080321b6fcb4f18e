"""A schedule takes the place of those of the same name.

The API can only make, enable, disable and delete them. So a new one is made, switched
off; the old ones are switched off; the new one is switched on; the old ones are deleted, without
their runs. Whatever fails on the way, the new one is taken away and the old ones run on: there are
never two that run, and for longer than a request takes none that should.

No request of these ends a run. A client that is killed on the way, and takes nothing back, leaves
schedules of one name of which at most one is switched on; scheduling again replaces all of them.
"""

import dataclasses
import time
import uuid
from collections.abc import Callable, Collection, Iterable

from pipeline.kubeflow.server.failures import ServerError
from pipeline.kubeflow.server.scheduling import DISABLED, Calls, Schedule

ATTEMPTS = 3
"""To take something back."""
PAUSE = 1.0
"""Seconds between them."""


@dataclasses.dataclass(frozen=True)
class Put:
    """What became of a schedule.

    Attributes:
        replaced: How many it replaced.
        is_paused: Whether it is switched off, since the one that it replaced was.
    """

    replaced: int
    is_paused: bool


def put_schedule(
    calls: Calls, wanted: Schedule, sleep: Callable[[float], None] = time.sleep
) -> Put:
    """Makes a schedule, in the place of those of the same name.

    Args:
        calls: To the server.
        wanted: The schedule.
        sleep: What waits between attempts to take something back.

    Raises:
        ServerError: The server did not do it. What was there before is there still, or the message
            says what is left and how to mend it.
    """
    old = calls.of_name(wanted.name)
    active = [each.recurring_run_id for each in old if each.status != DISABLED]
    is_paused = bool(old) and not active
    # Known before the request, so that the schedule is found although the answer may be lost.
    description = f"Made by runner_kubeflow.py schedule, {uuid.uuid4()}."
    change = _Change(calls, wanted.name, description, sleep)
    try:
        change.make(wanted, active, is_paused)
    # Also Ctrl-C, which may come between any two requests.
    except BaseException as error:
        left = change.take_back()
        if left:
            raise ServerError(f"{error} {' '.join(left)}".strip()) from error
        raise
    left = change.delete_old(each.recurring_run_id for each in old)
    if left:
        raise ServerError(f"The new schedule {wanted.name} is there. {' '.join(left)}")
    return Put(len(old), is_paused)


class _Change:
    """The requests that were begun, and their way back."""

    def __init__(self, calls: Calls, name: str, description: str, sleep: Callable[[float], None]):
        self._calls = calls
        self._name = name
        self._description = description
        self._sleep = sleep
        self._made: list[str] = []
        self._disabled: list[str] = []
        self._has_begun = False
        self._may_run = False

    def make(self, wanted: Schedule, active: Collection[str], is_paused: bool) -> None:
        """Each step is noted before its request: it may be done although its answer is lost."""
        self._has_begun = True
        made = self._calls.create(wanted, self._description)
        self._made = [made]
        for schedule in active:
            self._disabled.append(schedule)
            self._calls.disable(schedule)
        if not is_paused:
            self._may_run = True
            self._calls.enable(made)

    def take_back(self) -> list[str]:
        """Removes the new schedule, then lets the old ones run; returns what is left to do."""
        if not self._has_begun:
            return []
        left = self._remove_new()
        for schedule in self._disabled:
            # Two must not run, so the old one waits for as long as the new one may.
            if self._may_run or not self._attempt(self._calls.enable, schedule):
                left.append(
                    f"The old schedule {schedule} is switched off; let it run by "
                    f"`runner_kubeflow.py resume {schedule}`."
                )
        return left

    def delete_old(self, schedules: Iterable[str]) -> list[str]:
        """Deletes what was replaced; returns what is left to do."""
        return [
            f"The old one, {schedule}, is switched off but could not be deleted; delete it by "
            f"`runner_kubeflow.py delete {schedule}`."
            for schedule in schedules
            if not self._attempt(self._calls.delete, schedule)
        ]

    def _remove_new(self) -> list[str]:
        if not self._made and not self._attempt(self._find_new):
            return [
                f"A new schedule {self._name} may be left; look at `runner_kubeflow.py list`, and "
                "delete the newer one by its id."
            ]
        left = []
        for schedule in self._made:
            if self._attempt(self._calls.delete, schedule):
                continue
            left.append(
                f"The new schedule {schedule} is left; delete it by `runner_kubeflow.py delete "
                f"{schedule}`."
            )
            if self._may_run and not self._attempt(self._calls.disable, schedule):
                return left
        self._may_run = False
        return left

    def _find_new(self) -> None:
        """It may be there although the answer that named it is lost."""
        self._made = [
            each.recurring_run_id
            for each in self._calls.of_name(self._name)
            if each.description == self._description
        ]

    def _attempt(self, action: Callable[..., None], *arguments: str) -> bool:
        """Whether it was done, in the end."""
        for number in range(ATTEMPTS):
            if number:
                self._sleep(PAUSE)
            try:
                action(*arguments)
            except ServerError:
                continue
            return True
        return False
