"""What each command does, and says."""

import argparse
import datetime
import zoneinfo
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from components.config_checks import ConfigurationError
from pipeline.kubeflow.server import running, scheduling
from pipeline.kubeflow.server.connection import Server, connect, printable
from pipeline.kubeflow.server.cron import find_zone, next_runs, six_fields
from pipeline.kubeflow.server.package import parse_values, read_package
from pipeline.kubeflow.server.uploading import find_experiment, upload

Say = Callable[[str], object]
INTERRUPTED = 130


def submit(arguments: argparse.Namespace, say: Say) -> int:
    """Starts a run, and waits for it if asked."""
    package = read_package(arguments.pipeline)
    values = parse_values(package, arguments.set)
    server = _connect(arguments)
    uploaded = upload(server, package)
    say(f"{package.version}: {'uploaded' if uploaded.is_new else 'on the server already'}")
    now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
    name = arguments.run_name or f"{package.name} {now}"
    experiment = find_experiment(server, arguments.experiment)
    run = running.create_run(server, name, uploaded, experiment, values)
    say(f"Run {name}: {running.url_of_run(server, run)}")
    if not arguments.wait:
        return 0
    try:
        waiting = running.Waiting(time_out=arguments.time_out)
        return running.wait_for_run(server, run, say, waiting)
    except KeyboardInterrupt:
        say(f"Not waiting any longer; the run goes on: {running.url_of_run(server, run)}")
        return INTERRUPTED


def schedule(arguments: argparse.Namespace, say: Say) -> int:
    """Makes a schedule, or changes one."""
    cron = six_fields(arguments.cron)
    zone = find_zone(arguments.time_zone)
    if arguments.max_concurrency < 1:
        raise ConfigurationError(
            f"--max-concurrency must be at least 1. Received: {arguments.max_concurrency}."
        )
    start, end = _time(arguments.start), _time(arguments.end)
    package = read_package(arguments.pipeline)
    values = parse_values(package, arguments.set)
    if cron != arguments.cron:
        say(f"Kubeflow's cron has the seconds first: {cron}")
    _preview(cron, zone, start, end, say)
    if arguments.preview:
        return 0
    server = _connect(arguments)
    wanted = scheduling.Schedule(
        name=arguments.name or package.name,
        cron=cron,
        start=start,
        end=end,
        catch_up=arguments.catch_up,
        most_at_once=arguments.max_concurrency,
    )
    uploaded = upload(server, package)
    experiment = find_experiment(server, arguments.experiment)
    put = scheduling.put_schedule(server, wanted, uploaded, experiment, values)
    done = "replaced" if put.replaced else "made"
    paused = f", paused as it was: resume {wanted.name}" if put.is_paused else ""
    say(f"Schedule {wanted.name}: {done}, of {package.version}{paused}")
    return 0


def list_schedules(arguments: argparse.Namespace, say: Say) -> int:
    """Shows all schedules."""
    schedules = scheduling.list_schedules(_connect(arguments))
    if not schedules:
        say("There are no schedules.")
        return 0
    table = Table("name", "cron", "state", "at once", "catches up", "pipeline version")
    for each in schedules:
        trigger = each.trigger.cron_schedule if each.trigger else None
        version = each.pipeline_version_reference
        row = (
            each.display_name,
            trigger.cron if trigger else "every so often",
            str(each.status).lower(),
            each.max_concurrency,
            "no" if each.no_catchup else "yes",
            version.pipeline_version_id if version else "",
        )
        table.add_row(*map(printable, row))
    console = Console(width=120)
    with console.capture() as captured:
        console.print(table, markup=False)
    say(captured.get().rstrip("\n"))
    return 0


def pause(arguments: argparse.Namespace, say: Say) -> int:
    """Switches a schedule off."""
    scheduling.pause_schedule(_connect(arguments), arguments.name)
    say(f"Schedule {arguments.name}: paused. Runs that go on are not touched.")
    return 0


def resume(arguments: argparse.Namespace, say: Say) -> int:
    """Switches a schedule on."""
    scheduling.resume_schedule(_connect(arguments), arguments.name)
    say(f"Schedule {arguments.name}: resumed.")
    return 0


def delete(arguments: argparse.Namespace, say: Say) -> int:
    """Deletes a schedule."""
    scheduling.delete_schedule(_connect(arguments), arguments.name)
    say(f"Schedule {arguments.name}: deleted. Its runs stay.")
    return 0


def _connect(arguments: argparse.Namespace) -> Server:
    return connect(arguments.host, arguments.namespace)


def _time(text: str) -> datetime.datetime | None:
    if not text:
        return None
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            "--start and --end must be times of ISO 8601, such as 2026-12-01T03:00. Received: "
            f"{text!r}."
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


def _preview(
    cron: str,
    zone: zoneinfo.ZoneInfo,
    start: datetime.datetime | None,
    end: datetime.datetime | None,
    say: Say,
) -> None:
    say(f"The next runs, in the cluster's time zone, {zone.key}:")
    now = datetime.datetime.now(datetime.UTC)
    for time in next_runs(cron, zone, max(now, start or now)):
        if end is None or time <= end:
            utc = time.astimezone(datetime.UTC)
            say(f"  {time:%a %Y-%m-%d %H:%M:%S %Z}  ({utc:%a %H:%M} UTC)")
