"""When a schedule will run. Kubeflow's expressions have six fields, the seconds first.

Kubeflow has one time zone for all schedules of a cluster, UTC unless the controller of scheduled
workflows was given another by its variable CRON_SCHEDULE_TIMEZONE; a schedule cannot choose its
own. So the time zone here is that of the cluster, and is used to show what will happen.
"""

import datetime
import itertools
import zoneinfo
from collections.abc import Iterator

from cronsim import CronSim, CronSimError

from components.config_checks import ConfigurationError

FIELDS = "second minute hour day-of-month month day-of-week"
SHOWN = 5


def six_fields(expression: str) -> str:
    """An expression as Kubeflow takes it.

    Args:
        expression: Of six fields, or of the five that cron has everywhere else, to which second 0
            is added.

    Raises:
        ConfigurationError: It is neither.
    """
    fields = expression.split()
    if len(fields) == 5:
        fields = ["0", *fields]
    if len(fields) != 6 or not fields[0].isdigit() or int(fields[0]) > 59:
        raise ConfigurationError(
            f"--cron must have the six fields of Kubeflow, {FIELDS}, with one number for the "
            "seconds, or the five of cron, without seconds. Received: "
            f"{expression!r}, with {len(expression.split())} fields. Mondays at three: "
            "'0 0 3 * * 1' or '0 3 * * 1'."
        )
    _check(fields)
    return " ".join(fields)


def next_runs(
    expression: str, zone: zoneinfo.ZoneInfo, now: datetime.datetime
) -> list[datetime.datetime]:
    """When it will run next.

    Args:
        expression: Of six fields.
        zone: Of the cluster.
        now: With a time zone.

    Returns:
        The next five times, in that zone.
    """
    second, *minutes = expression.split()
    times: Iterator[datetime.datetime] = CronSim(_plain(minutes), now.astimezone(zone))
    seconds = datetime.timedelta(seconds=int(second))
    return [time + seconds for time in itertools.islice(times, SHOWN)]


def find_zone(name: str) -> zoneinfo.ZoneInfo:
    """A time zone by its name.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            "--time-zone must be a name of the IANA database, such as UTC or Europe/Berlin. "
            f"Received: {name!r}."
        ) from None


def _check(fields: list[str]) -> None:
    try:
        CronSim(_plain(fields[1:]), datetime.datetime.now(datetime.UTC))
    except CronSimError as error:
        raise ConfigurationError(
            f"--cron must be a cron expression. Received: {' '.join(fields)!r}: {error}."
        ) from error


def _plain(fields: list[str]) -> str:
    # Kubeflow's library takes ? for *.
    return " ".join("*" if field == "?" else field for field in fields)
