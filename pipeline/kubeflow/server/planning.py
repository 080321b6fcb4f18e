"""The flags of `schedule` -> when it will run, without asking anyone."""

import argparse
import dataclasses
import datetime
import zoneinfo
from collections.abc import Iterator

from components.config_checks import ConfigurationError
from pipeline.kubeflow.server.cron import Expression, next_times, parse
from pipeline.kubeflow.server.time_zones import UTC, find_zone, for_server, server_zone

SHOWN = 5
MOST_AT_ONCE = 10
"""Kubeflow takes no more."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """When a schedule runs.

    Attributes:
        meant: The expression as it was given.
        cron: The one that the server gets.
        zone: In which it was given.
        of_server: By which the server counts.
        start: When it begins; None for now.
        end: When it ends; None for never.
        next_runs: The next times.
    """

    meant: Expression
    cron: Expression
    zone: zoneinfo.ZoneInfo
    of_server: zoneinfo.ZoneInfo
    start: datetime.datetime | None
    end: datetime.datetime | None
    next_runs: list[datetime.datetime]


def make_plan(arguments: argparse.Namespace, now: datetime.datetime) -> Plan:
    """Checks the flags.

    Args:
        arguments: Of `schedule`.
        now: With a time zone.

    Raises:
        ConfigurationError: A flag is wrong, the server cannot keep the time zone, or it would never
            run.
    """
    if not 1 <= arguments.max_concurrency <= MOST_AT_ONCE:
        raise ConfigurationError(
            f"--max-concurrency must be from 1 to {MOST_AT_ONCE}. Received: "
            f"{arguments.max_concurrency}. Leave it out for one run at a time."
        )
    meant, of_server = parse(arguments.cron), server_zone()
    zone = find_zone(arguments.time_zone) if arguments.time_zone else of_server
    start, end = _time("--start", arguments.start, zone), _time("--end", arguments.end, zone)
    after = max(now, start or now)
    if end is not None and end <= after:
        raise ConfigurationError(
            f"--end must be after now and --start. Received: {arguments.end!r}. Give a later one."
        )
    cron = for_server(meant, zone, of_server, after, end)
    next_runs = next_times(cron, of_server, after, end, SHOWN)
    if not next_runs:
        raise ConfigurationError(
            f"A schedule must run before its --end. Received: --cron {arguments.cron!r} and --end "
            f"{arguments.end!r}. Give a later end."
        )
    return Plan(meant, cron, zone, of_server, start, end, next_runs)


def describe(plan: Plan) -> Iterator[str]:
    """A plan in lines."""
    if plan.meant.was_classic:
        yield f"Five fields are cron's; Kubeflow's six have the second first: {plan.meant.text}"
    if plan.cron.text != plan.meant.text:
        yield f"In the server's time zone, {plan.of_server.key}, that is: {plan.cron.text}"
    if plan.zone.key == UTC.key:
        yield "The next runs, in UTC:"
        yield from (f"  {in_words(time, UTC)}" for time in plan.next_runs)
        return
    yield f"The next runs, in {plan.zone.key} and in UTC:"
    for time in plan.next_runs:
        yield f"  {in_words(time, plan.zone)}   {in_words(time, UTC)}"


def in_words(time: datetime.datetime, zone: zoneinfo.ZoneInfo) -> str:
    """Such as "Mon 2026-11-30 03:00 CET"."""
    local = time.astimezone(zone)
    seconds = f":{local:%S}" if local.second else ""
    return f"{local:%a %Y-%m-%d %H:%M}{seconds} {local:%Z}"


def _time(flag: str, text: str, zone: zoneinfo.ZoneInfo) -> datetime.datetime | None:
    """A time; one without a zone is meant in that of the schedule."""
    if not text:
        return None
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{flag} must be a time of ISO 8601, such as 2026-12-01T03:00. Received: {text!r}. One "
            "without a zone is meant in --time-zone."
        ) from None
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(datetime.UTC)
