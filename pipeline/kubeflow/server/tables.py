"""Schedules -> a table."""

import datetime
import zoneinfo
from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from components.config_checks import ConfigurationError
from pipeline.kubeflow.server.cron import next_times, parse_of_server
from pipeline.kubeflow.server.failures import printable
from pipeline.kubeflow.server.planning import in_words
from pipeline.kubeflow.server.scheduling import DISABLED

COLUMNS = ("name", "cron", "next run", "state", "at once", "last run")
STYLES = {"enabled": "green", "disabled": "yellow"}


def schedule_table(
    schedules: Iterable[tuple[Any, Any]], zone: zoneinfo.ZoneInfo, now: datetime.datetime
) -> Table:
    """One row a schedule.

    Args:
        schedules: A V2beta1RecurringRun and its newest V2beta1Run, or None, each.
        zone: By which the server counts; the times are in it.
        now: With a time zone.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        is_number = name == "at once"
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for schedule, run in schedules:
        state = str(schedule.status or "unknown").lower()
        table.add_row(
            Text(printable(schedule.display_name)),
            Text(printable(_trigger(schedule))),
            _next_run(schedule, zone, now),
            Text(printable(state), STYLES.get(state, "")),
            Text(printable(schedule.max_concurrency)),
            Text(printable(_last_run(run, zone))),
        )
    return table


def _trigger(schedule: Any) -> str:
    trigger = schedule.trigger
    if trigger is not None and trigger.cron_schedule is not None:
        return str(trigger.cron_schedule.cron)
    if trigger is not None and trigger.periodic_schedule is not None:
        return f"every {trigger.periodic_schedule.interval_second} s"
    return ""


def _next_run(schedule: Any, zone: zoneinfo.ZoneInfo, now: datetime.datetime) -> str:
    cron = schedule.trigger.cron_schedule if schedule.trigger else None
    if schedule.status == DISABLED or cron is None:
        return ""
    try:
        expression = parse_of_server(str(cron.cron))
    except ConfigurationError:
        # Somebody else's, such as @daily.
        return ""
    after = max(now, cron.start_time or now)
    times = next_times(expression, zone, after, cron.end_time, 1)
    return in_words(times[0], zone) if times else "has ended"


def _last_run(run: Any, zone: zoneinfo.ZoneInfo) -> str:
    if run is None:
        return ""
    time = in_words(run.created_at, zone) if run.created_at else ""
    return f"{time} {str(run.state or '').lower()}".strip()
