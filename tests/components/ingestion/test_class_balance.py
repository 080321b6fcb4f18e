import math
import random

import pytest

from components.ingestion.class_balance import check_balance, surprise


def details(images) -> list[str]:
    return [finding.detail for finding in check_balance(images)]


def test_equal_mixtures_are_fine():
    assert details({"train": {"a": 800, "b": 400}, "test": {"a": 100, "b": 50}}) == []


def test_a_different_mixture_is_named():
    [finding] = check_balance({"train": {"a": 500, "b": 500}, "test": {"a": 90, "b": 30}})
    assert finding.detail == (
        "the classes of test differ from those of train: a 75.0% against 50.0%, "
        "b 25.0% against 50.0%"
    )
    assert (finding.class_texts, finding.splits) == (("a", "b"), ("test", "train"))


def test_a_small_difference_of_a_large_set_is_fine():
    train, test = {"a": 500_000, "b": 500_000}, {"a": 53_000, "b": 47_000}
    assert surprise(train, test) > 10
    assert details({"train": train, "test": test}) == []


def test_few_images_and_none_in_a_split():
    images = {"train": {"a": 1, "b": 90, "c": 80}, "eval": {"a": 0, "b": 10, "c": 11}}
    assert details(images) == ["1 image: 1 in train, 0 in eval"]
    [finding] = check_balance(images)
    assert (finding.class_texts, finding.splits, finding.filenames) == (("a",), ("eval",), ())


def test_a_class_without_any_image():
    assert details({"train": {"a": 0, "b": 30}}) == ["0 images: 0 in train"]
    assert list(check_balance({})) == []


def test_random_splits_are_not_reported():
    """Golden: of 300 small sets that are split at random, none."""
    chance = random.Random(0)
    reported = 0
    for _ in range(300):
        names = [f"class {number}" for number in range(chance.choice([2, 10, 50]))]
        images = {split: dict.fromkeys(names, 0) for split in ("train", "test")}
        for _ in range(chance.choice([100, 400])):
            images[chance.choice(["train"] * 4 + ["test"])][chance.choice(names)] += 1
        reported += any("differ" in detail for detail in details(images))
    assert reported == 0


def test_surprise_is_that_of_the_chi_square_test():
    # scipy.stats.chi2_contingency([[30, 20], [20, 30]], correction=False): p 0.0455, one-sided
    # 1.690 standard deviations.
    assert surprise({"a": 30, "b": 20}, {"a": 20, "b": 30}) == pytest.approx(1.69, abs=0.05)


@pytest.mark.parametrize(
    ("first", "second"), [({"a": 3}, {"b": 2}), ({"a": 1}, {"b": 100}), ({"a": 9}, {"a": 9})]
)
def test_too_little_to_tell(first, second):
    assert surprise(first, second) == -math.inf
