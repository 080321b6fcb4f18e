"""Whether the names of classes in an answer fit its probabilities, and the evaluation."""

from collections.abc import Sequence

import numpy as np

from components.features import TOP_K
from components.serving.infra_validator.asking import Answer
from components.text import escape_unprintable


def find_naming_problem(answer: Answer) -> str:
    """What is wrong with the names in an answer, in a sentence; empty if nothing is.

    Args:
        answer: With probabilities; they are numbers.
    """
    found = answer.probabilities
    if found is None or not len(found):
        return ""
    if len(answer.class_names) != found.shape[1]:
        return (
            f"It must name each of its {found.shape[1]} classes. Received: "
            f"{len(answer.class_names)} names."
        )
    ranked = -np.sort(-found, axis=1)
    if not _are_of(found, answer, [(name,) for name in answer.top_class], ranked[:, :1]):
        return "Its top_class must be the most probable class. Received: another one."
    ranked = ranked[:, :TOP_K]
    if not _are_of(found, answer, answer.top_k_classes, ranked):
        return (
            f"Its top_k_classes must be the {ranked.shape[1]} most probable classes, in their "
            "order. Received: others."
        )
    if not np.array_equal(np.asarray(answer.top_k_probabilities), ranked):
        return "Its top_k_probabilities must be those of top_k_classes. Received: others."
    return ""


def find_renaming(answer: Answer, class_names: Sequence[str]) -> str:
    """Whether an answer names the classes in another way than the evaluation, in a sentence.

    Args:
        answer: With names.
        class_names: The evaluation's.
    """
    if len(answer.class_names) != len(class_names):
        return (
            f"It must have the {len(class_names)} classes of the evaluation. Received: "
            f"{len(answer.class_names)}."
        )
    for place, names in enumerate(zip(answer.class_names, class_names, strict=True)):
        given, expected = names
        if given != expected:
            return (
                "It must name the classes as the evaluation does. Received: "
                f"{escape_unprintable(given)} instead of {escape_unprintable(expected)} "
                f"as class {place}."
            )
    return ""


def _are_of(
    found: np.ndarray, answer: Answer, names: Sequence[Sequence[str]], expected: np.ndarray
) -> bool:
    """Whether named classes, [images, k], have the expected probabilities, float [images, k].

    Compared by their probabilities, since equal ones may come in any order.
    """
    places = {name: place for place, name in enumerate(answer.class_names)}
    chosen = [[places.get(name, -1) for name in row] for row in names]
    if [len(row) for row in chosen] != [expected.shape[1]] * len(found):
        return False
    positions = np.array(chosen, np.int64)
    given = np.take_along_axis(found, positions, axis=1)
    return bool((positions >= 0).all()) and np.array_equal(given, expected)
