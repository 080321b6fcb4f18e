import dataclasses
import math

import pytest

from components.release.release_gate import GateSettings, judge
from components.release.release_rules import ReleaseRules
from components.release.release_verdict import (
    AT_LEAST,
    FAILED,
    NOT_ENOUGH_EVIDENCE,
    PASSED,
    ModelVerdict,
    format_value,
    images_needed,
    make_check,
    read_verdict,
    write_verdict,
)
from tests.components.release.made_up import make_evidence


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.82801, "", "0.8280"),
        (-0.01, "", "-0.0100"),
        (3, "count", "3"),
        (12345.0, "count", "12,345"),
        (1.234, "ms", "1.23 ms"),
        (1234.5, "MB", "1,234 MB"),
        (20.0, "ms", "20 ms"),
    ],
)
def test_values(value, unit, text):
    assert format_value(value, unit) == text


def at_least(title, value, interval, bound):
    return make_check(
        title, title, value, bound, direction=AT_LEAST, interval=interval, method="Wilson"
    )


ACCURACY = at_least("Accuracy", 0.75, (0.7, 0.8), 0.72)
SIZE = make_check("model_size", "Size", 20.0, 10.0, unit="MB")
UNKNOWN = at_least("Recall of a", math.nan, (0.0, 1.0), 0.5)
ENDLESS = (-math.inf, math.inf)
LATENCY = make_check("latency", "Latency", 5.0, 9.0, interval=ENDLESS, method="order", unit="ms")


def test_words():
    assert (ACCURACY.measured, ACCURACY.interval) == (
        "0.7500 (0.7000 to 0.8000)",
        "0.7000 to 0.8000",
    )
    assert (SIZE.measured, SIZE.interval, SIZE.threshold) == ("20 MB", "", "at most 10 MB")
    assert UNKNOWN.measured == "not to be measured"
    assert LATENCY.measured == "5 ms (unknown to unknown)"


@pytest.mark.parametrize(
    ("check", "outcome", "is_met_by_value"),
    [
        (at_least("a", 0.9, (0.8, 1.0), 0.8), PASSED, True),
        (at_least("a", 0.9, (0.8, 1.0), 0.85), NOT_ENOUGH_EVIDENCE, True),
        (at_least("a", 0.9, (0.8, 1.0), 0.95), NOT_ENOUGH_EVIDENCE, False),
        (at_least("a", 0.7, (0.6, 0.79), 0.8), FAILED, False),
        # What was computed twice must not violate its own threshold.
        (at_least("a", 0.8 - 1e-9, (0.8 - 1e-9, 0.9), 0.8), PASSED, True),
        (UNKNOWN, NOT_ENOUGH_EVIDENCE, False),
        (SIZE, FAILED, False),
        (make_check("size", "Size", 10.0, 10.0), PASSED, True),
        (LATENCY, NOT_ENOUGH_EVIDENCE, True),
    ],
)
def test_outcomes(check, outcome, is_met_by_value):
    assert (check.outcome, check.is_met_by_value) == (outcome, is_met_by_value)


@pytest.mark.parametrize(
    ("check", "images", "needed"),
    [
        # The interval reaches 0.05 down, and 0.03 would do: (5 / 3) ** 2 times the images.
        (ACCURACY, 100, 280),
        (ACCURACY, 1000, 2800),
        # No number of images makes that a pass.
        (at_least("a", 0.7, (0.6, 0.8), 0.72), 100, None),
        (at_least("a", 0.72, (0.6, 0.8), 0.72), 100, None),
        (at_least("a", 0.72001, (0.6, 0.8), 0.72), 100, None),
        (UNKNOWN, 0, None),
        (LATENCY, 100, None),
    ],
)
def test_how_many_images_would_be_enough(check, images, needed):
    assert images_needed(check, images) == needed


def test_advice_names_a_number_that_is_noticeably_larger():
    """Fault D14: of 88 images, "about 89 would be" enough."""
    barely = at_least("Accuracy", 0.8, (0.6995, 0.88), 0.7)
    assert images_needed(barely, 88) == 97


REFUSED = ModelVerdict(False, "Refused: recall is low.", (), 10, "", "", "refuse", 0.95)


@pytest.mark.parametrize(
    ("changes", "headline", "explanation"),
    [
        ({}, "Refused", "Recall is low."),
        ({"sentence": ""}, "Refused", ""),
        (
            {"sentence": "Refused, by the measured values alone: x."},
            "Refused",
            "Refused, by the measured values alone: x.",
        ),
        (
            {
                "sentence": "Pushed by force (It is urgent). Without that: Refused: recall is low.",
                "force_push": "It is urgent",
            },
            "Refused, but pushed by force",
            "Recall is low.",
        ),
        (
            {"is_released": True, "sentence": "Released: all.", "force_push": "x"},
            "Released",
            "All.",
        ),
    ],
)
def test_nothing_is_said_twice(changes, headline, explanation):
    verdict = dataclasses.replace(REFUSED, **changes)
    assert (verdict.headline, verdict.explanation) == (headline, explanation)


def test_survives_its_file(tmp_path):
    rules = ReleaseRules(min_recall=0.5)
    verdict = judge(make_evidence(100, 50, 40), GateSettings(rules), baseline="3")
    # The class dog has no test images: NaN is not equal to itself, and is not JSON.
    write_verdict(verdict, str(tmp_path))
    again = read_verdict(str(tmp_path))
    assert repr(again) == repr(verdict)
    assert "NaN" not in (tmp_path / "release_verdict.json").read_text()
