"""Expressions as Kubeflow reads them, and the time zones they are meant in."""

import datetime
import itertools
import zoneinfo

import pytest

from components.config_checks import ConfigurationError
from pipeline.kubeflow.server.cron import SIX_FIELDS, parse, parse_of_server
from pipeline.kubeflow.server.time_zones import UTC, for_server, shift

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
        ("0 0/20 5 1 jan ?", ["Fri 01-01 05:00:00", "Fri 01-01 05:20:00", "Fri 01-01 05:40:00"]),
    ],
)
def test_times(text, expected):
    assert times(text) == expected


@pytest.mark.parametrize("text", ["0 5,*/7 1/6 * * 2,4", "1-9/4 * 3 * FEB,JUN-AUG ?"])
def test_the_numbers_of_the_fields_are_those_of_the_times(text):
    expression = parse(text)
    for time in itertools.islice(expression.times(UTC, NOW), 100):
        clock = (time.second, time.minute, time.hour, time.day, time.month, time.isoweekday() % 7)
        assert all(number in field for number, field in zip(clock, expression.values, strict=True))


FIELDS = (
    f"--cron must have Kubeflow's six fields: {SIX_FIELDS}; or the five of cron, without the "
    "second."
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@weekly", f"{FIELDS} Received: 1 in '@weekly'. Mondays at three: '0 0 3 * * 1'."),
        ("", f"{FIELDS} Received: 0 in ''. Mondays at three: '0 0 3 * * 1'."),
        ("* * * *", f"{FIELDS} Received: 4 in '* * * *'. Mondays at three: '0 0 3 * * 1'."),
        (
            "CRON_TZ=Asia/Tokyo 0 0 3 * * 1",
            f"{FIELDS} Received: 7 in 'CRON_TZ=Asia/Tokyo 0 0 3 * * 1'. Mondays at three: "
            "'0 0 3 * * 1'.",
        ),
        (
            "0 25 * * *",
            "The hour of --cron must be *, a number from 0 to 23, a range such as 0-2, either with "
            "a step such as */2, or several of them with commas. Received: '25'.",
        ),
        (
            "0 0 3 * * 5-7",
            "The day of the week of --cron must be *, a number from 0 to 6, SUN to SAT, a range "
            "such as 0-2, either with a step such as */2, or several of them with commas. "
            "Received: '5-7'. Sunday is 0.",
        ),
        (
            "0 0 3 30 2 *",
            "--cron must come true some day. Received: '0 0 3 30 2 *'. Change its day of the month "
            "or its month.",
        ),
    ],
)
def test_wrong_expressions(text, message):
    with pytest.raises(ConfigurationError) as refused:
        parse(text)
    assert str(refused.value) == message


@pytest.mark.parametrize("part", ["L", "1#2", "15W", "*/0", "5-3", "1,", "a", "-1", "1/2/3", "٣"])
def test_wrong_fields(part):
    with pytest.raises(ConfigurationError, match=r"The day of the month of --cron must be \*"):
        parse(f"0 0 3 {part} * *")


@pytest.mark.parametrize(
    ("zone", "text", "converted"),
    [
        ("Asia/Tokyo", "0 0 3 * * 1", "0 0 18 * * 0"),
        ("Asia/Kolkata", "0 3 * * MON", "0 30 21 * * 0"),
        ("Asia/Kolkata", "0 12 1 * *", "0 30 6 1 * *"),
        ("Etc/GMT+5", "30 22 * * 5", "0 30 3 * * 6"),
        ("Etc/GMT+5", "0 0 1,23 * * *", "0 0 4,6 * * *"),
        # Every quarter of an hour is the same in every zone of whole hours.
        ("Europe/Berlin", "0 */15 * * * *", "0 0,15,30,45 * * * *"),
        ("Etc/UTC", "0 0 3 31 * 1", "0 0 3 31 * 1"),
    ],
)
def test_conversion_keeps_every_time(zone, text, converted):
    ours, meant = zoneinfo.ZoneInfo(zone), parse(text)
    sent = for_server(meant, ours, UTC, NOW, None)
    assert sent.text == converted
    expected = itertools.islice(meant.times(ours, NOW), 60)
    assert list(itertools.islice(sent.times(UTC, NOW), 60)) == list(expected)


@pytest.mark.parametrize(
    ("zone", "text", "reason"),
    [
        ("Europe/Berlin", "0 0 3 * * 1", "the hours between the two change with their clocks"),
        ("Asia/Tokyo", "0 0 3 1 * *", "'0 0 3 1 * *' has days that begin at another hour there"),
        ("Asia/Tokyo", "0 0 3,12 * * 1", "'0 0 3,12 * * 1' has days that begin at another hour"),
        ("Asia/Kolkata", "0 0,10 3 * * *", None),
        ("Asia/Kolkata", "0 0,45 3 * * *", "'0 0,45 3 * * *' has days that begin at another hour"),
    ],
)
def test_what_no_expression_can_say_is_refused(zone, text, reason):
    ours = zoneinfo.ZoneInfo(zone)
    if reason is None:
        assert for_server(parse(text), ours, UTC, NOW, None).text == "0 30,40 21 * * *"
        return
    with pytest.raises(ConfigurationError) as refused:
        for_server(parse(text), ours, UTC, NOW, None)
    assert str(refused.value).startswith(
        "--time-zone must be one whose hours the server can keep: it counts all its schedules in "
        f"UTC, and a schedule cannot have a zone of its own. Received: {zone}; {reason}"
    )
    assert str(refused.value).endswith(
        "Give the expression in UTC; or set CRON_SCHEDULE_TIMEZONE of the deployment "
        f"ml-pipeline-scheduledworkflow to {zone}, for all its schedules, and say so here by "
        f"KFP_CRON_TIME_ZONE={zone}."
    )


def test_zones_that_change_their_clocks_one_after_the_other():
    zones = [zoneinfo.ZoneInfo(name) for name in ("America/New_York", "America/Chicago")]
    with pytest.raises(ConfigurationError, match="change with their clocks"):
        for_server(parse("0 0 3 * * 1"), *zones, NOW, None)


def test_a_schedule_that_ends_before_the_clocks_change():
    end = datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    assert for_server(parse("0 0 3 * * 1"), berlin, UTC, NOW, end).text == "0 0 2 * * 1"


def test_a_shift_over_midnight():
    shifted = shift(parse("0 30 23 * * 6"), 60)
    assert shifted is not None
    assert shifted.text == "0 30 0 * * 0"
