import dataclasses

import numpy as np
import pytest

from components.serving.infra_validator.asking import Answer
from components.serving.infra_validator.naming import find_naming_problem, find_renaming

NAMES = tuple("abcdef")
GOOD = Answer(
    probabilities=np.array([[0.1, 0.4, 0.2, 0.15, 0.05, 0.1]]),
    class_names=NAMES,
    top_class=("b",),
    top_k_classes=(("b", "c", "d", "f", "a"),),
    top_k_probabilities=np.array([[0.4, 0.2, 0.15, 0.1, 0.1]]),
)
TOP_K = "Its top_k_classes must be the 5 most probable classes, in their order. Received: others."


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        # Equally probable classes may come in any order.
        ({"top_k_classes": (("b", "c", "d", "a", "f"),)}, ""),
        ({"class_names": NAMES[:5]}, "It must name each of its 6 classes. Received: 5 names."),
        (
            {"top_class": ("c",)},
            "Its top_class must be the most probable class. Received: another one.",
        ),
        (
            {"top_class": ("unknown",)},
            "Its top_class must be the most probable class. Received: another one.",
        ),
        ({"top_k_classes": (("c", "b", "d", "a", "f"),)}, TOP_K),
        ({"top_k_classes": (("b", "c", "d", "a"),)}, TOP_K),
        ({"top_k_classes": ()}, TOP_K),
        (
            {"top_k_probabilities": np.array([[0.4, 0.2, 0.15, 0.1, 0.05]])},
            "Its top_k_probabilities must be those of top_k_classes. Received: others.",
        ),
        ({"probabilities": None}, ""),
        ({"probabilities": np.zeros((0, 0))}, ""),
    ],
)
def test_names_and_probabilities(changes, problem):
    assert find_naming_problem(dataclasses.replace(GOOD, **changes)) == problem


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (NAMES, ""),
        (NAMES[:5], "It must have the 5 classes of the evaluation. Received: 6."),
        (
            ("a", "b", "x\n", "d", "e", "f"),
            "It must name the classes as the evaluation does. Received: c instead of x\\n as class "
            "2.",
        ),
    ],
)
def test_names_of_the_evaluation(names, problem):
    assert find_renaming(GOOD, names) == problem
