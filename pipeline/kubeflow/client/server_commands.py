"""What each command does with a server, and says."""

import argparse
import datetime
import sys
import zoneinfo
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.config_checks import ConfigurationError
from components.text import escape_unprintable
from pipeline.exit_codes import INTERRUPTED, SUCCESS
from pipeline.kubeflow.client import schedule as schedules
from pipeline.kubeflow.client import wait
from pipeline.kubeflow.client.api import Server, connect, find_experiment, quiet, upload
from pipeline.kubeflow.client.cron import SchedulePlan, in_words, parse_of_server, server_zone
from pipeline.kubeflow.client.package import Package, parse_values, read_package
from pipeline.kubeflow.parameters import check_no_decisions
from pipeline.terminal import say

WIDTH = 120
"""Of what is no terminal."""
COLUMNS = ("name", "cron", "next run", "state", "max concurrency", "last run")
STYLES = {"enabled": "green", "disabled": "yellow"}


def submit(arguments: argparse.Namespace) -> int:
    """Starts a run, and waits for it if asked."""
    if arguments.time_out < 0 or (arguments.time_out and not arguments.wait):
        raise ConfigurationError(
            "--time-out must be a number of seconds above 0, and stand with --wait. Received: "
            f"{arguments.time_out:g}. Add --wait, or leave it out."
        )
    package = read_package(arguments.pipeline)
    values = parse_values(package, arguments.set)
    if arguments.wait:
        # Before anything is sent: whether it can be waited for.
        package.marks()
    server = _connect(arguments)
    uploaded = upload(server, package)
    say(f"{package.version}: {'uploaded' if uploaded.is_new else 'on the server already'}")
    now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
    name = arguments.run_name or f"{package.name} {now}"
    experiment = find_experiment(server, arguments.experiment)
    with quiet():
        run = server.run_pipeline(experiment, name, params=values, **uploaded.ids)
    watched = wait.Watched(server, str(run.run_id), package, arguments.time_out)
    say(f"Run {name}: {watched.url}")
    if not arguments.wait:
        return SUCCESS
    try:
        return wait.wait_for_run(watched, say)
    except KeyboardInterrupt:
        say(f"Not waiting any longer; the run continues: {watched.url}")
        return INTERRUPTED


def schedule(
    arguments: argparse.Namespace, plan: SchedulePlan, package: Package, values: Mapping[str, Any]
) -> int:
    """Makes a schedule, or changes one."""
    server = _connect(arguments)
    uploaded = upload(server, package)
    wanted = {
        **uploaded.ids,
        "experiment_id": find_experiment(server, arguments.experiment),
        "params": dict(values),
        "cron_expression": plan.cron.text,
        "start_time": plan.start,
        "end_time": plan.end,
        "max_concurrency": str(arguments.max_concurrency),
        "no_catchup": not arguments.catch_up,
    }
    name = arguments.name or package.name
    put = schedules.put_schedule(server, name, wanted)
    done = "replaced" if put.replaced else "made"
    paused = f", paused as it was: resume {name}" if put.is_paused else ""
    say(f"Schedule {name}: {done}, of {package.version}{paused}")
    return SUCCESS


def list_schedules(arguments: argparse.Namespace) -> int:
    """Shows all schedules."""
    zone, now = server_zone(), datetime.datetime.now(datetime.UTC)
    server = _connect(arguments)
    found = schedules.list_schedules(server)
    if not found:
        say("There are no schedules.")
        return SUCCESS
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        is_number = name == "max concurrency"
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for each in found:
        run = schedules.last_run(server, each.recurring_run_id)
        state = str(each.status or "unknown").lower()
        table.add_row(
            Text(escape_unprintable(str(each.display_name))),
            Text(escape_unprintable(_trigger(each))),
            _next_run(each, zone, now),
            Text(escape_unprintable(state), STYLES.get(state, "")),
            Text(str(each.max_concurrency or "")),
            Text(escape_unprintable(_last_run(run, zone))),
        )
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table, highlight=False)
    return SUCCESS


def pause(arguments: argparse.Namespace) -> int:
    """Disables a schedule."""
    server = _connect(arguments)
    found = schedules.find_schedule(server, arguments.name)
    server.disable_recurring_run(found.recurring_run_id)
    say(f"Schedule {arguments.name}: paused. Current runs are not touched.")
    return SUCCESS


def resume(arguments: argparse.Namespace) -> int:
    """Enables a schedule."""
    server = _connect(arguments)
    found = schedules.find_schedule(server, arguments.name)
    values = (found.runtime_config and found.runtime_config.parameters) or {}
    check_no_decisions(values, f"the schedule {arguments.name}")
    server.enable_recurring_run(found.recurring_run_id)
    missed = "the latest run that was" if found.no_catchup else "all runs that were"
    say(f"Schedule {arguments.name}: resumed. Kubeflow makes up for {missed} missed meanwhile.")
    return SUCCESS


def delete(arguments: argparse.Namespace) -> int:
    """Deletes a schedule."""
    server = _connect(arguments)
    found = schedules.find_schedule(server, arguments.name)
    server.delete_recurring_run(found.recurring_run_id)
    say(
        f"Schedule {arguments.name}: deleted. No current run is ended, and all stay in the "
        "list of runs. Kubeflow removes the pods and logs of each some time after its end, by "
        "default a day; what explains it stays on the volume, in the folder of the run and in "
        "index.html."
    )
    return SUCCESS


def _connect(arguments: argparse.Namespace) -> Server:
    return connect(arguments.host, arguments.namespace)


def _trigger(found: Any) -> str:
    trigger = found.trigger
    if trigger is not None and trigger.cron_schedule is not None:
        return str(trigger.cron_schedule.cron)
    if trigger is not None and trigger.periodic_schedule is not None:
        return f"every {trigger.periodic_schedule.interval_second} s"
    return ""


def _next_run(found: Any, zone: zoneinfo.ZoneInfo, now: datetime.datetime) -> str:
    cron = found.trigger.cron_schedule if found.trigger else None
    if found.status == schedules.DISABLED or cron is None:
        return ""
    try:
        expression = parse_of_server(str(cron.cron))
    except ConfigurationError:
        # Somebody else's, such as @daily.
        return ""
    times = expression.times(zone, max(now, cron.start_time or now), cron.end_time)
    time = next(times, None)
    return "has ended" if time is None else in_words(time, zone)


def _last_run(run: Any, zone: zoneinfo.ZoneInfo) -> str:
    if run is None:
        return ""
    time = in_words(run.created_at, zone) if run.created_at else ""
    return f"{time} {str(run.state or '').lower()}".strip()
