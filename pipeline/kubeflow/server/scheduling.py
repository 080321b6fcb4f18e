"""Schedules, by their names: Kubeflow calls them recurring runs.

The API cannot change one. So a new one is made, switched off; the old ones are switched off; the
new one is switched on; the old ones are deleted. Whatever fails on the way, the old ones run on and
the new one is taken away: there are never two that run, and never none that should.
"""

import dataclasses
import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import kfp_server_api

from pipeline.kubeflow.server.connection import Server, ServerError, printable
from pipeline.kubeflow.server.uploading import Uploaded

ENABLED = "ENABLED"


@dataclasses.dataclass(frozen=True)
class Schedule:
    """What is wanted.

    Attributes:
        name: Of the schedule.
        cron: Expression of six fields.
        start: When it begins; None for now.
        end: When it ends; None for never.
        catch_up: Whether runs that were missed are made up for.
        most_at_once: How many of its runs may go on at the same time.
    """

    name: str
    cron: str
    start: datetime.datetime | None
    end: datetime.datetime | None
    catch_up: bool
    most_at_once: int


@dataclasses.dataclass(frozen=True)
class Put:
    """What became of a schedule.

    Attributes:
        replaced: How many it replaced.
        is_paused: Whether it is switched off, since the one that it replaced was.
    """

    replaced: int
    is_paused: bool


def list_schedules(server: Server) -> list[kfp_server_api.V2beta1RecurringRun]:
    """All schedules, in the order of their names.

    Raises:
        ServerError: The server did not tell.
    """
    service = kfp_server_api.RecurringRunServiceApi(server.client)
    found = server.ask_all(
        service.recurring_run_service_list_recurring_runs,
        "recurring_runs",
        namespace=server.namespace or None,
    )
    return sorted(found, key=lambda each: str(each.display_name))


def put_schedule(
    server: Server, wanted: Schedule, uploaded: Uploaded, experiment: str, values: Mapping[str, Any]
) -> Put:
    """Makes a schedule, in the place of those of the same name.

    Raises:
        ServerError: The server did not do it. What was there before is there still.
    """
    calls = _Calls(server)
    old = _of_name(server, wanted.name)
    active = [each.recurring_run_id for each in old if each.status == ENABLED]
    is_paused = bool(old) and not active
    made = ""
    begun: list[str] = []
    try:
        made = calls.create(_recurring_run(wanted, uploaded, experiment, values))
        for schedule in active:
            # Before the request: it may be done although its answer is lost.
            begun.append(schedule)
            calls.disable(schedule)
        if not is_paused:
            calls.enable(made)
    except ServerError as error:
        known = {each.recurring_run_id for each in old}
        _take_back(calls, error, wanted.name, known, begun)
        raise
    _delete(calls, old, wanted.name)
    return Put(len(old), is_paused)


def find_schedule(server: Server, name: str) -> kfp_server_api.V2beta1RecurringRun:
    """The one schedule of a name.

    Raises:
        ServerError: There is none, or several.
    """
    schedules = list_schedules(server)
    found = [each for each in schedules if each.display_name == name]
    if len(found) != 1:
        names = ", ".join(sorted({printable(each.display_name) for each in schedules})) or "none"
        raise ServerError(
            f"There must be one schedule {name}. Received: {len(found)} of that name; there are: "
            f"{names}."
        )
    return found[0]


def pause_schedule(server: Server, name: str) -> None:
    """Switches a schedule off; runs that go on are not touched."""
    _Calls(server).disable(find_schedule(server, name).recurring_run_id)


def resume_schedule(server: Server, name: str) -> None:
    """Switches a schedule on."""
    _Calls(server).enable(find_schedule(server, name).recurring_run_id)


def delete_schedule(server: Server, name: str) -> None:
    """Deletes a schedule; its runs stay."""
    _Calls(server).delete(find_schedule(server, name).recurring_run_id)


class _Calls:
    """The requests that change something."""

    def __init__(self, server: Server):
        self.server = server
        self._service = kfp_server_api.RecurringRunServiceApi(server.client)

    def create(self, wanted: kfp_server_api.V2beta1RecurringRun) -> str:
        call = self._service.recurring_run_service_create_recurring_run
        return str(self.server.ask(call, wanted).recurring_run_id)

    def enable(self, schedule: str) -> None:
        self.server.ask(self._service.recurring_run_service_enable_recurring_run, schedule)

    def disable(self, schedule: str) -> None:
        self.server.ask(self._service.recurring_run_service_disable_recurring_run, schedule)

    def delete(self, schedule: str) -> None:
        self.server.ask(self._service.recurring_run_service_delete_recurring_run, schedule)


def _of_name(server: Server, name: str) -> list[kfp_server_api.V2beta1RecurringRun]:
    return [each for each in list_schedules(server) if each.display_name == name]


def _recurring_run(
    wanted: Schedule, uploaded: Uploaded, experiment: str, values: Mapping[str, Any]
) -> kfp_server_api.V2beta1RecurringRun:
    schedule = kfp_server_api.V2beta1CronSchedule(
        cron=wanted.cron, start_time=wanted.start, end_time=wanted.end
    )
    return kfp_server_api.V2beta1RecurringRun(
        display_name=wanted.name,
        experiment_id=experiment,
        pipeline_version_reference=uploaded.reference,
        runtime_config=kfp_server_api.V2beta1RuntimeConfig(parameters=dict(values)),
        trigger=kfp_server_api.V2beta1Trigger(cron_schedule=schedule),
        mode=kfp_server_api.RecurringRunMode.DISABLE,
        max_concurrency=str(wanted.most_at_once),
        no_catchup=not wanted.catch_up,
    )


def _take_back(
    calls: _Calls, error: ServerError, name: str, known: Collection[str], begun: Sequence[str]
) -> None:
    """The new one goes first, so that there are never two that run."""
    try:
        # Looked for, since it may be there although the answer that named it is lost.
        for each in _of_name(calls.server, name):
            if each.recurring_run_id not in known:
                calls.delete(each.recurring_run_id)
        for schedule in begun:
            calls.enable(schedule)
    except ServerError as second:
        raise ServerError(
            f"{error} And what was begun could not be taken back: {second} Look at "
            f"`runner_kubeflow.py list`, then delete or resume {name}."
        ) from error


def _delete(calls: _Calls, old: Sequence[kfp_server_api.V2beta1RecurringRun], name: str) -> None:
    try:
        for each in old:
            calls.delete(each.recurring_run_id)
    except ServerError as error:
        raise ServerError(
            f"The new schedule {name} is there; the old one is switched off, but could not be "
            f"deleted: {error}"
        ) from error
