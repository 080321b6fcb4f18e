"""The flags of `schedule` -> when it will run, without asking anyone."""

import argparse
import dataclasses
import datetime
import shlex
import zoneinfo
from collections.abc import Iterator

from components.config_checks import ConfigurationError
from pipeline.kubeflow.server.cron import Expression, find_zone, next_times, parse, server_zone

SHOWN = 5
MOST_AT_ONCE = 10
"""Kubeflow takes no more."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """When a schedule runs.

    Attributes:
        cron: The expression, in the zone of the server.
        of_server: By which the server counts.
        shown: In which its times are shown, too.
        start: When it begins; None for now.
        end: When it ends; None for never.
        next_runs: The next times.
    """

    cron: Expression
    of_server: zoneinfo.ZoneInfo
    shown: zoneinfo.ZoneInfo
    start: datetime.datetime | None
    end: datetime.datetime | None
    next_runs: list[datetime.datetime]


def make_plan(arguments: argparse.Namespace, now: datetime.datetime) -> Plan:
    """Checks the flags.

    Args:
        arguments: Of `schedule`.
        now: With a time zone.

    Raises:
        ConfigurationError: A flag is wrong, or it would never run.
    """
    if not 1 <= arguments.max_concurrency <= MOST_AT_ONCE:
        raise ConfigurationError(
            f"--max-concurrency must be from 1 to {MOST_AT_ONCE}. Received: "
            f"{arguments.max_concurrency}. Leave it out for one run at a time."
        )
    if arguments.time_zone:
        raise ConfigurationError(
            "--time-zone is no longer there: Kubeflow counts all schedules of a server in one "
            "zone, and --cron, --start and --end are meant in it. Received: "
            f"{arguments.time_zone!r}. "
            f"Give them in {server_zone().key}, and see the runs in yours by --show-in "
            f"{shlex.quote(arguments.time_zone)}."
        )
    cron, of_server = parse(arguments.cron), server_zone()
    shown = find_zone(arguments.show_in, "--show-in")
    start, end = (
        _time(flag, text, of_server)
        for flag, text in (("--start", arguments.start), ("--end", arguments.end))
    )
    after = max(now, start or now)
    if end is not None and end <= after:
        raise ConfigurationError(
            f"--end must be after now and --start. Received: {arguments.end!r}. Give a later one."
        )
    next_runs = next_times(cron, of_server, after, end, SHOWN)
    if not next_runs:
        raise ConfigurationError(
            f"A schedule must run before its --end. Received: --cron {arguments.cron!r} and --end "
            f"{arguments.end!r}. Give a later end."
        )
    return Plan(cron, of_server, shown, start, end, next_runs)


def describe(plan: Plan) -> Iterator[str]:
    """A plan in lines."""
    if plan.cron.was_classic:
        yield f"Five fields are cron's; Kubeflow's six have the second first: {plan.cron.text}"
    zones = list({zone.key: zone for zone in (plan.of_server, plan.shown)}.values())
    yield f"The next runs, in {' and in '.join(zone.key for zone in zones)}:"
    for time in plan.next_runs:
        yield "  " + "   ".join(in_words(time, zone) for zone in zones)


def in_words(time: datetime.datetime, zone: zoneinfo.ZoneInfo) -> str:
    """Such as "Mon 2026-11-30 03:00 CET"."""
    local = time.astimezone(zone)
    seconds = f":{local:%S}" if local.second else ""
    return f"{local:%a %Y-%m-%d %H:%M}{seconds} {local:%Z}"


def _time(flag: str, text: str, zone: zoneinfo.ZoneInfo) -> datetime.datetime | None:
    """A time; one without a zone is meant in that of the server."""
    if not text:
        return None
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{flag} must be a time of ISO 8601, such as 2026-12-01T03:00. Received: {text!r}. One "
            "without a zone is meant in the server's."
        ) from None
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(datetime.UTC)
