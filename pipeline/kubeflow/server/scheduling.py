"""Schedules, by their names: Kubeflow calls them recurring runs."""

import dataclasses
import datetime
import json
from collections.abc import Mapping
from typing import Any

import kfp_server_api

from components.text import did_you_mean
from pipeline.kubeflow.server.connection import Server
from pipeline.kubeflow.server.failures import ServerError, printable
from pipeline.kubeflow.server.uploading import Uploaded

DISABLED = "DISABLED"
ORPHAN = "ORPHAN"
"""What becomes of a deleted schedule's runs: they stay. Kubernetes' own way ends those that go on,
since Argo's workflows belong to their schedule; Kubeflow then shows them as running for ever."""


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
        uploaded: What runs.
        experiment: Id of the experiment that its runs belong to.
        values: Of the pipeline's parameters.
    """

    name: str
    cron: str
    start: datetime.datetime | None
    end: datetime.datetime | None
    catch_up: bool
    most_at_once: int
    uploaded: Uploaded
    experiment: str
    values: Mapping[str, Any]


class Calls:
    """The requests about schedules."""

    def __init__(self, server: Server):
        """Asks nothing yet."""
        self._server = server
        self._service = kfp_server_api.RecurringRunServiceApi(server.client)

    def all(self) -> list[kfp_server_api.V2beta1RecurringRun]:
        """All schedules, in the order of their names."""
        found = self._server.ask_all(
            self._service.recurring_run_service_list_recurring_runs,
            "recurring_runs",
            namespace=self._server.namespace or None,
        )
        return sorted(found, key=lambda each: str(each.display_name))

    def of_name(self, name: str) -> list[kfp_server_api.V2beta1RecurringRun]:
        """All schedules of a name."""
        return [each for each in self.all() if each.display_name == name]

    def create(self, wanted: Schedule, description: str) -> str:
        """Makes a schedule that is switched off; returns its id."""
        cron = kfp_server_api.V2beta1CronSchedule(
            cron=wanted.cron, start_time=wanted.start, end_time=wanted.end
        )
        made = kfp_server_api.V2beta1RecurringRun(
            display_name=wanted.name,
            description=description,
            experiment_id=wanted.experiment,
            namespace=self._server.namespace or None,
            pipeline_version_reference=wanted.uploaded.reference,
            runtime_config=kfp_server_api.V2beta1RuntimeConfig(parameters=dict(wanted.values)),
            trigger=kfp_server_api.V2beta1Trigger(cron_schedule=cron),
            mode=kfp_server_api.RecurringRunMode.DISABLE,
            max_concurrency=str(wanted.most_at_once),
            no_catchup=not wanted.catch_up,
        )
        call = self._service.recurring_run_service_create_recurring_run
        return str(self._server.ask(call, made).recurring_run_id)

    def enable(self, schedule: str) -> None:
        """Switches a schedule on."""
        self._server.ask(self._service.recurring_run_service_enable_recurring_run, schedule)

    def disable(self, schedule: str) -> None:
        """Switches a schedule off."""
        self._server.ask(self._service.recurring_run_service_disable_recurring_run, schedule)

    def delete(self, schedule: str) -> None:
        """Deletes a schedule and none of its runs; that it is gone already is no error."""
        call = self._service.recurring_run_service_delete_recurring_run
        try:
            self._server.ask(call, schedule, propagation_policy=ORPHAN)
        except ServerError as error:
            if error.status != 404:
                raise

    def last_run(self, schedule: str) -> kfp_server_api.V2beta1Run | None:
        """The newest run of a schedule."""
        runs = kfp_server_api.RunServiceApi(self._server.client)
        predicate = kfp_server_api.V2beta1Predicate(
            operation=kfp_server_api.V2beta1PredicateOperation.EQUALS,
            key="recurring_run_id",
            string_value=schedule,
        )
        wanted = kfp_server_api.V2beta1Filter(predicates=[predicate])
        answer = self._server.ask(
            runs.run_service_list_runs,
            namespace=self._server.namespace or None,
            filter=json.dumps(self._server.client.sanitize_for_serialization(wanted)),
            sort_by="created_at desc",
            page_size=1,
        )
        return answer.runs[0] if answer.runs else None


def parameters_of(schedule: kfp_server_api.V2beta1RecurringRun) -> Mapping[str, Any]:
    """What a schedule sets in each of its runs."""
    return (schedule.runtime_config and schedule.runtime_config.parameters) or {}


def find_schedule(calls: Calls, name: str) -> kfp_server_api.V2beta1RecurringRun:
    """The one schedule of a name, or of an id.

    Raises:
        ServerError: There is none, or several.
    """
    schedules = calls.all()
    found = [each for each in schedules if each.display_name == name]
    found = found or [each for each in schedules if each.recurring_run_id == name]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(_with_state(each) for each in found)
        raise ServerError(
            f"A name must be that of one schedule. Received: {name}, of {len(found)}: {ids}. Give "
            "the id in the place of the name."
        )
    names = sorted({printable(each.display_name) for each in schedules})
    raise ServerError(
        f"There must be a schedule of that name. Received: {name}; there are: "
        f"{', '.join(names) or 'none'}.{did_you_mean(name, names)} Look at "
        "`runner_kubeflow.py list`."
    )


def _with_state(schedule: kfp_server_api.V2beta1RecurringRun) -> str:
    return printable(f"{schedule.recurring_run_id} ({str(schedule.status).lower()})")
