"""Expressions as Kubeflow reads them."""

import datetime
import itertools
import zoneinfo

import pytest

from components.config_checks import ConfigurationError
from pipeline.kubeflow.client.cron import Expression, parse, parse_of_server

UTC = zoneinfo.ZoneInfo("UTC")
NOW = datetime.datetime(2026, 11, 25, 17, tzinfo=datetime.UTC)


def times(text: str, count: int = 3) -> list[str]:
    found = itertools.islice(parse(text).times(UTC, NOW), count)
    return [f"{time:%a %m-%d %H:%M:%S}" for time in found]


@pytest.mark.parametrize(
    ("given", "text", "was_classic"),
    [
        ("0 3 * * 1", "0 0 3 * * 1", True),
        ("0 0 3 * * 1", "0 0 3 * * 1", False),
        ("  30 0   3 ? * MON-FRI ", "30 0 3 ? * MON-FRI", False),
    ],
)
def test_five_and_six_fields(given, text, was_classic):
    expression = parse(given)
    assert (expression.text, expression.was_classic) == (text, was_classic)


def test_five_fields_on_the_server_are_other_ones():
    assert parse_of_server("0 3 * * 1").text == "0 3 * * 1 *"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 0 3 ? * MON-FRI", ["Thu 11-26 03:00:30", "Fri 11-27 03:00:30", "Mon 11-30 03:00:30"]),
        # Both day fields, since one has a star with a step.
        ("0 30 2 */2 * 1", ["Mon 12-07 02:30:00", "Mon 12-21 02:30:00", "Mon 01-11 02:30:00"]),
        # One of them, since none has.
        ("0 0 3 28 * 5", ["Fri 11-27 03:00:00", "Sat 11-28 03:00:00", "Fri 12-04 03:00:00"]),
        # A week has no day 7.
        ("0 0 3 * * 1/2", ["Fri 11-27 03:00:00", "Mon 11-30 03:00:00", "Wed 12-02 03:00:00"]),
        # A single number with a step goes on to the last day, a range does not.
        ("0 0 3 * * 6/2", ["Sat 11-28 03:00:00", "Sat 12-05 03:00:00", "Sat 12-12 03:00:00"]),
        ("0 0 5-5/4 * * *", ["Thu 11-26 05:00:00", "Fri 11-27 05:00:00", "Sat 11-28 05:00:00"]),
        ("0 0/20 5 1 jan ?", ["Fri 01-01 05:00:00", "Fri 01-01 05:20:00", "Fri 01-01 05:40:00"]),
    ],
)
def test_times(text, expected):
    assert times(text) == expected


@pytest.mark.parametrize(("year", "expected"), [(2026, []), (2027, ["2032-02-29"])])
def test_a_time_more_than_five_years_away_never_comes(year, expected):
    # 29 February is a Sunday in 2032 and in 2060.
    found = Expression("0 0 3 29 2 */7").times(UTC, NOW.replace(year=year))
    assert [f"{time:%Y-%m-%d}" for time in found] == expected


FIELDS = (
    "--cron must have Kubeflow's six fields: second (0-59), minute (0-59), hour (0-23), day of the "
    "month (1-31), month (1-12), day of the week (0-6, Sunday is 0); or the five of cron, without "
    "the second."
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(
            (text, f"{FIELDS} Received: {count} in {text!r}. Mondays at three: '0 0 3 * * 1'.")
            for text, count in (
                ("", 0),
                ("@weekly", 1),
                ("* * * *", 4),
                ("CRON_TZ=Asia/Tokyo 0 0 3 * * 1", 7),
            )
        ),
        ("0 25 * * *", "The hour of --cron must be *, a number from 0 to 23, a range such as 0-2, "
         "either with a step such as */2, or several of them with commas. Received: '25'."),
        ("0 0 3 * * 5-7", "The day of the week of --cron must be *, a number from 0 to 6, SUN to "
         "SAT, a range such as 0-2, either with a step such as */2, or several of them with "
         "commas. Received: '5-7'. Sunday is 0."),
        ("0 0 3 30 2 *", "--cron must come true some day. Received: '0 0 3 30 2 *'. Change its day "
         "of the month or its month."),
    ],
)  # fmt: skip
def test_wrong_expressions(text, message):
    with pytest.raises(ConfigurationError) as refused:
        parse(text)
    assert str(refused.value) == message


@pytest.mark.parametrize("part", ["L", "1#2", "15W", "*/0", "5-3", "1,", "a", "-1", "1/2/3", "٣"])
def test_wrong_fields(part):
    with pytest.raises(ConfigurationError, match=r"The day of the month of --cron must be \*"):
        parse(f"0 0 3 {part} * *")
