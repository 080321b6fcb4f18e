"""The time zone in which a schedule is meant, and that by which the server counts.

Kubeflow has no time zone for a single schedule: its API has no field for one, and robfig/cron 1.2,
by which it reads expressions, knows no prefix `CRON_TZ=` or `TZ=`. All schedules of a cluster are
counted in one zone, UTC unless the controller of scheduled workflows was given another by its
variable CRON_SCHEDULE_TIMEZONE, which no call of the API tells.

So the expression is sent as it is where both zones have the same time, and is converted where one
expression of the server's zone means the same throughout. Everything else is refused, for it would
run at another hour after the next change of the clocks.
"""

import datetime
import os
import zoneinfo
from collections.abc import Iterator, Mapping

from components.config_checks import ConfigurationError
from pipeline.kubeflow.server.cron import FIELDS, Expression, parse

SERVER_ZONE = "KFP_CRON_TIME_ZONE"
UTC = zoneinfo.ZoneInfo("UTC")
HORIZON = datetime.timedelta(days=3 * 366)
"""For so long two zones must stay the same hours apart, if the schedule has no end before."""
MINUTES_OF_A_DAY = 24 * 60
SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY = range(6)


def find_zone(name: str, where: str = "--time-zone") -> zoneinfo.ZoneInfo:
    """A time zone by its name.

    Args:
        name: Of the IANA database.
        where: What gave it.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"{where} must be a name of the IANA database, such as UTC or Europe/Berlin. Received: "
            f"{name!r}. Take one of those, or install tzdata."
        ) from None


def server_zone(environment: Mapping[str, str] = os.environ) -> zoneinfo.ZoneInfo:
    """By which the server counts: UTC, unless the environment has another, KFP_CRON_TIME_ZONE.

    Raises:
        ConfigurationError: It has something else.
    """
    return find_zone(environment.get(SERVER_ZONE) or "UTC", SERVER_ZONE)


def for_server(
    expression: Expression,
    zone: zoneinfo.ZoneInfo,
    of_server: zoneinfo.ZoneInfo,
    start: datetime.datetime,
    end: datetime.datetime | None,
) -> Expression:
    """What the server must be given so that it runs at the hours that are meant.

    Args:
        expression: As it is meant, in `zone`.
        zone: Of the user.
        of_server: By which the server counts.
        start: From when on it counts.
        end: Until when; None for ever.

    Raises:
        ConfigurationError: No expression does that.
    """
    if zone.key == of_server.key:
        return expression
    differences = set(_differences(zone, of_server, start, end or start + HORIZON))
    # Some mean the same in both, such as every quarter of an hour.
    shifted = {each: expression if each == 0 else shift(expression, each) for each in differences}
    texts = {each.text if each else "" for each in shifted.values()}
    if len(texts) > 1:
        raise _refuse(zone, of_server, "the hours between the two change with their clocks")
    [converted, *_] = shifted.values()
    if converted is None:
        raise _refuse(
            zone, of_server, f"{expression.text!r} has days that begin at another hour there"
        )
    return converted


def shift(expression: Expression, minutes: int) -> Expression | None:
    """An expression that comes true so many minutes later; None if there is none."""
    values = expression.values
    moments = {60 * hour + minute + minutes for hour in values[HOUR] for minute in values[MINUTE]}
    days = {moment // MINUTES_OF_A_DAY for moment in moments}
    clock = {moment % MINUTES_OF_A_DAY for moment in moments}
    new_hours, new_minutes = {time // 60 for time in clock}, {time % 60 for time in clock}
    if len(clock) != len(new_hours) * len(new_minutes):
        return None
    fields = expression.text.split()
    fields[MINUTE], fields[HOUR] = _text(new_minutes, MINUTE), _text(new_hours, HOUR)
    if days != {0} and not all(_is_full(values[place], place) for place in (DAY, MONTH, WEEKDAY)):
        if len(days) > 1 or not all(_is_full(values[place], place) for place in (DAY, MONTH)):
            return None
        [day] = days
        fields[WEEKDAY] = _text({(weekday + day) % 7 for weekday in values[WEEKDAY]}, WEEKDAY)
    return parse(" ".join(fields))


def _differences(
    zone: zoneinfo.ZoneInfo,
    of_server: zoneinfo.ZoneInfo,
    start: datetime.datetime,
    end: datetime.datetime,
) -> Iterator[int]:
    """By how many minutes the server's clock is ahead, hour by hour."""
    for hour in range(int((end - start) / datetime.timedelta(hours=1)) + 1):
        time = start + datetime.timedelta(hours=hour)
        ours, theirs = (time.astimezone(each).utcoffset() for each in (zone, of_server))
        yield round(((theirs or _NONE) - (ours or _NONE)) / datetime.timedelta(minutes=1))


_NONE = datetime.timedelta()


def _is_full(numbers: frozenset[int], place: int) -> bool:
    return len(numbers) == FIELDS[place].high - FIELDS[place].low + 1


def _text(numbers: set[int], place: int) -> str:
    return "*" if _is_full(frozenset(numbers), place) else ",".join(map(str, sorted(numbers)))


def _refuse(
    zone: zoneinfo.ZoneInfo, of_server: zoneinfo.ZoneInfo, reason: str
) -> ConfigurationError:
    return ConfigurationError(
        "--time-zone must be one whose hours the server can keep: it counts all its schedules in "
        f"{of_server.key}, and a schedule cannot have a zone of its own. Received: {zone.key}; "
        f"{reason}. Give the expression in {of_server.key}; or set CRON_SCHEDULE_TIMEZONE of the "
        f"deployment ml-pipeline-scheduledworkflow to {zone.key}, for all its schedules, and say "
        f"so here by {SERVER_ZONE}={zone.key}."
    )
