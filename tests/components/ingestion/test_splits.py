import collections
import hashlib

import pytest

from components.ingestion.splits import (
    choose_common_split,
    choose_split,
    plan_splits,
    strictest,
)

WEIGHTS = {"train": 8, "eval": 1, "test": 1}


@pytest.mark.parametrize(
    ("given_splits", "expected"),
    [
        ((), {None: {"train": 8, "eval": 1, "test": 1}}),
        (
            ("eval", "test", "train"),
            {"eval": {"eval": 1}, "test": {"test": 1}, "train": {"train": 1}},
        ),
        (("eval", "train"), {"eval": {"eval": 1, "test": 1}, "train": {"train": 1}}),
        (("test", "train"), {"test": {"test": 1}, "train": {"train": 8, "eval": 1}}),
    ],
)
def test_plan_splits(given_splits, expected):
    assert plan_splits(given_splits, WEIGHTS) == expected


def test_a_missing_split_is_cut_in_the_proportion_of_the_weights():
    weights = {"train": 70, "eval": 10, "test": 20}
    assert plan_splits(("eval", "train"), weights)["eval"] == {"eval": 10, "test": 20}
    assert plan_splits(("test", "train"), weights)["train"] == {"train": 70, "eval": 10}


@pytest.mark.parametrize(
    ("content", "weights", "expected"),
    [
        (b"", WEIGHTS, "test"),
        (b"a", WEIGHTS, "test"),
        (b"b", WEIGHTS, "train"),
        (b"c", WEIGHTS, "eval"),
        (b"d", WEIGHTS, "train"),
        (b"d", {"eval": 1, "test": 1}, "eval"),
        (b"a", {"eval": 1, "test": 1}, "test"),
        (b"d", {"test": 1}, "test"),
    ],
)
def test_choose_split_by_content(content, weights, expected):
    assert choose_split(hashlib.sha256(content).hexdigest(), weights) == expected


def test_choose_split_at_the_borders():
    chosen = [choose_split(f"{position:x}", WEIGHTS) for position in range(11)]
    assert chosen == ["train"] * 8 + ["eval", "test", "train"]


def test_choose_split_keeps_the_proportion():
    digests = (hashlib.sha256(f"{number}".encode()).hexdigest() for number in range(2000))
    counts = collections.Counter(choose_split(digest, WEIGHTS) for digest in digests)
    assert counts == {"train": 1596, "eval": 205, "test": 199}


def test_choose_split_never_chooses_a_split_without_weight():
    chosen = {
        choose_split(f"{position:x}", {"train": 2, "eval": 0, "test": 1}) for position in range(9)
    }
    assert chosen == {"train", "test"}


def test_choose_split_refuses_negative_weights():
    with pytest.raises(ValueError, match="positive") as caught:
        choose_split("3", {"train": -1})
    assert str(caught.value) == "Weights must be positive. Received: {'train': -1}."


A, B, C = ("1" * 64, "9" * 64, "8" * 64)
FLAT = {None: WEIGHTS}
GIVEN = {"train": {"train": 1}, "eval": {"eval": 1, "test": 1}}


@pytest.mark.parametrize(
    ("units", "given", "earlier", "plan", "expected"),
    [
        # The smallest digest decides, whatever the order.
        ([A, B], [None, None], None, FLAT, choose_split(A, WEIGHTS)),
        ([B, A, C], [None], None, FLAT, choose_split(A, WEIGHTS)),
        # What was there before stays, whatever came.
        ([A, B], [None, None], "test", FLAT, "test"),
        ([A, B], [None, None], "train", FLAT, "train"),
        # The owner's strictest split counts, and an earlier one within it.
        ([A], ["train", "test"], None, {"train": {"train": 1}, "test": {"test": 1}}, "test"),
        ([A], ["train", "eval"], "train", GIVEN, choose_split(A, GIVEN["eval"])),
        ([A], ["train", "eval"], "test", GIVEN, "test"),
        # A group's name is digested first: sha256("group:patient 7").
        (["group:patient 7"], [None], None, FLAT, "train"),
    ],
)
def test_choose_common_split(units, given, earlier, plan, expected):
    assert choose_common_split(units, given, earlier, plan) == expected


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (["train", "eval"], "eval"),
        (["test", "eval", "train"], "test"),
        (["train", None], "train"),
        ([None], None),
        ([], None),
    ],
)
def test_strictest(splits, expected):
    assert strictest(splits) == expected
