"""What each command does with a server, and says."""

import argparse
import datetime
import sys
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from components.config_checks import ConfigurationError
from pipeline.exit_codes import INTERRUPTED
from pipeline.kubeflow.parameters import check_no_decisions
from pipeline.kubeflow.server import running
from pipeline.kubeflow.server.connection import Server, connect
from pipeline.kubeflow.server.cron import server_zone
from pipeline.kubeflow.server.package import Package, parse_values, read_package
from pipeline.kubeflow.server.planning import Plan
from pipeline.kubeflow.server.replacing import put_schedule
from pipeline.kubeflow.server.scheduling import Calls, Schedule, find_schedule, parameters_of
from pipeline.kubeflow.server.tables import schedule_table
from pipeline.kubeflow.server.uploading import find_experiment, upload
from pipeline.kubeflow.server.verdict import find_marks

Say = Callable[[str], object]
WIDTH = 120
"""Of what is no terminal."""


def submit(arguments: argparse.Namespace, say: Say) -> int:
    """Starts a run, and waits for it if asked."""
    if arguments.time_out < 0 or (arguments.time_out and not arguments.wait):
        raise ConfigurationError(
            "--time-out must be a number of seconds above 0, and stand with --wait. Received: "
            f"{arguments.time_out:g}. Add --wait, or leave it out."
        )
    package = read_package(arguments.pipeline)
    values = parse_values(package, arguments.set)
    # Before anything is sent.
    marks = find_marks(package.specification, package.path) if arguments.wait else None
    server = _connect(arguments)
    uploaded = upload(server, package)
    say(f"{package.version}: {'uploaded' if uploaded.is_new else 'on the server already'}")
    now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
    name = arguments.run_name or f"{package.name} {now}"
    experiment = find_experiment(server, arguments.experiment)
    run = running.create_run(server, name, uploaded, experiment, values)
    say(f"Run {name}: {running.url_of_run(server, run)}")
    if marks is None:
        return 0
    watched = running.Watched(server, run, package.labels, marks, package.limits)
    try:
        return running.wait_for_run(watched, say, running.Waiting(time_out=arguments.time_out))
    except KeyboardInterrupt:
        say(f"Not waiting any longer; the run goes on: {running.url_of_run(server, run)}")
        return INTERRUPTED


def schedule(
    arguments: argparse.Namespace,
    plan: Plan,
    package: Package,
    values: Mapping[str, Any],
    say: Say,
) -> int:
    """Makes a schedule, or changes one."""
    server = _connect(arguments)
    uploaded = upload(server, package)
    wanted = Schedule(
        name=arguments.name or package.name,
        cron=plan.cron.text,
        start=plan.start,
        end=plan.end,
        catch_up=arguments.catch_up,
        most_at_once=arguments.max_concurrency,
        uploaded=uploaded,
        experiment=find_experiment(server, arguments.experiment),
        values=values,
    )
    put = put_schedule(Calls(server), wanted)
    done = "replaced" if put.replaced else "made"
    paused = f", paused as it was: resume {wanted.name}" if put.is_paused else ""
    say(f"Schedule {wanted.name}: {done}, of {package.version}{paused}")
    return 0


def list_schedules(arguments: argparse.Namespace, say: Say) -> int:
    """Shows all schedules."""
    zone = server_zone()
    calls = Calls(_connect(arguments))
    rows = [(each, calls.last_run(each.recurring_run_id)) for each in calls.all()]
    if not rows:
        say("There are no schedules.")
        return 0
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(schedule_table(rows, zone, datetime.datetime.now(datetime.UTC)), highlight=False)
    return 0


def pause(arguments: argparse.Namespace, say: Say) -> int:
    """Switches a schedule off."""
    calls = Calls(_connect(arguments))
    calls.disable(find_schedule(calls, arguments.name).recurring_run_id)
    say(f"Schedule {arguments.name}: paused. Runs that go on are not touched.")
    return 0


def resume(arguments: argparse.Namespace, say: Say) -> int:
    """Switches a schedule on."""
    calls = Calls(_connect(arguments))
    found = find_schedule(calls, arguments.name)
    check_no_decisions(parameters_of(found), f"the schedule {arguments.name}")
    calls.enable(found.recurring_run_id)
    missed = "the latest run that was" if found.no_catchup else "all runs that were"
    say(f"Schedule {arguments.name}: resumed. Kubeflow makes up for {missed} missed meanwhile.")
    return 0


def delete(arguments: argparse.Namespace, say: Say) -> int:
    """Deletes a schedule."""
    calls = Calls(_connect(arguments))
    calls.delete(find_schedule(calls, arguments.name).recurring_run_id)
    say(
        f"Schedule {arguments.name}: deleted. No run that goes on is ended, and all stay in the "
        "list of runs. Kubeflow removes the pods and logs of each some time after its end, by "
        "default a day; what explains it stays on the volume, in the folder of the run and in "
        "index.html."
    )
    return 0


def _connect(arguments: argparse.Namespace) -> Server:
    return connect(arguments.host, arguments.namespace)
