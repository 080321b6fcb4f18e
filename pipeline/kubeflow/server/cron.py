"""Cron expressions as Kubeflow reads them: six fields, the seconds first.

Kubeflow parses with robfig/cron 1.2. What that library does differently from cron is refused, or
done here in the same way, so that a preview is what will happen:

- Of five fields it takes the first for the second, and any day of the week, without a word:
  `0 3 * * 1` would run at minute 3 of every hour in January. Here five get second 0 in front.
- Sunday is 0, never 7; L, W and # do not exist; `?` is `*`.
- A day must match both day fields if one of them has a star, also one with a step, and else one.
- A time more than five years after the one before never comes.

All schedules of a server are counted in one time zone, UTC unless its controller of scheduled
workflows was given another by CRON_SCHEDULE_TIMEZONE, which no call of the API tells. A schedule
cannot have a zone of its own: the API has no field for one, and robfig/cron 1.2 knows no prefix
`CRON_TZ=`.
"""

import dataclasses
import datetime
import itertools
import os
import re
import zoneinfo
from collections.abc import Iterator, Mapping

from cronsim import CronSim, CronSimError

from components.config_checks import ConfigurationError

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SIX_FIELDS = (
    "second (0-59), minute (0-59), hour (0-23), day of the month (1-31), month (1-12), day of the "
    "week (0-6, Sunday is 0)"
)
SERVER_ZONE = "KFP_CRON_TIME_ZONE"
YEARS = 5
"""For so long robfig/cron looks for the next time."""
EXAMPLE = "Mondays at three: '0 0 3 * * 1'"
_TERM = re.compile(r"(?:(?P<star>[*?])|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?", re.A)


@dataclasses.dataclass(frozen=True)
class Field:
    """What one of the six fields may hold.

    Attributes:
        name: In words.
        low: The least number.
        high: The greatest.
        names: Names that stand for numbers, from `low` on.
    """

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
        self, zone: zoneinfo.ZoneInfo, after: datetime.datetime
    ) -> Iterator[datetime.datetime]:
        """When it runs, strictly after a time; in the time zone by which the server counts."""
        # With six fields cronsim handles a change of the clocks as robfig/cron does: an hour that
        # does not exist is left out, one that comes twice counts twice.
        before = after.astimezone(zone)
        try:
            for time in CronSim(" ".join(_for_cronsim(self.text)), before):
                if time.year > before.year + YEARS:
                    return
                yield time
                before = time
        except CronSimError:
            # A day that no month has.
            return


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
            f"--cron must have Kubeflow's six fields: {SIX_FIELDS}; or the five of cron, without "
            f"the second. Received: {len(fields)} in {text!r}. {EXAMPLE}."
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


def find_zone(name: str, where: str) -> zoneinfo.ZoneInfo:
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


def next_times(
    expression: Expression,
    zone: zoneinfo.ZoneInfo,
    after: datetime.datetime,
    end: datetime.datetime | None,
    count: int,
) -> list[datetime.datetime]:
    """The next times up to an end, in the time zone by which the server counts."""
    times = itertools.islice(expression.times(zone, after), count)
    return [time for time in times if end is None or time <= end]


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
    """The same fields in cronsim's dialect.

    It knows a star by the first character. Everything else is written out: its weeks have a day 7,
    and its `n-n/step` goes on to the end.
    """
    for part, field in zip(text.replace("?", "*").split(), FIELDS, strict=True):
        terms = sorted(part.split(","), key=lambda term: term[0] != "*")
        yield ",".join(
            term if term[0] == "*" else ",".join(map(str, _numbers(term, field))) for term in terms
        )
