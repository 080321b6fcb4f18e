import math

import pytest

from components.release.outcomes import check_at_least, check_at_most, check_exact
from components.release.wording import bound, broken, format_value, images_needed, measured, unsure


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


ACCURACY = check_at_least("accuracy", "Accuracy", 0.75, (0.7, 0.8), 0.72, "Wilson")
SIZE = check_exact("model_size", "Size", 20.0, 10.0, unit="MB")
UNKNOWN = check_at_least("recall/a", "Recall of a", math.nan, (0.0, 1.0), 0.5, "Wilson")
LATENCY = check_at_most("latency", "Latency", 5.0, (-math.inf, math.inf), 9.0, "order", unit="ms")


def test_words():
    assert measured(ACCURACY) == "0.7500 (0.7000 to 0.8000)"
    assert measured(SIZE) == "20 MB"
    assert measured(UNKNOWN) == "not to be measured"
    assert measured(LATENCY) == "5 ms (unknown to unknown)"
    assert bound(SIZE) == "at most 10 MB"
    assert broken(ACCURACY) == "accuracy must be at least 0.7200 and is 0.7500 (0.7000 to 0.8000)"
    assert unsure(UNKNOWN) == "recall of a is at least 0.5000: it is not to be measured"
    count = check_exact("problems", "Problems", 2, 0, "It hangs. It lies.", "count")
    assert broken(count) == "problems: 2 (It hangs. It lies)"
    assert broken(check_exact("problems", "Problems", 2, 0, unit="count")) == "problems: 2"


@pytest.mark.parametrize(
    ("check", "images", "needed"),
    [
        # The interval reaches 0.05 down, and 0.03 would do: (5 / 3) ** 2 times the images.
        (ACCURACY, 100, 280),
        (ACCURACY, 1000, 2800),
        # No number of images makes that a pass.
        (check_at_least("a", "A", 0.7, (0.6, 0.8), 0.72, "Wilson"), 100, None),
        (check_at_least("a", "A", 0.72, (0.6, 0.8), 0.72, "Wilson"), 100, None),
        (check_at_least("a", "A", 0.72001, (0.6, 0.8), 0.72, "Wilson"), 100, None),
        (UNKNOWN, 0, None),
        (LATENCY, 100, None),
    ],
)
def test_how_many_images_would_be_enough(check, images, needed):
    assert images_needed(check, images) == needed


def test_advice_names_a_number_that_is_noticeably_larger():
    """Fault D14: of 88 images, "about 89 would be" enough."""
    barely = check_at_least("accuracy", "Accuracy", 0.8, (0.6995, 0.88), 0.7, "Wilson")
    assert images_needed(barely, 88) == 97
