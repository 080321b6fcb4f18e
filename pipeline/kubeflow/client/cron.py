"""When a schedule runs, as Kubeflow reads it: six fields, the seconds first.

Kubeflow parses with robfig/cron 1.2; CronSim, which knows the calendar, has other rules. What
robfig does differently from cron is refused, or done here in the same way, so that a preview is
what will happen. From https://pkg.go.dev/github.com/robfig/cron and its source:

- Of five fields it takes the first for the second, and any day of the week, without a word:
  `0 3 * * 1` would run at minute 3 of every hour in January. Here five get second 0 in front.
- Sunday is 0, never 7; L, W and # do not exist; `?` is `*`.
- `n/step` goes on to the last number, `n-n/step` does not.
- A day must match both day fields if one of them has a star, also one with a step, and else one.
- A time more than five years after the one before never comes.

All schedules of a server are counted in one time zone, UTC unless its controller of scheduled
workflows was given another by CRON_SCHEDULE_TIMEZONE, which no call of the API tells. A schedule
cannot have a zone of its own: the API has no field for one, and robfig/cron 1.2 knows no prefix
`CRON_TZ=`.
"""

import argparse
import dataclasses
import datetime
import itertools
import os
import re
import shlex
import zoneinfo
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from cronsim import CronSim, CronSimError

from components.config_checks import ConfigurationError

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SERVER_ZONE = "KFP_CRON_TIME_ZONE"
YEARS = 5
"""For so long robfig/cron looks for the next time."""
SHOWN = 5
MAX_CONCURRENCY = 10
"""Kubeflow takes no more."""
_TERM = re.compile(r"(?:(?P<star>[*?])|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?", re.A)


