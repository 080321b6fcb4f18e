import numpy as np
import pytest

from components.validation.drift import (
    CATEGORIES,
    COMPARISONS,
    NUMBERS,
    SetComparison,
    allowed_for_all_proportions,
    allowed_for_numbers,
    allowed_for_one_proportion,
    find_shifts,
)
from components.validation.validation_rules import ValidationRules
from tests.components.validation.small_data import write_statistics

DRIFT = SetComparison("drift", "train", "in the last pushed run")
RULES = ValidationRules()
ALL = ValidationRules(smallest_class_shift=0, smallest_feature_shift=0)
EVEN = np.linspace(0, 1, 101)


def _numbers(images, values, key="image/brightness"):
    return write_statistics(images, numbers={key: [float(value) for value in values]})


def _classes(*counts):
    by_class = {f"c{number}": count for number, count in enumerate(counts)}
    return write_statistics(sum(counts), {"image/class/text": by_class})


def test_what_is_compared():
    assert CATEGORIES == ("image/format", "image/class/text", "image/treatment", "image/channels")
    assert NUMBERS == (
        "image/height",
        "image/width",
        "image/bytes",
        "image/aspect_ratio",
        "image/brightness",
        "image/contrast",
        "image/sharpness",
        "image/entropy",
    )
    assert COMPARISONS == (8 + 2 * 4) * (3 + 2)


@pytest.mark.parametrize(
    ("images", "others", "numbers", "one_of_ten", "all_of_ten"),
    [
        (500, 500, 0.1748, 0.1114, 0.2452),
        (400, 50, 0.3873, 0.3539, 0.5814),
        (100_000, 100_000, 0.1, 0.05, 0.05),
    ],
)
def test_small_sets_may_differ_more(images, others, numbers, one_of_ten, all_of_ten):
    assert allowed_for_numbers(images, others, RULES) == pytest.approx(numbers, abs=1e-3)
    one = allowed_for_one_proportion(images, others, 0.1, 10, RULES)
    assert one == pytest.approx(one_of_ten, abs=1e-3)
    assert allowed_for_all_proportions(images, others, 10, RULES) == pytest.approx(
        all_of_ten, abs=1e-3
    )


def test_darker_images():
    (finding,) = find_shifts(_numbers(1_000, EVEN**2), _numbers(1_000, EVEN), DRIFT, RULES)
    assert str(finding) == (
        "image/brightness in train: 50.0% of the images have at most 0.25, in the last "
        "pushed run it is 25.0%; the mean is 0.335, in the last pushed run 0.5 (a "
        "difference of up to 12.9% is allowed)"
    )
    assert finding.kind == "drift"


def test_the_same_change_in_few_images_may_be_chance():
    assert find_shifts(_numbers(100, EVEN**2), _numbers(100, EVEN), DRIFT, RULES) == []


@pytest.mark.parametrize("rules", [ALL, RULES])
def test_equal_sets_do_not_differ(rules):
    statistics = _numbers(10**6, EVEN)
    assert find_shifts(statistics, statistics, DRIFT, rules) == []
    assert find_shifts(_classes(500, 500), _classes(500, 500), DRIFT, rules) == []


def test_a_small_change_of_many_images_is_not_reported_unless_wanted():
    new, old = _numbers(10**6, EVEN * 0.95), _numbers(10**6, EVEN)
    assert find_shifts(new, old, DRIFT, RULES) == []
    assert len(find_shifts(new, old, DRIFT, ALL)) == 1


def test_one_size_that_became_another():
    new = _numbers(500, [32, 32], "image/width")
    old = _numbers(500, [28, 28], "image/width")
    (finding,) = find_shifts(new, old, SetComparison("skew", "test", "in train"), RULES)
    assert finding.text.startswith(
        "0.0% of the images have at most 28, in train it is 100.0%; the mean is 32, in train 28"
    )


def test_a_class_that_grew():
    new, old = _classes(4_000, 3_000, 3_000), _classes(2_000, 4_000, 4_000)
    (finding,) = find_shifts(new, old, SetComparison("skew", "eval", "in train"), RULES)
    assert finding.text == (
        "'c0' are 40.0% of the images, in train 20.0% (a change of up to 5.0% is allowed), 'c1' "
        "are 30.0% of the images, in train 40.0% (a change of up to 5.0% is allowed), 'c2' are "
        "30.0% of the images, in train 40.0% (a change of up to 5.0% is allowed); in all, 20.0% "
        "of the images would have to be of another value to be as in train (up to 5.0% is allowed)"
    )


def test_a_class_that_nearly_vanished():
    new, old = _classes(15, *[165] * 9), _classes(*[165] * 10)
    (finding,) = find_shifts(new, old, DRIFT, RULES)
    assert finding.text.startswith(
        "'c0' are 1.0% of the images, in the last pushed run 10.0% (a change of up to 5.0% is "
        "allowed); in all, 9.0% of the images would have to be of another value to be as in the "
        "last pushed run (up to 13.8% is allowed)"
    )


def test_many_classes_that_changed_a_little():
    old = [500] * 100
    new = [700] * 50 + [300] * 50
    (finding,) = find_shifts(_classes(*new), _classes(*old), DRIFT, RULES)
    assert "20.0% of the images would have to be of another value" in finding.text
    assert finding.text.count("'c") == 3


def test_a_new_class_and_a_vanished_one_change_the_proportions():
    new = write_statistics(1_000, {"image/class/text": {"a": 500, "b": 500}})
    old = write_statistics(1_000, {"image/class/text": {"a": 500, "c": 500}})
    (finding,) = find_shifts(new, old, DRIFT, RULES)
    assert finding.text.startswith("'b' are 50.0% of the images, in the last pushed run")


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (write_statistics(0), _classes(5, 5)),
        (_classes(5, 5), write_statistics(0)),
        (_classes(500, 500), _numbers(1_000, EVEN)),
        (write_statistics(9, {"image/format": {}}), write_statistics(9, {"image/format": {}})),
    ],
    ids=["no images", "no images before", "other features", "no values"],
)
def test_nothing_to_compare(new, old):
    assert find_shifts(new, old, DRIFT, ALL) == []


def test_features_may_be_left_out():
    new, old = _classes(900, 100), _classes(100, 900)
    assert find_shifts(new, old, DRIFT, RULES, frozenset(["image/class/text"])) == []


def _sample(random, images):
    """Images of one origin: even classes, an even number, one with ties and one with a tail."""
    counts = random.multinomial(images, [0.1] * 10)
    numbers = {
        "image/brightness": random.uniform(size=images),
        "image/width": random.choice([400.0, 640.0], size=images),
        "image/sharpness": random.lognormal(6, 1.2, size=images),
    }
    ranks = np.arange(101) * (images - 1) // 100
    return write_statistics(
        images,
        {"image/class/text": {str(number): count for number, count in enumerate(counts)}},
        {key: np.sort(values)[ranks].tolist() for key, values in numbers.items()},
    )


@pytest.mark.parametrize("images", [500, 5_000])
def test_sets_of_one_origin_do_not_differ(images):
    random = np.random.default_rng(images)
    rules = ValidationRules(
        smallest_class_shift=0, smallest_feature_shift=0, false_alarm_rate=0.001
    )
    alarms = sum(
        len(find_shifts(_sample(random, images), _sample(random, images // 8), DRIFT, rules))
        for _ in range(50)
    )
    assert alarms == 0
