import math

import pytest

from components.release.verdict import FAILED
from components.reporting.wording import (
    explain,
    format_bytes,
    format_measure,
    format_percent,
    format_ratio,
    format_seconds,
    headline,
)
from tests.components.reporting.made_up import make_check, make_verdict


@pytest.mark.parametrize(
    ("value", "expected"), [(0.5, "0.5000"), (-0.01234, "-0.0123"), (math.nan, "unknown")]
)
def test_ratio(value, expected):
    assert format_ratio(value) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.5, "", "0.5000"),
        (12.345, "MB", "12.3 MB"),
        (3.0, "count", "3"),
        (math.inf, "ms", "unknown"),
        (math.nan, "MB", "unknown"),
    ],
)
def test_measure(value, unit, expected):
    assert format_measure(value, unit) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0 %"),
        (0.00001, "< 0.01 %"),
        (0.005, "0.50 %"),
        (0.5, "50 %"),
        (0.99999, "99.99 %"),
        (1.0, "100 %"),
        (math.nan, "unknown"),
    ],
)
def test_percent_never_says_more_than_is_known(value, expected):
    assert format_percent(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(999, "999 bytes"), (1_500, "1.5 kB"), (9_412_332, "9.4 MB"), (3 * 10**15, "3000.0 TB")],
)
def test_bytes(value, expected):
    assert format_bytes(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.123, "0.12 s"), (59.94, "59.9 s"), (3661.0, "61 min 1 s")]
)
def test_seconds(value, expected):
    assert format_seconds(value) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Refused: recall is low.", "Recall is low."),
        ("Refused, by the measured values alone: x.", "Refused, by the measured values alone: x."),
        ("", ""),
    ],
)
def test_the_word_is_not_said_twice(sentence, expected):
    verdict = make_verdict([make_check(outcome=FAILED)], sentence=sentence)
    assert explain(verdict) == expected


def test_a_forced_push_is_said_above_and_its_reason_below():
    verdict = make_verdict(
        [make_check(outcome=FAILED)],
        sentence="Pushed by force (It is urgent). Without that: Refused: recall is low.",
        force_push="It is urgent",
    )
    assert headline(verdict) == "Refused, but pushed by force"
    assert explain(verdict) == "Recall is low."


@pytest.mark.parametrize(("force_push", "expected"), [("", "Released"), ("x", "Released")])
def test_the_headline_of_a_released_model(force_push, expected):
    assert headline(make_verdict(force_push=force_push)) == expected


def test_the_headline_of_a_refused_model():
    assert headline(make_verdict([make_check(outcome=FAILED)])) == "Refused"