class Field(NamedTuple):
    """What one of the six fields may hold: numbers, or names that stand for them from `low` on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


FIELDS = (
    Field("second", 0, 59),
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of the week", 0, 6, WEEKDAYS),
)


@dataclasses.dataclass(frozen=True)
class Expression:
    """An expression that Kubeflow takes.

    Attributes:
        text: Its six fields.
        was_classic: Whether it had five, so that second 0 was put in front.
    """

    text: str
    was_classic: bool = False

    def times(
        self,
        zone: zoneinfo.ZoneInfo,
        after: datetime.datetime,
        end: datetime.datetime | None = None,
    ) -> Iterator[datetime.datetime]:
        """When it runs, strictly after a time and up to an end, in the time zone of the server."""
        # With six fields CronSim handles a change of the clocks as robfig/cron does: an hour that
        # does not exist is left out, one that comes twice counts twice.
        before = after.astimezone(zone)
        try:
            for time in CronSim(" ".join(_for_cronsim(self.text)), before):
                if time.year > before.year + YEARS or (end is not None and time > end):
                    return
                yield time
                before = time
        except CronSimError:
            # A day that no month has.
            return


@dataclasses.dataclass(frozen=True)
class SchedulePlan:
    """When a schedule runs.

    Attributes:
        cron: The expression, in the zone of the server.
        start: When it begins; None for now.
        end: When it ends; None for never.
        lines: Its next runs, for people.
    """

    cron: Expression
    start: datetime.datetime | None
    end: datetime.datetime | None
    lines: list[str]


def parse(text: str) -> Expression:
    """Reads an expression.

    Args:
        text: Of six fields, or of the five that cron has everywhere else.

    Raises:
        ConfigurationError: It is neither, or never comes true.
    """
    fields = text.split()
    was_classic = len(fields) == len(FIELDS) - 1
    if was_classic:
        fields = ["0", *fields]
    if len(fields) != len(FIELDS):
        raise ConfigurationError(
            "--cron must have Kubeflow's six fields: second (0-59), minute (0-59), hour (0-23), "
            "day of the month (1-31), month (1-12), day of the week (0-6, Sunday is 0); or the "
            f"five of cron, without the second. Received: {len(fields)} in {text!r}. Mondays at "
            "three: '0 0 3 * * 1'."
        )
    for part, field in zip(fields, FIELDS, strict=True):
        for term in part.split(","):
            _numbers(term, field)
    expression = Expression(" ".join(fields), was_classic)
    now = datetime.datetime.now(datetime.UTC)
    if next(expression.times(zoneinfo.ZoneInfo("UTC"), now), None) is None:
        raise ConfigurationError(
            f"--cron must come true some day. Received: {text!r}. Change its day of the month or "
            "its month."
        )
    return expression


def parse_of_server(text: str) -> Expression:
    """Reads what a server holds, as it does: of five fields the first is the second.

    Raises:
        ConfigurationError: It is something else, such as `@daily`.
    """
    return parse(f"{text} *" if len(text.split()) == len(FIELDS) - 1 else text)


def server_zone(environment: Mapping[str, str] = os.environ) -> zoneinfo.ZoneInfo:
    """By which the server counts: UTC, unless the environment has another, KFP_CRON_TIME_ZONE.

    Raises:
        ConfigurationError: It has something else.
    """
    return _find_zone(environment.get(SERVER_ZONE) or "UTC", SERVER_ZONE)


def make_plan(arguments: argparse.Namespace, now: datetime.datetime) -> SchedulePlan:
    """The flags of `schedule` -> when it will run, without asking anyone.

    Args:
        arguments: Of `schedule`.
        now: With a time zone.

    Raises:
        ConfigurationError: A flag is wrong, or it would never run.
    """
    _check_flags(arguments)
    cron, zone = parse(arguments.cron), server_zone()
    shown = _find_zone(arguments.show_in, "--show-in")
    start = _time("--start", arguments.start, zone)
    end = _time("--end", arguments.end, zone)
    after = max(now, start or now)
    if end is not None and end <= after:
        raise ConfigurationError(
            f"--end must be after now and --start. Received: {arguments.end!r}. Give a later one."
        )
    next_runs = list(itertools.islice(cron.times(zone, after, end), SHOWN))
    if not next_runs:
        raise ConfigurationError(
            f"A schedule must run before its --end. Received: --cron {arguments.cron!r} and --end "
            f"{arguments.end!r}. Give a later end."
        )
    lines = list(_describe(cron, next_runs, dict.fromkeys((zone, shown))))
    return SchedulePlan(cron, start, end, lines)


def _check_flags(arguments: argparse.Namespace) -> None:
    if not 1 <= arguments.max_concurrency <= MAX_CONCURRENCY:
        raise ConfigurationError(
            f"--max-concurrency must be from 1 to {MAX_CONCURRENCY}. Received: "
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


def in_words(time: datetime.datetime, zone: zoneinfo.ZoneInfo) -> str:
    """Such as "Mon 2026-11-30 03:00 CET"."""
    local = time.astimezone(zone)
    seconds = f":{local:%S}" if local.second else ""
    return f"{local:%a %Y-%m-%d %H:%M}{seconds} {local:%Z}"


def _describe(
    cron: Expression, times: Iterable[datetime.datetime], zones: Collection[zoneinfo.ZoneInfo]
) -> Iterator[str]:
    if cron.was_classic:
        yield f"Five fields are cron's; Kubeflow's six have the second first: {cron.text}"
    yield f"The next runs, in {' and in '.join(zone.key for zone in zones)}:"
    for time in times:
        yield "  " + "   ".join(in_words(time, zone) for zone in zones)


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


def _find_zone(name: str, where: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"{where} must be a name of the IANA database, such as UTC or Europe/Berlin. Received: "
            f"{name!r}. Take one of those, or install tzdata."
        ) from None


def _numbers(text: str, field: Field) -> range:
    """The numbers of `*`, `n` or `n-m`, each with or without `/step`."""
    match = _TERM.fullmatch(text)
    if match is None:
        raise _refuse(text, field)
    step = int(match["step"] or 1)
    low = field.low if match["star"] else _number(match["low"], text, field)
    high = _number(match["high"], text, field) if match["high"] else low
    # A single number with a step is the begin of a range.
    if match["star"] or (match["step"] and not match["high"]):
        high = field.high
    if not (field.low <= low <= high <= field.high and step > 0):
        raise _refuse(text, field)
    return range(low, high + 1, step)


def _number(text: str, term: str, field: Field) -> int:
    if text.upper() in field.names:
        return field.names.index(text.upper()) + field.low
    if not text.isdecimal():
        raise _refuse(term, field)
    return int(text)


def _refuse(text: str, field: Field) -> ConfigurationError:
    names = f", {field.names[0]} to {field.names[-1]}" if field.names else ""
    advice = " Sunday is 0." if field is FIELDS[-1] and "7" in text else ""
    return ConfigurationError(
        f"The {field.name} of --cron must be *, a number from {field.low} to {field.high}{names}, "
        f"a range such as {field.low}-{field.low + 2}, either with a step such as */2, or several "
        f"of them with commas. Received: {text!r}.{advice}"
    )


def _for_cronsim(text: str) -> Iterator[str]:
    """The same fields in CronSim's dialect.

    It knows a star by the first character. Everything else is written out: its weeks have a day 7,
    and its `n-n/step` goes on to the end.
    """
    for part, field in zip(text.replace("?", "*").split(), FIELDS, strict=True):
        terms = sorted(part.split(","), key=lambda term: term[0] != "*")
        yield ",".join(
            term if term[0] == "*" else ",".join(map(str, _numbers(term, field))) for term in terms
        )
